import Foundation
import Platform
import SmartCard
import Testing

@testable import Diagnosis

@Suite("Bug report")
struct BugReportTests {
    @Test(
        "what must not leave the box is taken out of a line, and what explains it stays",
        arguments: [
            (#"{ "token": "5RZQ-AAAA", "name": "Gate" }"#, #"{ "token": "‹secret›", "name": "Gate" }"#),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ‹secret›"),
            ("journalKey=00112233", "journalKey=‹secret›"),
            ("key A FFFFFFFFFFFF of sector 9", "key A ‹12 digits› of sector 9"),
            ("uid 04 A1 B2 C3 D4 E5 80 seen", "uid ‹7 bytes› seen"),
            ("uid 04:a1:b2:c3:d4:e5:80 seen", "uid ‹7 bytes› seen"),
            ("holder 2026010001, phone 13800138000", "holder ‹10 digits›, phone ‹11 digits›"),
            ("id 110101199001011234 end", "id ‹18 digits› end"),
            ("at 1800000000000 ms, tap 17, 8080/tcp, v1.5.2", "at 1800000000000 ms, tap 17, 8080/tcp, v1.5.2"),
            ("[YK-R01] pcscd cannot be reached", "[YK-R01] pcscd cannot be reached"),
            ("the tokens of the turnkey system", "the tokens of the turnkey system"),
        ])
    func redaction(line: String, expected: String) {
        #expect(Redaction.redact(line) == expected)
        #expect(Redaction.redact(expected) == expected)
    }

    @Test(
        "a report is one archive with an id, in which nothing planted as a secret is found, and what is missing is named"
    )
    func archive() throws {
        let planted = try PlantedBox()
        let file = planted.folder + "/report.tar.gz"
        let secrets = ["0123456789abcdef0123456789abcdef", "2026010001", "A0A1A2A3A4A5"]
        let manifest = try BugReport.write(
            to: file, box: planted.box,
            others: [("doctor.json", "key \(secrets[0]) of \(secrets[1]), \(secrets[2])"), ("status.json", nil)])
        #expect(manifest.id.hasPrefix("YK-") && manifest.id.count == 9)
        #expect(manifest.items.first { $0.name == "status.json" }?.problem == "not to be had")
        #expect(manifest.items.contains { $0.name == "mountinfo" && $0.bytes ?? 0 > 0 })
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let listing = try Command.run(["tar", "-tzf", file])
        let names = String(decoding: listing.output, as: UTF8.self)
        #expect(listing.status == 0 && names.contains("\(manifest.id)/manifest.json") && names.contains("doctor.json"))
        let content = String(decoding: try Command.run(["tar", "-xzOf", file]).output, as: UTF8.self)
        #expect(content.contains("‹10 digits›"))
        for secret in secrets { #expect(!content.contains(secret)) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: planted.folder).filter { $0.hasSuffix(".part") } == [])
    }

    @Test("a program that is not there, or does not end, costs its own output alone")
    func commands() throws {
        #expect(throws: Command.Failure.notStarted(2)) { try Command.run(["yika-has-no-such-program"]) }
        #expect(throws: Command.Failure.tooSlow) { try Command.run(["sleep", "60"], seconds: 0) }
        let upper = try Command.filter(Array("secret".utf8), through: ["sh", "-c", "tr a-z A-Z; echo no >&2; exit 4"])
        #expect(upper.output == Array("SECRET".utf8) && upper.errors == "no\n" && upper.status >> 8 == 4)
        #expect(try Command.run(["sh", "-c", "echo out; echo err >&2; exit 3"]).status >> 8 == 3)
    }
}
