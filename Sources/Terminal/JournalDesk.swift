import Activation
import Health
import Journal
import LedgerProtocol

/// Puts activation records into the journal and says so when it takes no more.
final class JournalDesk: ActivationJournal {
    private let journal: (any RecordSink)?
    private let health: HealthRegistry
    private let appended: (AppendedRecord, ActivationOutcome?) -> Void

    /// A desk over `journal`; without one (it could not be opened) every record is refused.
    init(
        journal: (any RecordSink)?, health: HealthRegistry,
        appended: @escaping (AppendedRecord, ActivationOutcome?) -> Void
    ) {
        self.journal = journal
        self.health = health
        self.appended = appended
    }

    /// Room that must be left before another card is begun: for the outcomes of all readers' cards, and then some.
    static let reserve = 8

    /// Makes an intent durable, if there is room for what must follow it: a card once begun can always be concluded.
    func append(_ intent: ActivationIntent) throws(JournalUnavailable) -> UInt64 {
        if let journal, journal.freeSlots < Self.reserve {
            health.raise(.journalFull, "room for \(journal.freeSlots) more records")
            throw JournalUnavailable(reason: "the disk is full")
        }
        health.clear(.journalFull)
        let record = try append(RecordType(rawValue: ActivationRecordType.intent), intent.encoded)
        appended(record, nil)
        return record.sequence
    }

    func append(_ outcome: ActivationOutcome) throws(JournalUnavailable) -> UInt64 {
        let record = try append(RecordType(rawValue: ActivationRecordType.outcome), outcome.encoded)
        appended(record, outcome)
        return record.sequence
    }

    private func append(_ type: RecordType, _ payload: [UInt8]) throws(JournalUnavailable) -> AppendedRecord {
        guard let journal else { throw JournalUnavailable(reason: "the journal could not be opened") }
        do throws(JournalError) {
            return try journal.append(type: type, payload: payload)
        } catch {
            health.raise(.journalStopped, "\(error)")
            throw JournalUnavailable(reason: "\(error)")
        }
    }
}
