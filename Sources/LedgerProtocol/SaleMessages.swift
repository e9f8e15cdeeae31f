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

    /// A request with these fields.
    public init(
        terminal: UInt16, medium: SaleMedium, uid: String? = nil, account: UInt64, cardSerial: UInt32 = 0,
        cardSequence: UInt32? = nil, amountFen: UInt32
    ) {
        self.terminal = terminal
        self.medium = medium
        self.uid = uid
        self.account = account
        self.cardSerial = cardSerial
        self.cardSequence = cardSequence
        self.amountFen = amountFen
    }
}

/// What the ledger answers to a ``SaleRequest``.
public struct SaleAnswer: Codable, Sendable, Hashable {
    /// What the ledger thinks of the sale.
    public enum Decision: String, Codable, Sendable, CaseIterable {
        /// The balance covers it.
        case approved
        /// The balance does not cover it.
        case insufficient
        /// The holder has reported the card lost (挂失).
        case reportedLost = "reported-lost"
        /// No account of this number was opened.
        case unknownAccount = "unknown-account"
        /// The account is closed.
        case closed
        /// The card is not the one that the account has now.
        case wrongCard = "wrong-card"
    }

    /// What the ledger thinks of the sale.
    public var decision: Decision
    /// The account's balance in fen, where the terminal may say it: with `approved` and `insufficient`.
    public var balanceFen: Int64?
    /// `true` when the books have a sale of this card with the same sequence already: one of the two cards is a copy. For
    /// the terminal to note, not to refuse.
    public var isSequenceUsed: Bool?

    /// An answer with these fields.
    public init(decision: Decision, balanceFen: Int64? = nil, isSequenceUsed: Bool? = nil) {
        self.decision = decision
        self.balanceFen = balanceFen
        self.isSequenceUsed = isSequenceUsed
    }
}
