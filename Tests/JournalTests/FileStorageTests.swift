import Foundation
import Platform
import Testing

@testable import Journal

/// A new directory, removed with the test.
final class Scratch {
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("yika-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
        path = base.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite("Journal on real files")
struct FileStorageTests {
    private func open(_ scratch: Scratch, terminal: UInt16 = 3) throws -> JournalWriter {
        try JournalWriter.open(
            storage: try FileStorage(directory: scratch.path), terminal: terminal, key: Rig.key, time: SystemTime(),
            options: Rig.options)
    }

    @Test("records written to files are read back, and a second opening is refused while the first lives")
    func roundTrip() throws {
        let scratch = try Scratch()
        do {
            let journal = try open(scratch)
            for number in 1...40 as ClosedRange<UInt64> {
                _ = try journal.append(type: Rig.sale, payload: Rig.payload(number))
            }
            #expect(throws: JournalError.locked) { try open(scratch) }
        }
        let again = try open(scratch)
        #expect(again.recovery.findings == [])
        #expect(again.recovery.records == 40)
        #expect(try again.records(from: 40, limit: 1).first?.slot.payload == Rig.payload(40))
    }

    @Test("a directory that is not there is reported as that")
    func missingDirectory() {
        #expect(throws: StorageError(call: "open", code: ENOENT, path: "/nowhere/journal")) {
            try FileStorage(directory: "/nowhere/journal")
        }
    }

    @Test("files of any size are made of written zeros, and reads end where the file does")
    func files() throws {
        let scratch = try Scratch()
        let storage = try FileStorage(directory: scratch.path)
        let file = try storage.create("a", size: 70_000)
        #expect(try file.size() == 70_000)
        try file.write([1, 2, 3], at: 69_999)
        #expect(try file.read(at: 69_998, count: 10) == [0, 1, 2, 3])
        try storage.replace("a", with: [9])
        #expect(try storage.contents(of: "a") == [9])
        #expect(try storage.contents(of: "b") == nil)
        #expect(try storage.list() == ["a"])
    }

    @Test("the specification is enough to read a journal: journal-dump finds every record and every damage")
    func dumpAgrees() throws {
        let scratch = try Scratch()
        do {
            let journal = try open(scratch)
            for number in 1...40 as ClosedRange<UInt64> {
                _ = try journal.append(type: Rig.sale, payload: Rig.payload(number))
            }
            let record = try #require(try journal.records(from: 20, limit: 1).first)
            try journal.acknowledge(through: 20, chainHead: record.mac)
        }
        let key = scratch.path + "/../key-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: key) }
        try String(repeating: "07", count: 32).write(toFile: key, atomically: true, encoding: .utf8)
        let sound = try dump(scratch.path, "--key", key)
        #expect(sound.status == 0, "\(sound.output)")
        #expect(sound.output.contains("records 40"))
        #expect(sound.output.contains("acknowledged 20"))
        #expect(try dump(scratch.path).status == 0)

        let segment = scratch.path + "/journal-00000005-0000000000000011.seg"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: segment)))
        bytes[512 + 128 + 40] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: segment))
        let known = try dump(scratch.path)
        #expect(known.status == 0, "\(known.output)")
        #expect(known.output.contains("acknowledgedDamage from 18 to 18 kind damaged"))
        try FileStorage(directory: scratch.path).rename("cursor", to: "moved")
        let damaged = try dump(scratch.path)
        #expect(damaged.status == 1, "\(damaged.output)")
        #expect(damaged.output.contains("  damage from 18 to 18 kind damaged"))
        try FileStorage(directory: scratch.path).rename("moved", to: "cursor")
        #expect(try dump(scratch.path + "/none").status == 2)

        let journal = try open(scratch)
        #expect(journal.lastSequence == 40, "the ledger has record 18: no gap is reported to it")
    }

    @Test("a storage for reading only changes nothing and makes nothing, and refuses each attempt as a read-only disk")
    func readOnly() throws {
        let scratch = try Scratch()
        let storage = try FileStorage(directory: scratch.path)
        try storage.replace("a", with: [9])
        let reader = try FileStorage(directory: scratch.path, access: .readOnly)
        #expect(try reader.contents(of: "a") == [9])
        #expect(throws: StorageError(call: "pwrite", code: EBADF, path: scratch.path + "/a")) {
            try reader.open("a").write([1], at: 0)
        }
        for (call, attempt) in [
            ("flock", { try reader.lock() }), ("openat", { _ = try reader.create("b", size: 0) }),
            ("renameat", { try reader.rename("a", to: "b") }), ("unlinkat", { try reader.remove("a") }),
        ] as [(String, () throws -> Void)] {
            do {
                try attempt()
                Issue.record("\(call) was allowed")
            } catch let error as StorageError {
                #expect(error.call == call)
                #expect(error.isReadOnly)
            }
        }
        #expect(try storage.list() == ["a"])
    }

    private func dump(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["python3", root.appendingPathComponent("tools/journal-dump").path, "--summary"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
