import Journal
import Platform
import Simulator
import Testing

@Suite("Journal")
struct JournalTests {
    @Test("a failed sync stops the writer for good, and what was answered before can still be read")
    func syncFailurePoisons() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try Rig.open(storage)
        _ = try journal.append(type: Rig.sale, payload: [1])
        storage.plan(.failure(5), atOperation: storage.operations + 2)
        #expect(throws: JournalError.poisoned(StorageError(call: "fdatasync", code: 5, path: segment(1)))) {
            try journal.append(type: Rig.sale, payload: [2])
        }
        #expect(throws: JournalError.self) { try journal.append(type: Rig.sale, payload: [3]) }
        #expect(journal.status.poison?.call == "fdatasync")
        #expect(try journal.records(from: 1, limit: 10).map(\.slot.payload) == [[1]])
    }

    @Test("a full disk is foreseen: the spare segment is filled first, then appends are refused until room is made")
    func fullDisk() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try Rig.open(storage)
        _ = try journal.append(type: Rig.sale, payload: [0])
        #expect(journal.status.freeSlots == 15 + 16)
        storage.limit(toBytes: 0)
        for number in 2...32 { _ = try journal.append(type: Rig.sale, payload: [UInt8(number)]) }
        #expect(journal.status.freeSlots == 0)
        #expect(throws: JournalError.self) { try journal.append(type: Rig.sale, payload: [33]) }
        #expect(journal.status.poison == nil)
        storage.limit(toBytes: .max)
        #expect(try journal.append(type: Rig.sale, payload: [33]).sequence == 33)
    }

    @Test("each damaged bit in the middle is quarantined and reported, and every later record is still delivered")
    func bitFlips() throws {
        var flips = 0
        for record in 1...39 as ClosedRange<UInt64> {
            for (byte, mask) in [(0, 1), (9, 4), (40, 128), (118, 2), (126, 64)] as [(Int, UInt8)] {
                let storage = SimulatedStorage(seed: 1)
                try fill(storage, records: 40)
                let offset = 512 + Int((record - 1) % 16) * 128 + byte
                storage.damage(segment((record - 1) / 16 * 16 + 1), at: offset, mask: mask)
                let journal = try Rig.open(storage.afterProcessEnd())
                #expect(journal.recovery.records == 39)
                guard case .damage(record, record, .damaged, let quarantine?) = journal.recovery.findings.first else {
                    Issue.record("record \(record), byte \(byte): \(journal.recovery.findings)")
                    continue
                }
                #expect(journal.recovery.findings.count == 1)
                #expect(quarantine.hasPrefix("quarantine-00000005-"))
                try checkDelivered(journal, lost: record)
                flips += 1
            }
        }
        print("journal: \(flips) bit flips set aside")
    }

    /// The stream has no hole, the stand-in says what is lost, and the chain can be followed through it.
    private func checkDelivered(_ journal: JournalWriter, lost: UInt64) throws {
        let records = try journal.records(from: 1, limit: 100)
        #expect(records.map(\.slot.sequence) == Array(1...41))
        #expect(records.last?.slot.type == .gap)
        var link = ChainLink.mac(.start)
        var unverified = 0
        for record in records {
            let gap = record.slot.type == .gap ? GapRecord(decoding: record.slot.payload) : nil
            #expect((gap?.standsIn(for: record.slot.sequence) ?? false) == (record.slot.sequence == lost))
            if gap == nil { #expect(record.slot.payload == Rig.payload(record.slot.sequence)) }
            switch link {
            case .mac(let mac): #expect(Rig.key.verifies(record.bytes, after: mac))
            case .perhaps(let mac): unverified += Rig.key.verifies(record.bytes, after: mac) ? 0 : 1
            case .lost: unverified += 1
            }
            link = ChainLink(after: record.slot, bytes: record.bytes)
        }
        #expect(unverified <= 1)
        #expect(try journal.records(from: lost, limit: 3) == Array(records[Int(lost) - 1..<min(Int(lost) + 2, 41)]))
    }

    @Test("damage is reported once: the next opening knows it from the gap record and delivers the same bytes")
    func damageReportedOnce() throws {
        let storage = SimulatedStorage(seed: 1)
        try fill(storage, records: 40)
        storage.damage(segment(17), at: 512 + 3 * 128, mask: 255)
        storage.damage(segment(17), at: 512 + 4 * 128, mask: 255)
        let first = storage.afterProcessEnd()
        let before = try Rig.open(first).records(from: 1, limit: 100)
        let journal = try Rig.open(first.afterProcessEnd())
        #expect(journal.recovery.findings == [])
        #expect(try journal.records(from: 1, limit: 100) == before)
        #expect(before.count == 41)
    }

    @Test("a missing segment in the middle is a gap, and the segments around it are delivered")
    func missingSegment() throws {
        let storage = SimulatedStorage(seed: 1)
        try fill(storage, records: 40)
        try storage.remove(segment(17))
        let journal = try Rig.open(storage.afterProcessEnd())
        #expect(journal.recovery.findings == [.damage(from: 17, to: 32, reason: .missing, quarantine: nil)])
        let records = try journal.records(from: 1, limit: 100)
        #expect(records.map(\.slot.sequence) == Array(1...41))
        #expect(try journal.records(from: 20, limit: 4) == Array(records[19..<23]))
    }

    @Test("a sequence that the ledger has acknowledged is never given again, although its record is gone")
    func neverBehindTheCursor() throws {
        for isHeadLost in [false, true] {
            let storage = SimulatedStorage(seed: 1)
            let journal = try Rig.open(storage)
            for number in 1...10 as ClosedRange<UInt64> {
                _ = try journal.append(type: Rig.sale, payload: Rig.payload(number))
            }
            let last = try #require(try journal.records(from: 10, limit: 1).first)
            try journal.acknowledge(through: 10, chainHead: last.mac)
            storage.damage(segment(1), at: 512 + 9 * 128 + 50, mask: 1)
            if isHeadLost { try storage.remove("head") }
            let again = try Rig.open(storage.afterProcessEnd())
            #expect(
                again.recovery.findings
                    == (isHeadLost ? [.endsBeforeCursor(last: 9, acknowledged: 10), .headDamaged] : []))
            #expect(try again.append(type: Rig.sale, payload: [1]).sequence == 11)
            let record = try #require(try again.records(from: 11, limit: 1).first)
            #expect(Rig.key.verifies(record.bytes, after: last.mac))
        }
    }

    @Test("only segments that the ledger has are given up, all but the ones to be kept and the next to be recycled")
    func pruning() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try fill(storage, records: 70)
        let record = try #require(try journal.records(from: 66, limit: 1).first)
        try journal.acknowledge(through: 66, chainHead: record.mac)
        #expect(storage.names.filter { $0.hasPrefix("journal-") } == [33, 49, 65].map(segment))
        #expect(journal.firstSequence == 33)
        #expect(throws: JournalError.acknowledgedBeyondEnd(acknowledged: 71, last: 70)) {
            try journal.acknowledge(through: 71, chainHead: record.mac)
        }
        for _ in 71...81 { _ = try journal.append(type: Rig.sale, payload: []) }
        #expect(storage.names.filter { $0.hasPrefix("journal-") } == [49, 65, 81].map(segment))
        let again = try Rig.open(storage.afterProcessEnd())
        #expect(again.recovery.findings == [])
        #expect(again.cursor.acknowledged == 66)
        #expect(try again.append(type: Rig.sale, payload: []).sequence == 82)
    }

    @Test("the boot count rises with every opening that writes, also when all records are gone")
    func bootCount() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try fill(storage, records: 16)
        let last = try #require(try journal.records(from: 16, limit: 1).first)
        try journal.acknowledge(through: 16, chainHead: last.mac)
        let second = try fill(storage.afterProcessEnd(), records: 1)
        #expect(try second.records(from: 17, limit: 1).first?.slot.boot == 2)
    }

    @Test("a clock that says 1970, or jumps back, changes the records' wall times and nothing else")
    func wrongClock() throws {
        let storage = SimulatedStorage(seed: 1)
        for wall in [1_800_000_000_000, 0, -86_400_000] as [Int64] {
            let journal = try JournalWriter.open(
                storage: storage.afterProcessEnd(), terminal: 3, key: Rig.key,
                time: SimulatedTime(wallMillisecondsAtBoot: wall), options: Rig.options)
            #expect(journal.recovery.findings == [])
            #expect(journal.lastSequence == 0)
            for number in 1...40 as ClosedRange<UInt64> {
                #expect(try journal.append(type: Rig.sale, payload: Rig.payload(number)).sequence == number)
            }
            let records = try journal.records(from: 1, limit: 100)
            #expect(records.map(\.slot.sequence) == Array(1...40))
            #expect(records.allSatisfy { $0.slot.wallMilliseconds == wall })
        }
    }

    @Test("another terminal, another key, a newer format, a second process: each is refused by its name")
    func refusals() throws {
        let storage = SimulatedStorage(seed: 1)
        try fill(storage, records: 3)
        #expect(throws: JournalError.locked) { try Rig.open(storage) }
        #expect(throws: JournalError.otherTerminal(file: "cursor", found: 3, expected: 4)) {
            try Rig.open(storage.afterProcessEnd(), terminal: 4)
        }
        #expect(throws: JournalError.wrongKey(file: "head")) {
            try Rig.open(storage.afterProcessEnd(), key: ChainKey(bytes: [UInt8](repeating: 8, count: 32)))
        }
        #expect(throws: JournalError.otherEpoch(found: 5, expected: 6)) {
            try Rig.open(storage.afterProcessEnd(), options: JournalOptions(slotsPerSegment: 16, epoch: 6))
        }
        #expect(throws: JournalError.payloadTooLong(77)) {
            try Rig.open(storage.afterProcessEnd()).append(
                type: Rig.sale, payload: [UInt8](repeating: 0, count: 77))
        }
    }

    @discardableResult
    private func fill(_ storage: SimulatedStorage, records: Int) throws -> JournalWriter {
        let journal = try Rig.open(storage)
        for _ in 0..<records {
            _ = try journal.append(type: Rig.sale, payload: Rig.payload(journal.lastSequence + 1))
        }
        return journal
    }

    private func segment(_ first: UInt64) -> String {
        let digits = String(first, radix: 16)
        return "journal-00000005-\(String(repeating: "0", count: 16 - digits.count))\(digits).seg"
    }
}
