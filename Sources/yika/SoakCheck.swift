import Journal

/// Compares a journal as it was opened with what a soak had answered for.
struct SoakCheck {
    let answers: SoakAnswers
    let seed: UInt64
    let callers: Int

    /// Answered records that were compared.
    private(set) var checked = 0
    /// Records above the cursor that nobody had been told of yet, in order.
    private(set) var found: [(sequence: UInt64, record: SoakRecord)] = []
    /// What is wrong, in words.
    private(set) var faults: [String] = []

    init(answers: SoakAnswers, seed: UInt64, callers: Int) {
        self.answers = answers
        self.seed = seed
        self.callers = callers
    }

    mutating func run(_ journal: Journal) throws(JournalError) {
        let cursor = journal.cursor.acknowledged
        if cursor < answers.acknowledged {
            faults.append("the cursor was stored at \(answers.acknowledged) and is back at \(cursor)")
        }
        var next = cursor + 1
        var seen: Set<SoakRecord> = []
        while next <= journal.lastSequence {
            let batch: [StoredRecord]
            do throws(JournalError) {
                batch = try journal.records(from: next, limit: 512)
            } catch {
                guard case .damaged(let sequence) = error else { throw error }
                faults.append("record \(sequence) can be read no more")
                break
            }
            for stored in batch {
                if stored.slot.sequence != next { faults.append("record \(next) is missing") }
                compare(stored.slot, &seen)
                next = stored.slot.sequence + 1
            }
            if batch.isEmpty {
                faults.append("record \(next) is missing")
                break
            }
        }
        for sequence in answers.records.keys.sorted() where sequence > max(cursor, journal.lastSequence) {
            faults.append(
                "record \(sequence) was answered for and is lost; the journal ends at \(journal.lastSequence)")
        }
        // Each caller waits for one record at a time, so no more can be there without having been answered for.
        if found.count > callers {
            faults.append("\(found.count) records are there that were not answered for, with \(callers) callers")
        }
    }

    private mutating func compare(_ slot: Slot, _ seen: inout Set<SoakRecord>) {
        let expected = answers.records[slot.sequence]
        if expected != nil { checked += 1 }
        // What was never answered for may be lost, as long as it is said.
        if slot.type == .gap && expected == nil { return }
        guard slot.type == SoakRecord.type, let record = SoakRecord(decoding: slot.payload, seed: seed) else {
            faults.append("record \(slot.sequence) of type \(slot.type.rawValue) is nothing that the soak wrote")
            return
        }
        if !seen.insert(record).inserted { faults.append("record \(slot.sequence) is there twice") }
        if let expected {
            if expected != record {
                faults.append("record \(slot.sequence) was answered for as \(expected) and is \(record)")
            }
        } else if record.canBe(slot.sequence, callers: callers) {
            found.append((slot.sequence, record))
        } else {
            faults.append("record \(slot.sequence) is where it was never written: \(record)")
        }
    }
}
