import Platform
import Simulator

@testable import Journal

/// What the sweeps share: small segments, so that a few hundred records cross many of them.
enum Rig {
    static let key = ChainKey(bytes: [UInt8](repeating: 7, count: 32))
    static let sale = RecordType(rawValue: 0x01)
    static let options = JournalOptions(
        slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1, recordsPerKey: 4)

    static func open(
        _ storage: SimulatedStorage, terminal: UInt16 = 3, key: ChainKey = Rig.key,
        options: JournalOptions = Rig.options
    ) throws(JournalError) -> JournalWriter {
        try JournalWriter.open(
            storage: storage, terminal: terminal, key: key, time: SimulatedTime(), options: options)
    }

    static func payload(_ number: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: 40)
        bytes.store(number, at: 0)
        return bytes
    }

    /// What the writer does while nobody waits for it.
    static func idle(_ journal: JournalWriter) { journal.maintain() }

    /// Ends in good order, so that the next opening knows the end.
    static func close(_ journal: JournalWriter) { journal.close() }

    static func verifies(_ record: StoredRecord, after mac: ChainMAC) -> Bool {
        key.verifies(record.bytes, after: mac)
    }
}
