public import LedgerProtocol
public import Mifare
public import Platform

/// The seam to who may activate: the ledger when it answers in time, the signed roster when it does not.
public protocol PermitAuthority: AnyObject {
    /// May the card `uid`, whose old application names `holderNumber`, be activated? Blocks until `deadline` at most.
    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision
}

/// What a ``PermitAuthority`` says.
public enum PermitDecision: Sendable, Hashable {
    /// The card may stand for this account; the balance, in fen, where it is known.
    case granted(Grant, balance: Fen?)
    /// The account is already active on this very card.
    case alreadyActive(Grant)
    /// It may not.
    case refused(Refusal)
}

/// The account that a card is to stand for, and who said so.
public struct Grant: Sendable, Hashable {
    /// The account number.
    public var account: UInt64
    /// Which card of that account this is.
    public var cardSerial: UInt32
    /// Who said so.
    public var source: PermitSource
    /// The roster that said so, 0 when the ledger did.
    public var rosterVersion: UInt64

    /// A grant with these fields.
    public init(account: UInt64, cardSerial: UInt32, source: PermitSource, rosterVersion: UInt64) {
        self.account = account
        self.cardSerial = cardSerial
        self.source = source
        self.rosterVersion = rosterVersion
    }
}

/// The seam to the journal, as far as an activation needs it. Both calls return only when the record is durable.
public protocol ActivationJournal: AnyObject {
    /// Makes `intent` durable and returns its sequence.
    func append(_ intent: ActivationIntent) throws(JournalUnavailable) -> UInt64
    /// Makes `outcome` durable and returns its sequence.
    func append(_ outcome: ActivationOutcome) throws(JournalUnavailable) -> UInt64
}

/// The journal takes no more records: the terminal is out of service.
public struct JournalUnavailable: Error, Sendable, Hashable {
    /// What the journal said.
    public let reason: String

    /// The journal said `reason`.
    public init(reason: String) { self.reason = reason }
}
