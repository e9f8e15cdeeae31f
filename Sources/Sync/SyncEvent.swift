public import Journal
public import LedgerProtocol

/// What the uploader has to tell the rest of the terminal.
public enum SyncEvent: Hashable, Sendable {
    /// The ledger has stored the journal up to here.
    case acknowledged(Acknowledgement)
    /// The ledger gives no usable answer; told once, and again when the kind of trouble changes. Retries go on.
    case unreachable(LedgerClientError)
    /// The ledger answers again, or takes records again.
    case back
    /// Uploading has stopped until somebody looks into it; it is tried again rarely, so that thawing needs no restart.
    case frozen(SyncStop)
    /// The journal cannot be read, or the acknowledgement not stored.
    case journal(JournalError)
}

/// Why uploading stopped.
public enum SyncStop: Hashable, Sendable, CustomStringConvertible {
    /// The ledger has other records under our sequences.
    case fork(message: String)
    /// The ledger has frozen this terminal.
    case frozenByLedger(message: String)
    /// The ledger has more records than were ever written here: this disk was put back from a copy.
    case ledgerAhead(ledger: UInt64, ours: UInt64)
    /// The ledger's record of this sequence is not ours.
    case chainDiffers(at: UInt64)
    /// The ledger wants records that are no longer kept here: it lost some of what it had acknowledged.
    case cannotGoBack(expected: UInt64, oldest: UInt64)
    /// The ledger does not know this life of the journal.
    case epochNotRegistered(epoch: UInt32, message: String)

    /// What it is, in words for a technician.
    public var description: String {
        switch self {
        case .fork(let message): "the ledger has other records under our sequences: \(message)"
        case .frozenByLedger(let message): "the ledger has frozen this terminal: \(message)"
        case .ledgerAhead(let ledger, let ours):
            "the ledger has records up to \(ledger), this journal ends at \(ours): was the disk put back from a copy?"
        case .chainDiffers(let sequence): "the ledger's record \(sequence) is not ours"
        case .cannotGoBack(let expected, let oldest):
            "the ledger wants records from \(expected) on, the oldest kept here is \(oldest)"
        case .epochNotRegistered(let epoch, let message): "epoch \(epoch) is not registered: \(message)"
        }
    }
}
