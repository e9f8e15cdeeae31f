/// Something that recovery met and that a technician should hear of; records around it are all there.
public enum RecoveryFinding: Hashable, Sendable {
    /// Bytes after the last record were a write cut short; it was never answered for. They were set aside and cleared.
    case tornTail(from: UInt64, to: UInt64, quarantine: String?)
    /// Records are lost; a ``GapRecord`` reports those that the ledger does not have.
    case damage(from: UInt64, to: UInt64, reason: GapRecord.Reason, quarantine: String?)
    /// The record does not follow from the one before under our key, although both are sound: tampering, or a bug.
    case chainBroken(at: UInt64)
    /// The header of a segment is damaged; its name was believed.
    case headerDamaged(file: String)
    /// The cursor is gone or unreadable: everything still kept is uploaded again, which the ledger takes as success.
    case cursorDamaged
    /// The head is gone or unreadable: it was made again from the root key.
    case headDamaged
    /// The journal ends before what the ledger acknowledged, so it was damaged or put back from a copy; it goes on
    /// after.
    case endsBeforeCursor(last: UInt64, acknowledged: UInt64)
    /// The disk cannot read the place where the next record would go; the journal goes on in another segment.
    case segmentLeft(file: String)
}

/// What opening a journal found.
public struct RecoveryReport: Hashable, Sendable {
    /// Sound records read: those that the ledger does not have yet, unless everything had to be read.
    public var records = 0
    /// What was not as it should be, in order.
    public var findings: [RecoveryFinding] = []

    /// Whether anything needs a technician's eye; a torn tail does not.
    public var isClean: Bool {
        findings.allSatisfy { if case .tornTail = $0 { true } else { false } }
    }
}
