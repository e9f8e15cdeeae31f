public import LedgerProtocol
public import Platform

/// What the cashier asks of the next card, code or face: one order is paid at most once, however often it is tapped.
public struct SaleOrder: Hashable, Sendable {
    /// What it is about.
    public enum Kind: Hashable, Sendable {
        /// The holder pays.
        case sale
        /// An earlier sale of this terminal is taken back whole.
        case void(MadeSale)
        /// Money is given back that is not the whole of one sale.
        case refund
    }

    /// Its number, used once in the life of the daemon.
    public let number: UInt64
    /// What it is about.
    public let kind: Kind
    /// How much; more than nothing but for a free meal.
    public let amount: Fen
    /// The meal it counts for; 0: none.
    public let meal: UInt16
    /// Who is at the till; 0: nobody signed in.
    public let operatorNumber: UInt16
    /// Whether it came by itself after the one before, as fixed prices do: then a card that pays twice in short time was
    /// most likely not lifted.
    public let isRepeating: Bool
    /// Whether it is practice: nothing is written anywhere.
    public let isTraining: Bool
    /// The holder's six digits, once they were asked for.
    public var pin: SecretDigits?

    /// An order.
    public init(
        number: UInt64, kind: Kind = .sale, amount: Fen, meal: UInt16 = 0, operatorNumber: UInt16 = 0,
        isRepeating: Bool = false, isTraining: Bool = false, pin: SecretDigits? = nil
    ) {
        self.number = number
        self.kind = kind
        self.amount = amount
        self.meal = meal
        self.operatorNumber = operatorNumber
        self.isRepeating = isRepeating
        self.isTraining = isTraining
        self.pin = pin
    }
}

/// Digits that nobody but the ledger is to see: they print as nothing.
public struct SecretDigits: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The digits themselves.
    public let digits: String

    /// Six digits; `nil` when `digits` are not six ASCII digits.
    public init?(_ digits: String) {
        guard digits.utf8.count == Self.length, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        self.digits = digits
    }

    /// How many there are.
    public static let length = 6

    /// Nothing of the digits.
    public var description: String { "••••••" }
    /// Nothing of the digits.
    public var debugDescription: String { description }
}

/// A sale that this terminal has made and may take back.
public struct MadeSale: Hashable, Sendable {
    /// The sequence of its outcome in the journal.
    public let sequence: UInt64
    /// The order it was made for; `nil`: in an earlier life of the daemon.
    public var order: UInt64?
    /// What it was paid with.
    public let medium: SaleMedium
    /// The card, empty for a code or a face.
    public let uid: [UInt8]
    /// The code's name; zero for a card or a face.
    public var codeHash: UInt64 = 0
    /// The account that paid.
    public let account: UInt64
    /// Which card of that account.
    public let cardSerial: UInt32
    /// What was paid.
    public let amount: Fen
    /// The meal it counts for.
    public let meal: UInt16
    /// When, by the wall clock, in milliseconds since 1970-01-01 UTC.
    public let wall: Int64
    /// When, on the boot-relative clock; `nil`: in an earlier life of the daemon.
    public let at: Instant?

    /// A sale.
    public init(
        sequence: UInt64, order: UInt64?, medium: SaleMedium, uid: [UInt8], account: UInt64, cardSerial: UInt32,
        amount: Fen,
        meal: UInt16, wall: Int64, at: Instant?
    ) {
        self.sequence = sequence
        self.order = order
        self.medium = medium
        self.uid = uid
        self.account = account
        self.cardSerial = cardSerial
        self.amount = amount
        self.meal = meal
        self.wall = wall
        self.at = at
    }
}
