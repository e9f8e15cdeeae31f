public import LedgerProtocol
public import Platform

/// The seam to the journal, as far as sales need it.
public protocol SaleJournal: AnyObject {
    /// Makes an intent durable and returns its sequence. It is refused while there is no room for what must follow it.
    func append(intent: SaleRecord) throws(SalesStopped) -> UInt64
    /// Makes an outcome durable and returns its sequence.
    func append(outcome: SaleRecord) throws(SalesStopped) -> UInt64
    /// Makes the beginning or the end of a shift durable.
    func append(shift: ShiftRecord) throws(SalesStopped)
}

/// The journal takes no more records: nothing can be sold.
public struct SalesStopped: Error, Sendable, Hashable {
    /// What the journal said.
    public let reason: String

    /// The journal said `reason`.
    public init(reason: String) { self.reason = reason }
}

/// The seam to lists, settings and the ledger's advice.
public protocol SaleAuthority: AnyObject {
    /// What one sale goes by, as it is now.
    func terms() -> SaleTerms
    /// Would the ledger agree? Blocks until `deadline` at most; `nil`: it did not answer, or is known not to.
    func ask(_ question: SaleQuestion, deadline: Instant) -> SaleAdvice?
}

/// What one sale goes by from beginning to end, whatever arrives meanwhile.
public struct SaleTerms: Sendable {
    /// The rules.
    public let rules: SalesRules
    /// The hotlist's version; 0: there is none.
    public let hotlistVersion: UInt32
    /// How long ago the hotlist was issued, in milliseconds; `nil`: there is none.
    public let hotlistAge: Int64?
    private let isListed: @Sendable (_ uid: [UInt8], _ account: UInt64) -> Bool

    /// Terms.
    ///
    /// - Parameter isListed: whether the hotlist has the card or the account; the UID is empty without a card.
    public init(
        rules: SalesRules, hotlistVersion: UInt32, hotlistAge: Int64?,
        isListed: @escaping @Sendable (_ uid: [UInt8], _ account: UInt64) -> Bool
    ) {
        self.rules = rules
        self.hotlistVersion = hotlistVersion
        self.hotlistAge = hotlistAge
        self.isListed = isListed
    }

    /// Whether the hotlist has the card, or the account that pays.
    public func isListed(uid: [UInt8], account: UInt64) -> Bool { isListed(uid, account) }
}

/// A sale that is about to be made, for the ledger to think about.
public struct SaleQuestion: Sendable, Hashable {
    /// What the holder pays with.
    public var medium: SaleMedium
    /// The card; empty without one.
    public var uid: [UInt8]
    /// The account that is to pay.
    public var account: UInt64
    /// Which card of that account.
    public var cardSerial: UInt32
    /// The sequence that the card would have afterwards; 0 without one.
    public var cardSequence: UInt32
    /// How much.
    public var amount: Fen
    /// The holder's six digits, where they were asked for.
    public var pin: SecretDigits?
    /// When the local day began, in milliseconds since 1970-01-01 UTC.
    public var dayStart: Int64
    /// When the meal began likewise; `nil`: none.
    public var mealStart: Int64?

    /// A question.
    public init(
        medium: SaleMedium, uid: [UInt8], account: UInt64, cardSerial: UInt32, cardSequence: UInt32, amount: Fen,
        pin: SecretDigits?, dayStart: Int64, mealStart: Int64?
    ) {
        self.medium = medium
        self.uid = uid
        self.account = account
        self.cardSerial = cardSerial
        self.cardSequence = cardSequence
        self.amount = amount
        self.pin = pin
        self.dayStart = dayStart
        self.mealStart = mealStart
    }
}

/// What the ledger thinks of a sale.
public enum SaleAdvice: Sendable, Hashable {
    /// Subsidy and balance cover it.
    case agreed(Agreement)
    /// It is against it.
    case refused(SaleRefusal)

    /// What the ledger knows of an account whose sale it agrees to.
    public struct Agreement: Sendable, Hashable {
        /// The balance before the sale.
        public var balance: Fen
        /// How much of the amount the subsidy pays.
        public var subsidy: Fen
        /// What the account has spent this day, as far as the ledger knows.
        public var spentToday: Fen
        /// What it has spent in this meal.
        public var spentMeal: Fen
        /// Whether the six digits were given and are right.
        public var isPinProved: Bool

        /// An agreement.
        public init(
            balance: Fen, subsidy: Fen = .zero, spentToday: Fen = .zero, spentMeal: Fen = .zero,
            isPinProved: Bool = false
        ) {
            self.balance = balance
            self.subsidy = subsidy
            self.spentToday = spentToday
            self.spentMeal = spentMeal
            self.isPinProved = isPinProved
        }
    }
}
