public import Mifare
public import Platform

/// Why an order is not carried out. Nobody pays, and what the card may spend has not changed.
public enum SaleRefusal: String, Sendable, Hashable, CaseIterable {
    /// Not a card of this campus, or one that was never activated.
    case notActivated = "not-activated"
    /// The card's record reads as nothing that we wrote.
    case cardDamaged = "card-damaged"
    /// The holder reported it lost (挂失).
    case reportedLost = "reported-lost"
    /// No account of the card's number is open.
    case noAccount = "no-account"
    /// The account is closed.
    case accountClosed = "account-closed"
    /// The account has another card now.
    case cardReplaced = "card-replaced"
    /// The balance does not cover it.
    case balanceTooLow = "balance-too-low"
    /// The ledger does not answer, and what the card may spend without it does not cover it.
    case allowanceTooLow = "allowance-too-low"
    /// It is more than one sale may be.
    case overSaleLimit = "over-sale-limit"
    /// The hotlist is too old for a sale of this size without the ledger's word.
    case hotlistTooOld = "hotlist-too-old"
    /// The holder has spent what may be spent in a day.
    case overDayLimit = "over-day-limit"
    /// The holder has spent what may be spent in this meal.
    case overMealLimit = "over-meal-limit"
    /// It takes the six digits, and only the ledger can tell whether they are right.
    case pinNeedsNetwork = "pin-needs-network"
    /// The six digits are wrong.
    case pinWrong = "pin-wrong"
    /// They were wrong too often.
    case pinLocked = "pin-locked"
    /// This card has just paid.
    case justPaid = "just-paid"
    /// Another card began this; that one has to be shown.
    case anotherCard = "another-card"
    /// Two cards are on the reader.
    case twoCards = "one-card-only"
    /// The sale was taken back before, or is none of this terminal's.
    case notVoidable = "not-voidable"
    /// Nothing is asked for, or somebody else has paid it: the next amount comes first.
    case noOrder = "no-order"
    /// The card was used as often as its record can count, 2^24 times.
    case cardWornOut = "card-worn-out"
    /// What was scanned is no payment code of this campus.
    case codeNotOurs = "code-not-ours"
    /// What was scanned is not whole.
    case codeIncomplete = "code-incomplete"
    /// The code's minute is over, or has not begun.
    case codeExpired = "code-expired"
    /// The code was used before.
    case codeUsed = "code-used"
    /// Codes of this account have spent here what they may without the ledger.
    case codeOverCap = "code-over-cap"
    /// The face does not fit well enough, or not for this amount.
    case faceNotTaken = "face-not-taken"
}

/// What one holder paid, or got back.
public struct SaleReceipt: Sendable, Hashable {
    /// How much.
    public var amount: Fen
    /// How much of it the subsidy paid, as far as the ledger said so before.
    public var subsidy: Fen
    /// The balance afterwards; `nil`: the ledger was not asked, or did not say.
    public var balance: Fen?
    /// What the card may still spend without the ledger; `nil`: paid by code or face.
    public var allowance: Fen?
    /// The sequence of its record.
    public var sequence: UInt64
    /// Whether the ledger had agreed before.
    public var isAuthorized: Bool

    /// A receipt.
    public init(
        amount: Fen, subsidy: Fen = .zero, balance: Fen? = nil, allowance: Fen? = nil, sequence: UInt64,
        isAuthorized: Bool = false
    ) {
        self.amount = amount
        self.subsidy = subsidy
        self.balance = balance
        self.allowance = allowance
        self.sequence = sequence
        self.isAuthorized = isAuthorized
    }
}

/// How one tap, code or face ended.
public enum SaleEnding: Sendable, Hashable {
    /// The holder has paid; said only when its record is durable.
    case paid(SaleReceipt)
    /// The holder had paid this order before: an earlier tap has done it.
    case paidBefore(SaleReceipt)
    /// An earlier sale was taken back.
    case voided(SaleReceipt)
    /// Money was given back.
    case refunded(SaleReceipt)
    /// Nothing was asked for: the card's holder sees what there is; the balance where the ledger told it.
    case shown(balance: Fen?, allowance: Fen)
    /// In practice it would have been paid; nothing was written.
    case practised(Fen)
    /// It was refused.
    case refused(SaleRefusal)
    /// The holder's six digits are needed.
    case pinNeeded
    /// The card left before anything was written.
    case leftUntouched
    /// The card left while it was written: its next tap tells.
    case inDoubt
    /// This terminal can keep no record, and so may sell nothing; the reason is for the technician.
    case outOfService(String)
}

/// What a tap did, for the timeline and the log. No key, no digits, no full number.
public struct SaleReport: Sendable, Hashable {
    /// How it ended.
    public var ending: SaleEnding
    /// The order it was for.
    public var order: UInt64?
    /// The card, once it told its UID.
    public var uid: CardUID?
    /// What became of an earlier sale of this card that had been in doubt.
    public var settled: Settlement?
    /// APDUs that were sent.
    public var apdus: Int
    /// From the call to its return, in milliseconds.
    public var milliseconds: Int64

    /// What a card's sequence told of a sale that had been in doubt.
    public enum Settlement: String, Sendable, Hashable {
        /// It was made.
        case done
        /// It was not.
        case undone
        /// Others used the card since; the ledger will find out.
        case leftToLedger = "left-to-ledger"
    }

    /// A report of these parts.
    public init(
        ending: SaleEnding, order: UInt64?, uid: CardUID? = nil, settled: Settlement? = nil, apdus: Int = 0,
        milliseconds: Int64 = 0
    ) {
        self.ending = ending
        self.order = order
        self.uid = uid
        self.settled = settled
        self.apdus = apdus
        self.milliseconds = milliseconds
    }
}

/// A step of a sale that was reached.
public enum SaleStep: Sendable, Hashable {
    /// The card told its UID.
    case identified(CardUID)
    /// Our application was read: the card's sequence, and what it may spend.
    case read(sequence: UInt32, allowance: Fen)
    /// An earlier sale that was in doubt is settled.
    case settled(SaleReport.Settlement)
    /// The ledger was asked; `nil`: it did not answer in time.
    case asked(agreed: Bool?)
    /// The intent is durable under this sequence.
    case intentDurable(UInt64)
    /// The card holds the new record, read back.
    case written
    /// The outcome is durable under this sequence.
    case outcomeDurable(UInt64)
}
