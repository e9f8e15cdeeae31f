import Platform
import Simulator

@testable import Journal

/// What a fuzzer feeds with bytes, and the tests with the bytes that it found worth keeping.
///
/// A broken promise traps: libFuzzer then keeps the bytes.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// The record decoder: 128 bytes from anywhere.
    case slot
    /// Opening a directory of any files.
    case recovery

    /// Feeds it.
    public func feed(_ bytes: [UInt8]) {
        switch self {
        case .slot: Self.feedSlot(bytes)
        case .recovery: Self.feedRecovery(bytes)
        }
    }

    static let key = ChainKey(bytes: [UInt8](repeating: 7, count: 32))

    /// The checksum is put right first: a fuzzer does not guess one, and the fields behind it are to be reached.
    private static func feedSlot(_ bytes: [UInt8]) {
        _ = try? Slot(decoding: bytes)
        var sealed = bytes
        Disk.seal(&sealed, at: 0, size: Slot.size)
        guard let slot = try? Slot(decoding: sealed) else { return }
        precondition(slot.payload.count <= 80, "a payload does not fit its slot")
        _ = GapRecord(decoding: slot.payload).map { gap in
            precondition(gap.from <= gap.to && gap.encoded.count == GapRecord.size, "a gap of nothing")
        }
        var keys = ChainKeys(root: key, epoch: slot.epoch)
        guard slot.version == Slot.formatVersion, slot.payload.count <= Slot.payloadCapacity, slot.keyStep < 1000 else {
            return
        }
        let again = slot.encoded(after: .start, keys: &keys)
        precondition((try? Slot(decoding: again)) == slot, "a slot is not what it was after encoding")
    }

    private static func feedRecovery(_ bytes: [UInt8]) {
        let disk = Disk.build(from: bytes)
        let names = Set(disk.names)
        guard let journal = try? open(disk) else { return }
        let last = journal.lastSequence
        // What is upload material has no holes and ends at the end. Where the cursor is lost, nobody knows what was before
        // the first segment that is left.
        let isCursorLost = journal.recovery.findings.contains(.cursorDamaged)
        let start = isCursorLost ? journal.firstSequence : journal.cursor.acknowledged + 1
        if let records = try? journal.records(from: start, limit: 200) {
            var expected = start
            for record in records {
                precondition(record.slot.sequence == expected, "a hole before \(record.slot.sequence)")
                expected += 1
            }
            precondition(records.count == 200 || expected == last + 1, "the records end before the end")
        }
        guard let appended = try? journal.append(type: RecordType(rawValue: 1), payload: [1, 2, 3]) else { return }
        precondition(appended.sequence == last + 1, "a sequence was given twice or left out")
        let again: JournalWriter
        do {
            again = try open(disk.afterProcessEnd())
        } catch {
            preconditionFailure("what was just written cannot be opened: \(error)")
        }
        precondition(again.lastSequence == appended.sequence, "the next opening ends elsewhere")
        precondition(
            (try? again.records(from: appended.sequence, limit: 1))?.first?.slot.payload == [1, 2, 3],
            "an answered record is gone")
        // Nothing disappears but what is unfinished and what the ledger has.
        let kept = Set(again.storage.allNames)
        for name in names where name.hasPrefix("journal-") || name.hasPrefix("quarantine-") {
            let segment = Segment(name: name)
            let isAcknowledged = segment.map { $0.first <= journal.cursor.acknowledged } ?? false
            let isSetAside = segment.map { kept.contains($0.quarantineName) } ?? false
            precondition(
                kept.contains(name) || name.hasSuffix(temporarySuffix) || isAcknowledged || isSetAside,
                "\(name) disappeared")
        }
    }

    private static func open(_ storage: SimulatedStorage) throws(JournalError) -> JournalWriter {
        try JournalWriter.open(
            storage: storage, terminal: 3, key: key, time: SimulatedTime(),
            options: JournalOptions(slotsPerSegment: 8, epoch: 5, acknowledgedSegmentsKept: 1, recordsPerKey: 4))
    }
}

extension JournalStorage {
    fileprivate var allNames: [String] { (try? list()) ?? [] }
}
