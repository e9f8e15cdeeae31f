import Journal
import Platform
import Synchronization

/// The threads of a soak: each writes one record after the other and says so when it is durable.
final class SoakWriters: Sendable {
    private struct State {
        var taken: UInt64 = 0
        var failure: JournalError?
    }

    private let journal: Journal
    private let seed: UInt64
    private let slots: Int
    private let limit: UInt64
    private let base: UInt64
    private let state = Mutex(State())

    init(journal: Journal, seed: UInt64, slots: Int, limit: UInt64) {
        self.journal = journal
        self.seed = seed
        self.slots = slots
        self.limit = limit
        base = journal.lastSequence
    }

    /// Returns when `limit` records are durable, or throws what stopped the first thread that was stopped.
    func run(callers: Int) throws(JournalError) {
        let threads = (1...callers).map { number in
            DedicatedThread(name: "soak-\(number)") { [self] in write() }
        }
        for thread in threads {
            while !thread.join(until: SystemTime().now().advanced(milliseconds: 60_000)) {}
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    private func write() {
        do throws(JournalError) {
            while let record = next() {
                let sequence = try journal.append(
                    type: SoakRecord.type, payload: record.payload(seed: seed)
                ).sequence
                SoakEvent.answered(sequence, record).say()
                if record.count == 1 { try readBack(sequence, record) }
                // Once a segment, two behind: some files are always to be checked, and some to be removed.
                if sequence % UInt64(slots) == 0, sequence > UInt64(2 * slots) {
                    try acknowledge(sequence - UInt64(2 * slots))
                }
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    private func next() -> SoakRecord? {
        state.withLock { state in
            guard state.failure == nil, state.taken < limit else { return nil }
            state.taken += 1
            return SoakRecord(base: base, count: state.taken)
        }
    }

    private func readBack(_ sequence: UInt64, _ record: SoakRecord) throws(JournalError) {
        guard try journal.records(from: sequence, limit: 1).first?.slot.payload == record.payload(seed: seed) else {
            throw .damaged(sequence)
        }
    }

    private func acknowledge(_ sequence: UInt64) throws(JournalError) {
        guard sequence > journal.cursor.acknowledged,
            let record = try journal.records(from: sequence, limit: 1).first
        else { return }
        try journal.acknowledge(through: sequence, chainHead: record.mac)
        SoakEvent.acknowledged(record.slot.sequence).say()
    }
}
