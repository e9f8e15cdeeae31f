import Foundation
import Platform
import Simulator
import Synchronization
import Testing

@testable import Journal

@Suite("Audit of a journal")
struct AuditTests {
    @Test("the audit of a whole journal finds what the writer wrote, and its chain verified")
    func whole() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try filled(storage, records: 40)
        let record = try #require(try journal.records(from: 20, limit: 1).first)
        try journal.acknowledge(through: 20, chainHead: record.mac)
        var sequences: [UInt64] = []
        let summary = try JournalAudit.run(storage: storage, rootKey: Rig.key) { sequences.append($0.slot.sequence) }
        #expect(sequences == Array(1...40))
        #expect(summary.status == .valid)
        #expect(summary.terminal == 3)
        #expect(summary.epoch == 5)
        #expect((summary.records, summary.first, summary.last, summary.next) == (40, 1, 40, 41))
        #expect(summary.acknowledged == 20)
        #expect(summary.chain == .verified)
        #expect((summary.firstBreak, summary.unverified) == (nil, 0))
        #expect(try JournalAudit.run(storage: storage).chain == .notChecked)
    }

    @Test("damage is damage until the writer has reported it, and listed for ever")
    func damageBeforeAndAfterTheReport() throws {
        let storage = SimulatedStorage(seed: 1)
        _ = try filled(storage, records: 40)
        storage.damage(segment(17), at: 512 + 128 + 40, mask: 1)
        let stretch = AuditSummary.Stretch(from: 18, to: 18, kind: .damaged)
        let before = try JournalAudit.run(storage: storage, rootKey: Rig.key)
        #expect(before.status == .damaged)
        #expect(before.damage == [stretch])
        #expect((before.records, before.unverified, before.firstBreak) == (39, 0, nil))
        let after = storage.afterProcessEnd()
        _ = try Rig.open(after)
        let summary = try JournalAudit.run(storage: after, rootKey: Rig.key)
        #expect(summary.status == .valid)
        #expect(summary.damage == [])
        #expect(summary.reported == [stretch])
        #expect(summary.gaps == [AuditSummary.Gap(sequence: 41, from: 18, to: 18, reason: "damaged")])
        #expect((summary.records, summary.next, summary.firstBreak) == (40, 42, nil))
    }

    @Test("the first record that does not follow from the one before is named, with the right key only")
    func forged() throws {
        let storage = SimulatedStorage(seed: 1)
        _ = try filled(storage, records: 40)
        let file = try storage.open(segment(17))
        var bytes = try file.read(at: 512 + 3 * Slot.size, count: Slot.size)
        bytes[40] ^= 1
        bytes.store(CRC32C.checksum(bytes[..<124]), at: 124)
        try file.write(bytes, at: 512 + 3 * Slot.size)
        let summary = try JournalAudit.run(storage: storage, rootKey: Rig.key)
        #expect((summary.status, summary.chain, summary.firstBreak) == (.damaged, .broken, 20))
        #expect(try JournalAudit.run(storage: storage).status == .valid)
        #expect(throws: AuditError.journal(.wrongKey(file: segment(1)))) {
            try JournalAudit.run(storage: storage, rootKey: ChainKey(bytes: [UInt8](repeating: 8, count: 32)))
        }
    }

    @Test("a segment recycled while the audit runs is no damage, and a record written meanwhile no hole")
    func besideAWriter() throws {
        let storage = SimulatedStorage(seed: 1)
        let journal = try filled(storage, records: 40)
        let audit = try JournalAudit(storage: storage, rootKey: Rig.key)
        let record = try #require(try journal.records(from: 36, limit: 1).first)
        try journal.acknowledge(through: 36, chainHead: record.mac)
        for number in 41...60 as ClosedRange<UInt64> {
            _ = try journal.append(type: Rig.sale, payload: Rig.payload(number))
        }
        #expect(!storage.names.contains(segment(1)))
        let summary = try audit.run()
        #expect(summary.status == .valid)
        #expect((summary.damage, summary.acknowledgedDamage, summary.damagedHeaders) == ([], [], []))
        #expect((summary.acknowledged, summary.last) == (36, 48))
    }

    @Test("audits beside a busy writer on real files never find damage, and each finds all that was written before it")
    func besideABusyWriter() throws {
        let scratch = try Scratch()
        let journal = try JournalWriter.open(
            storage: try FileStorage(directory: scratch.path), terminal: 3, key: Rig.key, time: SystemTime(),
            options: Rig.options)
        try String(repeating: "07", count: 32).write(
            toFile: scratch.path + "/key", atomically: true, encoding: .utf8)
        let isDone = Mutex(false)
        let thread = DedicatedThread(name: "writer") {
            for number in 1...Sweep.pick(quick: 300, normal: 1500, full: 20_000) {
                let drafts = (0..<1 + number % 9).map { _ in
                    JournalWriter.Draft(type: Rig.sale, payload: Rig.payload(UInt64(number)))
                }
                _ = journal.append(drafts)
                guard number % 5 == 0, let record = try? journal.records(from: journal.lastSequence, limit: 1).first
                else { continue }
                try? journal.acknowledge(through: record.slot.sequence, chainHead: record.mac)
            }
            isDone.withLock { $0 = true }
        }
        var audits = 0
        while !isDone.withLock({ $0 }) {
            let before = journal.lastSequence
            let summary: [String: Any]
            if audits % 10 == 9 {
                let lines = try PythonReader.summaries([scratch.path], key: scratch.path + "/key")
                summary = try #require(lines.first)
            } else {
                summary = try Self.verdict(on: scratch.path)
            }
            #expect(summary["status"] as? String == "valid", "audit \(audits): \(summary)")
            #expect((summary["next"] as? UInt64 ?? 0) > before, "audit \(audits): \(summary)")
            #expect((summary["damagedHeaders"] as? [UInt64]) == [], "audit \(audits): \(summary)")
            #expect(summary["firstBreak"] is NSNull, "audit \(audits): \(summary)")
            audits += 1
        }
        #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 10_000)))
        print("journal: \(audits) audits beside a writer of \(journal.lastSequence) records")
    }

    @Test("what is no journal, several at once, or a newer program's is refused by its name")
    func refusals() throws {
        #expect(throws: AuditError.noJournal) { try JournalAudit.run(storage: SimulatedStorage(seed: 1)) }
        let storage = SimulatedStorage(seed: 1)
        _ = try filled(storage, records: 3)
        let header = try storage.open(segment(1)).read(at: 0, count: 512)
        func with(_ name: String, _ change: (inout [UInt8]) -> Void) throws -> SimulatedStorage {
            let copy = storage.afterProcessEnd()
            var bytes = header
            change(&bytes)
            bytes.store(CRC32C.checksum(bytes[..<508]), at: 508)
            try copy.replace(name, with: bytes)
            return copy
        }
        let other = try with(segment(17)) {
            $0.store(UInt16(4), at: 10)
            $0.store(UInt64(17), at: 16)
        }
        #expect(throws: AuditError.severalTerminals([3, 4])) { try JournalAudit.run(storage: other) }
        let newer = try with(segment(1)) { $0.store(UInt16(9), at: 8) }
        #expect(throws: AuditError.journal(.unknownFormat(file: segment(1), version: 9))) {
            try JournalAudit.run(storage: newer)
        }
        let mixed = try with("journal-00000006-0000000000000011.seg") { _ in }
        #expect(throws: AuditError.journal(.mixedEpochs([5, 6]))) { try JournalAudit.run(storage: mixed) }
    }

    @Test("names and counts at the ends of their range are read without a trap")
    func absurdNumbers() throws {
        let storage = SimulatedStorage(seed: 1)
        _ = try filled(storage, records: 3)
        _ = try storage.create("journal-00000005-ffffffffffffffff.seg", size: 512 + 4 * Slot.size)
        let summary = try JournalAudit.run(storage: storage, rootKey: Rig.key)
        #expect((summary.status, summary.last, summary.next) == (.valid, 3, 4), "no journal counts as far as that")
        #expect(try Rig.open(storage.afterProcessEnd()).recovery.findings == [])
        let far = "journal-00000005-4000000000000000.seg"
        _ = try storage.create(far, size: 512 + 4 * Slot.size)
        #expect(throws: AuditError.journal(.strayFile(far))) { try JournalAudit.run(storage: storage) }
        #expect(throws: JournalError.strayFile(far)) { try Rig.open(storage.afterProcessEnd()) }
    }

    @Test("the Python reader agrees with the audit on random journals, damaged ones included")
    func agreesWithThePythonReader() throws {
        let count = Sweep.pick(quick: 200, normal: 1000, full: 1000)
        let seed: UInt64 = 20_260_901
        let scratch = try Scratch()
        for number in 0..<count {
            try RandomJournal(seed: seed &+ UInt64(number)).write(to: "\(scratch.path)/\(number)")
        }
        try String(repeating: "07", count: 32).write(
            toFile: scratch.path + "/key", atomically: true, encoding: .utf8)
        let lines = try PythonReader.summaries(
            (0..<count).map { "\(scratch.path)/\($0)" }, key: scratch.path + "/key")
        try #require(lines.count == count)
        var tally: [String: Int] = [:]
        for (number, line) in lines.enumerated() {
            let directory = "\(scratch.path)/\(number)"
            let mine = try Self.verdict(on: directory)
            let status = mine["status"] as? String ?? ""
            tally[status, default: 0] += 1
            if status == "unreadable" {
                #expect(line["status"] as? String == status, "seed \(seed &+ UInt64(number)): \(line)")
            } else {
                #expect(
                    NSDictionary(dictionary: mine) == NSDictionary(dictionary: line),
                    "seed \(seed &+ UInt64(number)): Swift \(mine), Python \(line)")
                try Self.expectSameEnd(mine, directory, "seed \(seed &+ UInt64(number))")
            }
        }
        print("journal, seed \(seed): Python and Swift agree on \(count) journals: \(tally.sorted { $0.key < $1.key })")
    }

    /// The writer's recovery, which shares no walk with the audit, goes on at the sequence that the audit names.
    private static func expectSameEnd(_ verdict: [String: Any], _ directory: String, _ context: String) throws {
        let journal = try JournalWriter.open(
            storage: try FileStorage(directory: directory), terminal: 3, key: Rig.key, time: SystemTime(),
            options: Rig.options)
        let next = try #require(verdict["next"] as? UInt64)
        let after = try journal.records(from: next, limit: 100)
        #expect(after.allSatisfy { $0.slot.type == .gap }, "\(context): \(verdict), \(journal.recovery)")
        #expect(after.count == Int(journal.lastSequence + 1 - next), "\(context): \(verdict), \(journal.recovery)")
    }

    /// What the audit says of the files in `directory`, in the form of the Python reader's lines.
    private static func verdict(on directory: String) throws -> [String: Any] {
        do {
            let storage = try FileStorage(directory: directory, access: .readOnly)
            let summary = try JournalAudit.run(storage: storage, rootKey: Rig.key)
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary))
            return (object as? [String: Any] ?? [:]).merging(["directory": directory]) { $1 }
        } catch let error as AuditError {
            return ["directory": directory, "status": "unreadable", "reason": "\(error)"]
        }
    }

    private func filled(_ storage: SimulatedStorage, records: UInt64) throws -> JournalWriter {
        let journal = try Rig.open(storage)
        for number in 1...records { _ = try journal.append(type: Rig.sale, payload: Rig.payload(number)) }
        return journal
    }

    private func segment(_ first: UInt64) -> String { Segment(epoch: 5, first: first, slots: 0).name }
}

/// `tools/journal-dump`, which was written from the format's page alone.
enum PythonReader {
    static func summaries(_ directories: [String], key: String) throws -> [[String: Any]] {
        let process = Process()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["python3", "-B", root.path + "/tools/journal-dump", "--summary", "--json", "--key", key] + directories
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try data.split(separator: UInt8(ascii: "\n")).map {
            try JSONSerialization.jsonObject(with: $0) as? [String: Any] ?? [:]
        }
    }
}
