package import Canteen
package import Health
package import Journal
package import LedgerProtocol

/// Puts sales into the journal and says so when it takes no more.
package final class SaleJournalDesk: SaleJournal, Sendable {
    private let journal: (any RecordSink)?
    private let health: HealthRegistry
    private let recorded: @Sendable () -> Void

    /// A desk over `journal`; without one (it could not be opened) every record is refused.
    ///
    /// - Parameter recorded: called when a record has become durable.
    package init(journal: (any RecordSink)?, health: HealthRegistry, recorded: @escaping @Sendable () -> Void) {
        self.journal = journal
        self.health = health
        self.recorded = recorded
    }

    /// Makes an intent durable, if there is room for what must follow it: a sale once begun can always be concluded.
    package func append(intent: SaleRecord) throws(SalesStopped) -> UInt64 {
        try requireRoom()
        return try append(SaleRecordType.intent, intent.encoded)
    }

    package func append(outcome: SaleRecord) throws(SalesStopped) -> UInt64 {
        // Without an intent before it, an outcome is a beginning: a code's sale, a void, a refund.
        if outcome.result == .voided || outcome.result == .refunded || outcome.relatedSequence == 0 {
            try requireRoom()
        }
        return try append(SaleRecordType.outcome, outcome.encoded)
    }

    package func append(shift: ShiftRecord) throws(SalesStopped) { _ = try append(ShiftRecord.type, shift.encoded) }

    private func requireRoom() throws(SalesStopped) {
        if let journal, journal.freeSlots < JournalDesk.reserve {
            health.raise(.journalFull, "room for \(journal.freeSlots) more records")
            throw SalesStopped(reason: "the disk is full")
        }
        health.clear(.journalFull)
    }

    private func append(_ type: UInt8, _ payload: [UInt8]) throws(SalesStopped) -> UInt64 {
        guard let journal else { throw SalesStopped(reason: "the journal could not be opened") }
        do throws(JournalError) {
            let sequence = try journal.append(type: RecordType(rawValue: type), payload: payload).sequence
            recorded()
            return sequence
        } catch {
            health.raise(.journalStopped, "\(error)")
            throw SalesStopped(reason: "\(error)")
        }
    }
}

extension SalesMemory {
    /// Reads what the journal kept from earlier runs, for itself and for the desk that remembers codes.
    func replay(_ journal: any JournalFeed, rules: SalesRules, codes: inout CodeDesk) throws(JournalError) {
        codes.confirmed(through: journal.cursor.acknowledged)
        try journal.forEachRecord { record in
            let slot = record.slot
            let day = rules.dayStart(at: slot.wallMilliseconds)
            switch slot.type.rawValue {
            case SaleRecordType.intent, SaleRecordType.outcome:
                guard let sale = SaleRecord(decoding: slot.payload) else { return }
                codes.journalled(sale, sequence: slot.sequence, wallMilliseconds: slot.wallMilliseconds)
                replay(
                    sale, isIntent: slot.type.rawValue == SaleRecordType.intent, sequence: slot.sequence,
                    wall: slot.wallMilliseconds, day: day)
            case ShiftRecord.type:
                if let shift = ShiftRecord(decoding: slot.payload) { note(shift) }
            default: break
            }
        }
    }
}
