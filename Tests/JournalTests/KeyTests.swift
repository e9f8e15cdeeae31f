import Crypto
import Journal
import Platform
import Simulator
import Testing

@Suite("Keys of the chain")
struct KeyTests {
    private static let options = JournalOptions(
        slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1, recordsPerKey: 4)

    private func open(
        _ storage: SimulatedStorage, key: ChainKey? = Rig.key, time: SimulatedTime = SimulatedTime()
    ) throws(JournalError) -> JournalWriter {
        try JournalWriter.open(storage: storage, terminal: 3, key: key, time: time, options: Self.options)
    }

    private func fill(_ journal: JournalWriter, _ count: Int) throws {
        for _ in 0..<count {
            _ = try journal.append(type: Rig.sale, payload: Rig.payload(journal.lastSequence + 1))
        }
    }

    @Test(
        "the key goes forward after so many records, at an opening and after a day, and the root follows it throughout")
    func goesForward() throws {
        let storage = SimulatedStorage(seed: 1)
        let time = SimulatedTime()
        let journal = try open(storage, time: time)
        try fill(journal, 10)
        time.sleep(milliseconds: 86_400_000)
        try fill(journal, 2)
        let again = try open(storage.afterProcessEnd(), key: nil, time: time)
        try fill(again, 1)
        let records = try again.records(from: 1, limit: 100)
        #expect(records.map(\.slot.keyStep) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 4])
        var keys = ChainKeys(root: Rig.key, epoch: 5)
        var head = ChainMAC.start
        for record in records {
            let isOurs = keys.verifies(record.bytes, after: head)
            #expect(isOurs)
            head = record.mac
        }
    }

    @Test("a segment that was begun and got no record does not let the key go forward twice")
    func segmentWithoutRecord() throws {
        let first = SimulatedStorage(seed: 1)
        try fill(try open(first), 16)
        let second = first.afterProcessEnd()
        let journal = try open(second)
        // The next segment is laid on: five operations, and one to open it by its name; then the record fails.
        second.plan(.failure(5), atOperation: second.operations + 7)
        #expect(throws: JournalError.self) { try fill(journal, 1) }
        let third = second.afterProcessEnd()
        _ = try open(third)
        let last = try open(third.afterProcessEnd())
        try fill(last, 1)
        let records = try last.records(from: 16, limit: 2)
        #expect(records.map(\.slot.sequence) == [16, 17])
        #expect(ChainKeys.allows(step: records[1].slot.keyStep, after: records[0].slot.keyStep, lost: 0))
    }

    @Test("with everything that is on the box, no record from before the present key can be made anew")
    func yesterdayIsSafe() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try open(storage)
        try fill(journal, 30)
        let records = try journal.records(from: 1, limit: 100)
        // Both sectors of `head`, as a thief reads them.
        let head = try #require(try storage.contents(of: "head"))
        let held = [0, 512].map { Array(head[$0 + 56..<$0 + 88]) }
        #expect(held[0] == held[1], "the key before is destroyed, not only replaced")
        let step: UInt32 = head.integer(at: 40)
        #expect(step == 7)
        for (record, previous) in zip(records.dropFirst(), records) {
            let isExposed = record.slot.keyStep >= step
            var forged = record.slot
            forged.payload[0] ^= 1
            let bytes = forge(forged, after: previous.mac, stepKey: held[0])
            #expect(Rig.key.verifies(bytes, after: previous.mac) == isExposed, "record \(record.slot.sequence)")
            forged.keyStep = step
            let late = forge(forged, after: previous.mac, stepKey: held[0])
            let isAllowed = ChainKeys.allows(step: step, after: previous.slot.keyStep, lost: 0)
            #expect(Rig.key.verifies(late, after: previous.mac) && isAllowed == (previous.slot.keyStep >= step - 1))
        }
    }

    /// What somebody can make who has a step key and calls it the root's: only the first step's arithmetic is at hand
    /// outside the room, so the MAC is made here by the page.
    private func forge(_ slot: Slot, after previous: ChainMAC, stepKey: [UInt8]) -> [UInt8] {
        var bytes = slot.encoded(after: previous, key: Rig.key)
        bytes.replaceSubrange(116..<124, with: Page.mac(of: bytes, after: previous, key: stepKey))
        return bytes
    }

    @Test("without the root and without a head nothing is begun; with the root a lost head is made again")
    func lostHead() throws {
        #expect(throws: JournalError.keyMissing) { try open(SimulatedStorage(seed: 1), key: nil) }
        let storage = SimulatedStorage(seed: 1)
        try fill(try open(storage), 10)
        for sector in [0, 512] { storage.damage("head", at: sector + 60, mask: 1) }
        #expect(throws: JournalError.keyMissing) { try open(storage.afterProcessEnd(), key: nil) }
        let again = try open(storage.afterProcessEnd())
        #expect(again.recovery.findings == [.headDamaged])
        try fill(again, 1)
        let records = try again.records(from: 10, limit: 2)
        #expect(Rig.key.verifies(records[1].bytes, after: records[0].mac))
        #expect(ChainKeys.allows(step: records[1].slot.keyStep, after: records[0].slot.keyStep, lost: 0))
    }

    @Test("after a clean close even the rot of the very last record is noticed, and its sequence is not given again")
    func rotAtTheEnd() throws {
        for isClosed in [true, false] {
            let storage = SimulatedStorage(seed: 1)
            let journal = try open(storage)
            try fill(journal, 10)
            if isClosed { journal.close() }
            let zeros = [UInt8](repeating: 0, count: 256)
            try storage.open("journal-00000005-0000000000000001.seg").write(zeros, at: 512 + 8 * 128)
            let again = try open(storage.afterProcessEnd())
            // Zeros alone tell nothing; what was closed in good order is known to have held something.
            #expect(again.lastSequence == (isClosed ? 11 : 8))
            let lost = RecoveryFinding.damage(from: 9, to: 10, reason: .unwritten, quarantine: nil)
            #expect(again.recovery.findings == (isClosed ? [lost] : []))
        }
    }

    @Test(
        "a damaged record at the very end may have been answered for: it is reported, and its sequence not used again")
    func uncertainEnd() throws {
        let storage = SimulatedStorage(seed: 1)
        try fill(try open(storage), 10)
        storage.damage("journal-00000005-0000000000000001.seg", at: 512 + 9 * 128 + 40, mask: 4)
        let again = try open(storage.afterProcessEnd())
        guard case .damage(10, 10, .uncertain, _?) = again.recovery.findings.first else {
            Issue.record("\(again.recovery.findings)")
            return
        }
        #expect(try again.append(type: Rig.sale, payload: []).sequence == 12)
        let records = try again.records(from: 10, limit: 3)
        #expect(records.map(\.slot.type) == [.gap, .gap, Rig.sale])
        #expect(Rig.key.verifies(records[0].bytes, after: try again.records(from: 9, limit: 1)[0].mac))
        #expect(ChainLink(after: records[0].slot, bytes: records[0].bytes) != .lost)
    }
}

/// The page's arithmetic, written again for the tests.
enum Page {
    static func mac(of slot: [UInt8], after previous: ChainMAC, key: [UInt8]) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: previous.bytes + slot[..<116], using: SymmetricKey(data: key)).prefix(
                8))
    }
}
