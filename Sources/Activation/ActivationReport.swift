public import Mifare
public import Platform

/// Why a card is not activated, although it could be read or the chip answered. The card is untouched.
public enum Refusal: String, Sendable, Hashable, CaseIterable {
    /// No account was opened for this holder.
    case noAccount = "no-account"
    /// The account is active on another card.
    case activeElsewhere = "active-elsewhere"
    /// The holder reported the card lost (挂失).
    case reportedLost = "reported-lost"
    /// Not a MIFARE Classic, or not a card of this campus: its keys are others.
    case unknownCard = "unknown-card"
    /// The old application names no holder.
    case unreadable = "card-unreadable"
    /// The ledger does not answer, and the roster is missing or too old to go by.
    case rosterTooOld = "roster-too-old"
    /// The days of activation are over; the card centre can still grant one.
    case activationClosed = "activation-closed"
    /// A second card came into the field.
    case twoCards = "one-card-only"
}

/// How one tap ended.
public enum ActivationEnding: Sendable, Hashable {
    /// The card became active in this tap, in the sector given.
    case activated(Grant, sector: Int, smallPurse: Fen?, balance: Fen?)
    /// The card had been active before.
    case alreadyActive(account: UInt64)
    /// It was refused; nothing on it changed.
    case refused(Refusal)
    /// It left before anything was written.
    case leftUntouched
    /// It left, or stopped answering, after writing began: what it holds is unknown until its next tap.
    case unknown
    /// No candidate sector can be made ours: the card centre replaces it.
    case chipDefective
    /// This terminal can keep no record and so must not write; the reason is for the technician.
    case outOfService(String)
}

/// What a tap did, for the timeline and the log. No key, no full number.
public struct ActivationReport: Sendable, Hashable {
    /// How it ended.
    public var ending: ActivationEnding
    /// The card, once it told its UID.
    public var uid: CardUID?
    /// APDUs that were sent.
    public var apdus: Int
    /// From the call to its return, in milliseconds: the card work.
    public var milliseconds: Int64

    /// A report of these parts.
    public init(ending: ActivationEnding, uid: CardUID?, apdus: Int, milliseconds: Int64) {
        self.ending = ending
        self.uid = uid
        self.apdus = apdus
        self.milliseconds = milliseconds
    }
}

/// A step of the handshake that was reached.
public enum ActivationStep: Sendable, Hashable {
    /// The card told its UID.
    case identified(CardUID)
    /// The old application was read.
    case oldApplicationRead(smallPurse: Fen?)
    /// The permission was given or refused.
    case decided(PermitDecision)
    /// The chip was looked at, and something spoke for a copied card.
    case hinted(CloneHints)
    /// A candidate sector was looked at.
    case probed(sector: Int, SectorFinding)
    /// The intent is durable under this sequence.
    case intentDurable(UInt64)
    /// The data blocks are written and read back.
    case dataWritten(sector: Int)
    /// The sector trailer is written, its effect not yet proved.
    case trailerWritten(sector: Int)
    /// Both new keys opened the sector.
    case proved(sector: Int)
    /// The outcome is durable under this sequence.
    case outcomeDurable(UInt64)
}

/// What a candidate sector turned out to be.
public enum SectorFinding: String, Sendable, Hashable {
    /// Free: opens with a key for free sectors and holds nothing of others.
    case free
    /// Ours, complete, under our keys.
    case complete
    /// Ours by its keys or data, but not finished.
    case unfinished
    /// Opens with no key that we have, or holds somebody else's data.
    case notAvailable = "not-available"
}
