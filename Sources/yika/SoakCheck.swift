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
            faults.append(
                words(
                    "确认游标曾存为 \(answers.acknowledged)，现在退回到 \(cursor)",
                    "the cursor was stored at \(answers.acknowledged) and is back at \(cursor)"))
        }
        var next = cursor + 1
        var seen: Set<SoakRecord> = []
        while next <= journal.lastSequence {
            let batch: [StoredRecord]
            do throws(JournalError) {
                batch = try journal.records(from: next, limit: 512)
            } catch {
                guard case .damaged(let sequence) = error else { throw error }
                faults.append(words("记录 \(sequence) 已读不到", "record \(sequence) can be read no more"))
                break
            }
            for stored in batch {
                if stored.slot.sequence != next { faults.append(words("记录 \(next) 缺失", "record \(next) is missing")) }
                compare(stored.slot, &seen)
                next = stored.slot.sequence + 1
            }
            if batch.isEmpty {
                faults.append(words("记录 \(next) 缺失", "record \(next) is missing"))
                break
            }
        }
        for sequence in answers.records.keys.sorted() where sequence > max(cursor, journal.lastSequence) {
            faults.append(
                words(
                    "记录 \(sequence) 已保证落盘，却丢失了；日志到 \(journal.lastSequence) 为止",
                    "record \(sequence) was answered for and is lost; the journal ends at \(journal.lastSequence)"))
        }
        // Each caller waits for one record at a time, so no more can be there without having been answered for.
        if found.count > callers {
            faults.append(
                words(
                    "有 \(found.count) 条未保证过的记录，而写入线程只有 \(callers) 个",
                    "\(found.count) records are there that were not answered for, with \(callers) callers"))
        }
    }

    private mutating func compare(_ slot: Slot, _ seen: inout Set<SoakRecord>) {
        let expected = answers.records[slot.sequence]
        if expected != nil { checked += 1 }
        // What was never answered for may be lost, as long as it is said.
        if slot.type == .gap && expected == nil { return }
        guard slot.type == SoakRecord.type, let record = SoakRecord(decoding: slot.payload, seed: seed) else {
            faults.append(
                words(
                    "记录 \(slot.sequence)（类型 \(slot.type.rawValue)）不是本测试写的",
                    "record \(slot.sequence) of type \(slot.type.rawValue) is nothing that the soak wrote"))
            return
        }
        if !seen.insert(record).inserted {
            faults.append(words("记录 \(slot.sequence) 出现两次", "record \(slot.sequence) is there twice"))
        }
        if let expected {
            if expected != record {
                faults.append(
                    words(
                        "记录 \(slot.sequence) 保证过的是 \(expected)，现在是 \(record)",
                        "record \(slot.sequence) was answered for as \(expected) and is \(record)"))
            }
        } else if record.canBe(slot.sequence, callers: callers) {
            found.append((slot.sequence, record))
        } else {
            faults.append(
                words(
                    "记录 \(slot.sequence) 的位置从未写过：\(record)",
                    "record \(slot.sequence) is where it was never written: \(record)"))
        }
    }
}
