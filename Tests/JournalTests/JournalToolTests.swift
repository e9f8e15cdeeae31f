import Foundation
import LedgerProtocol
import Platform
import TestSupport
import Testing

@testable import Journal

@Suite("The technician's journal commands, as a process")
struct JournalToolTests {
    private let scratch: Scratch
    private var journal: String { scratch.path + "/journal" }
    private static let uid: [UInt8] = [0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6]
    private static let account: UInt64 = 900_012_345

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        try String(repeating: "07", count: 32).write(
            toFile: scratch.path + "/key", atomically: true, encoding: .utf8)
    }

    @Test("the exit status is 0 for a valid journal, 1 for a damaged one, 2 for none, and nothing is changed by asking")
    func exitStatuses() throws {
        _ = try fill()
        let whole = try state(of: journal)
        for command in ["verify", "dump", "stats"] {
            #expect(try yika(command).status == 0)
            #expect(try yika(command, "--json", "--key", scratch.path + "/key").status == 0)
        }
        #expect(try yika("export", scratch.path + "/whole").status == 0)
        #expect(try state(of: journal) == whole)
        try damage(record: 18)
        let damaged = try state(of: journal)
        for command in ["verify", "dump", "stats"] { #expect(try yika(command).status == 1) }
        #expect(try yika("verify").output.contains("LOST      record 18, damaged, not reported"))
        #expect(try yika("export", scratch.path + "/damaged").status == 1)
        #expect(try state(of: journal) == damaged)
        for command in ["verify", "dump", "stats", "export"] {
            let arguments = command == "export" ? [command, scratch.path + "/none"] : [command]
            let run = try run(arguments + ["--directory", scratch.path + "/nowhere"])
            #expect(run.status == 2)
            #expect(run.errors.contains("No such file or directory; name the journal's directory with --directory"))
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/none"))
    }

    @Test("the commands work beside the writer, which has the journal locked")
    func besideTheWriter() throws {
        let writer = try fill()
        #expect(try yika("verify").status == 0)
        _ = try writer.append(type: Rig.sale, payload: [1])
        #expect(try object(yika("verify", "--json").output)["records"] as? Int == 41)
    }

    @Test("dump tells each record as one JSON object with the Python reader's fields, and masks whose card it was")
    func dump() throws {
        _ = try fill()
        let lines = try yika("dump", "--json").output.split(separator: "\n").map(String.init)
        #expect(lines.count == 41)
        let record = try object(lines[0])
        let expected = try object(
            run("python3", ["-B", Repository.root + "/tools/journal-dump", "--json", journal]).output
                .split(separator: "\n").map(String.init)[0])
        #expect(Set(record.keys) == Set(expected.keys).union(["activation"]))
        for (key, value) in expected where key != "payload" { #expect("\(record[key] ?? "")" == "\(value)", "\(key)") }
        #expect(record["payload"] is NSNull)
        let masked = try yika("dump").output
        #expect(masked.contains("intent  card ..e5f6, account ..45, serial 1, layout 7, sector 3, key version 1"))
        for text in [masked, lines.joined()] {
            #expect(!text.contains(Self.uid.hex()))
            #expect(!text.contains("\(Self.account)"))
        }
        let open = try yika("dump", "--reveal").output
        #expect(open.contains("card 04a1b2c3d4e5f6, account 900012345"))
        #expect(try object(lines[40])["status"] as? String == "valid")
        let few = try yika("dump", "--json", "--from", "3", "--to", "6", "--type", "intent").output
        #expect(few.split(separator: "\n").count == 3)
        #expect(try run(["dump", "--type", "sales", "--directory", journal]).status == 64)
    }

    @Test("stats counts what is there, by type and boot")
    func stats() throws {
        let writer = try fill()
        let record = try #require(try writer.records(from: 30, limit: 1).first)
        try writer.acknowledge(through: 30, chainHead: record.mac)
        let figures = try object(yika("stats", "--json").output)
        #expect(figures["records"] as? Int == 40)
        #expect(figures["unacknowledged"] as? Int == 10)
        #expect(figures["freeSlots"] as? Int == writer.freeSlots)
        #expect(figures["hasSpare"] as? Bool == true)
        #expect(figures["segments"] as? Int == 3)
        let types = try #require(figures["byType"] as? [[String: Any]])
        #expect(types.map { "\($0["name"] ?? "") \($0["records"] ?? "")" } == ["intent 20", "outcome 20"])
        #expect(try yika("stats").output.contains("unacknowledged  10, the oldest from "))
    }

    @Test("export copies all but the secrets into a new directory, and refuses one that exists")
    func export() throws {
        let writer = try fill()
        try Data([1, 2, 3]).write(to: URL(filePath: journal + "/head"))
        let path = scratch.path + "/copy"
        let report = try object(yika("export", path, "--json", "--key", scratch.path + "/key").output)
        let copied = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        #expect(
            copied == ["cursor"]
                + (try FileManager.default.contentsOfDirectory(atPath: journal)).filter {
                    $0.hasSuffix(".seg")
                }.sorted())
        for name in copied {
            #expect(FileManager.default.contentsEqual(atPath: path + "/" + name, andPath: journal + "/" + name))
        }
        #expect((report["copy"] as? [String: Any])?["chain"] as? String == "verified")
        #expect(writer.lastSequence == 40)
        let again = try run(["export", path, "--directory", journal])
        #expect(again.status == 2)
        #expect(again.errors.contains("File exists; name a directory that does not exist yet"))
    }

    private func fill() throws -> JournalWriter {
        let writer = try JournalWriter.open(
            storage: try FileStorage(directory: journal), terminal: 3, key: Rig.key, time: SystemTime(),
            options: Rig.options)
        let intent = ActivationIntent(
            uid: Self.uid, layout: 7, sector: 3, keyVersion: 1, account: Self.account, cardSerial: 1, permit: .online,
            rosterVersion: 0)
        for number in 1...20 as ClosedRange<UInt64> {
            _ = try writer.append(type: RecordType(rawValue: ActivationRecordType.intent), payload: intent.encoded)
            let outcome = ActivationOutcome(
                intent: intent, intentSequence: number * 2 - 1, result: .activated, smallPurse: Fen(120), apdus: 22,
                elapsedMilliseconds: 800)
            _ = try writer.append(type: RecordType(rawValue: ActivationRecordType.outcome), payload: outcome.encoded)
        }
        return writer
    }

    private func damage(record: Int) throws {
        let path = journal + "/" + Segment(epoch: 5, first: UInt64((record - 1) / 16 * 16 + 1), slots: 0).name
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[512 + (record - 1) % 16 * 128 + 50] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
    }

    /// Names, bytes and times of change of a directory and all files in it.
    private func state(of directory: String) throws -> [String: [String]] {
        var state: [String: [String]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) + ["."] {
            let path = directory + "/" + name
            let changed = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            let bytes = name == "." ? nil : FileManager.default.contents(atPath: path)
            state[name] = ["\(changed?.timeIntervalSince1970 ?? 0)", bytes?.base64EncodedString() ?? ""]
        }
        return state
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func yika(_ arguments: String...) throws -> (status: Int32?, output: String, errors: String) {
        try run(arguments + ["--directory", journal])
    }

    private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: String) {
        try run(Programs.path(of: "yika"), ["journal"] + arguments)
    }

    private func run(
        _ program: String, _ arguments: [String]
    ) throws -> (status: Int32?, output: String, errors: String) {
        let name = "run-\(UInt32.random(in: 0...UInt32.max))"
        let path = program.hasPrefix("/") ? program : "/usr/bin/\(program)"
        let process = try RunningProgram(path, arguments, name: name, folder: scratch.path)
        return (process.waitForExit(), process.output, process.errors)
    }
}
