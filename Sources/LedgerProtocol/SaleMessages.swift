extension LedgerPath {
    /// `POST`: would the ledger agree to this sale? ``SaleRequest`` → ``SaleAnswer``.
    public static let authorize = "/v1/sales/authorize"
}

/// A terminal asks whether the ledger would agree to a sale.
///
/// The answer is advice, and holds nothing: the sale is its record in the terminal's journal, and no other thing. Money
/// held here would have to be let go again by whoever may have gone away, or by a clock; and the goods are handed over
/// without the ledger anyway when it does not answer in time.
public struct SaleRequest: Codable, Sendable, Hashable {
    /// The terminal's number.
    public var terminal: UInt16
    /// What the holder pays with: 1 the card, 2 a payment code, 3 a face.
    public var medium: SaleMedium
    /// The card's UID in hexadecimal, 4, 7 or 10 bytes; with the medium `card`.
    public var uid: String?
    /// The account that is to pay.
    public var account: UInt64
    /// Which card of that account it is; with the medium `card`.
    public var cardSerial: UInt32
    /// The sequence that the card would have after this use.
    public var cardSequence: UInt32?
    /// What is to be paid, in fen.
    public var amountFen: UInt32
    /// When the terminal's day began, by its own clock, in milliseconds since 1970-01-01 UTC: the ledger then says what
    /// was spent since, and needs no time zone.
    public var dayStartMilliseconds: Int64?
    /// When the meal began, likewise.
    public var mealStartMilliseconds: Int64?
    /// The six digits that the holder has typed; a wrong one counts.
    ///
    /// They are nobody's to keep: neither side writes them anywhere, and ``description`` leaves them out.
    public var pin: String?

    /// A request with these fields.
    public init(
        terminal: UInt16, medium: SaleMedium, uid: String? = nil, account: UInt64, cardSerial: UInt32 = 0,
        cardSequence: UInt32? = nil, amountFen: UInt32, dayStartMilliseconds: Int64? = nil,
        mealStartMilliseconds: Int64? = nil, pin: String? = nil
    ) {
        self.terminal = terminal
        self.medium = medium
        self.uid = uid
        self.account = account
        self.cardSerial = cardSerial
        self.cardSequence = cardSequence
        self.amountFen = amountFen
        self.dayStartMilliseconds = dayStartMilliseconds
        self.mealStartMilliseconds = mealStartMilliseconds
        self.pin = pin
    }
}

extension SaleRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is asked, without the PIN and the card.
    public var description: String {
        "SaleRequest(terminal \(terminal), account \(account), \(amountFen) fen\(pin == nil ? "" : ", with a PIN"))"
    }

    /// The same.
    public var debugDescription: String { description }

    /// Nothing to be looked into: a dump would show the PIN.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What the ledger answers to a ``SaleRequest``.
public struct SaleAnswer: Codable, Sendable, Hashable {
    /// What the ledger thinks of the sale.
    public enum Decision: String, Codable, Sendable, CaseIterable {
        /// The balance covers what the subsidy does not.
        case approved
        /// It does not.
        case insufficient
        /// The holder has reported the card lost (挂失).
        case reportedLost = "reported-lost"
        /// No account of this number was opened.
        case unknownAccount = "unknown-account"
        /// The account is closed.
        case closed
        /// The card is not the one that the account has now.
        case wrongCard = "wrong-card"
        /// The PIN is wrong, or the account has none; which of the two is not told. Only where one was sent.
        case wrongPin = "wrong-pin"
        /// Too many PINs were wrong: none is looked at for a while. Only where one was sent.
        case pinLocked = "pin-locked"
    }

    /// What the ledger thinks of the sale.
    public var decision: Decision
    /// The account's balance in fen, where the terminal may say it: with `approved` and `insufficient`.
    public var balanceFen: Int64?
    /// What of the amount the subsidy would pay, in fen, before the balance; with `approved` and `insufficient`.
    public var subsidyFen: Int64?
    /// What the account has spent at canteens since the day began, as far as terminals have told, in fen; without this
    /// sale, and with `approved` and `insufficient` where the request names the day's start.
    public var spentTodayFen: Int64?
    /// The same since the meal began.
    public var spentMealFen: Int64?
    /// Whether the PIN that was sent is the account's; absent where none was sent, or none was looked at.
    public var pinAccepted: Bool?
    /// With `pin-locked`: until when no PIN is looked at, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public var pinLockedUntilMilliseconds: Int64?
    /// `true` when the books have a sale of this card with the same sequence already: one of the two cards is a copy. For
    /// the terminal to note, not to refuse.
    public var isSequenceUsed: Bool?
    /// The language in which to speak to the holder, as a language tag; absent where it is not known, or nobody has said.
    public var language: String?

    /// An answer with these fields.
    public init(
        decision: Decision, balanceFen: Int64? = nil, subsidyFen: Int64? = nil, spentTodayFen: Int64? = nil,
        spentMealFen: Int64? = nil, pinAccepted: Bool? = nil, pinLockedUntilMilliseconds: Int64? = nil,
        isSequenceUsed: Bool? = nil, language: String? = nil
    ) {
        self.decision = decision
        self.balanceFen = balanceFen
        self.subsidyFen = subsidyFen
        self.spentTodayFen = spentTodayFen
        self.spentMealFen = spentMealFen
        self.pinAccepted = pinAccepted
        self.pinLockedUntilMilliseconds = pinLockedUntilMilliseconds
        self.isSequenceUsed = isSequenceUsed
        self.language = language
    }
}
