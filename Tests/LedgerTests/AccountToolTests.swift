import Crypto
import Foundation
import LedgerProtocol
import Platform
import TestSupport
import Testing

@testable import Ledger

@Suite("yika-ledger for people", .serialized)
struct AccountToolTests {
    private struct Answer {
        let status: Int32
        let output: String
        let errors: String
    }

    /// A ledger in a folder of its own, used by its program only.
    private final class Tool {
        let folder: URL
        private let program: String

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("yika-tool-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            program = try Programs.path(of: "yika-ledger")
            _ = try run("init")
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func run(_ words: String..., input: String = "") throws -> Answer {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments =
                words + ["--database", folder.path + "/ledger.sqlite"]
                + (["check", "show", "activation-end"].contains(words[0]) ? [] : ["--keys", folder.path + "/keys"])
            let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
            process.standardInput = standardInput
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try standardInput.fileHandleForWriting.close()
            let said = output.fileHandleForReading.readDataToEndOfFile()
            let complained = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Answer(
                status: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
                errors: String(decoding: complained, as: UTF8.self))
        }

        func file(_ name: String, _ text: String) throws -> String {
            let path = folder.path + "/" + name
            try Data(text.utf8).write(to: URL(filePath: path))
            return path
        }
    }

    @Test("A day at the card centre, from the register to the statement, with JSON and exit statuses as documented")
    func day() throws {
        let tool = try Tool()
        let people = try tool.file(
            "people.csv",
            "holderNumber,name,category,idNumber\nT1,吴一舟,staff,11010519491231002X\nS1,林小满,student,440524188001010014\n")
        let dry = try tool.run("people", "import", people, "--dry-run")
        #expect(dry.status == 0 && dry.output.contains("2 new") && dry.output.contains("nothing was imported"))
        #expect(dry.errors == "")
        #expect(try tool.run("people", "import", people, "--json").status == 0)
        let balances = try tool.file("balances.csv", "holderNumber,balanceFen\nT1,5000\nS1,1\n")
        let refused = try tool.run("balances", "import", balances)
        #expect(refused.status == 1 && refused.errors.contains("line 3: a student's balance"))
        #expect(try tool.run("balances", "import", balances, "--dry-run").status == 1)
        let good = try tool.file("good.csv", "holderNumber,balanceFen\nT1,5000\n")
        #expect(try tool.run("balances", "import", good).status == 0)
        let opened = try tool.run("account", "open", "T1", "吴一舟", "--json")
        let account = try JSONDecoder().decode(AccountView.self, from: Data(opened.output.utf8))
        #expect(opened.status == 0 && account.balanceFen == 5_000 && account.hasPin)
        let number = "\(account.account)"
        #expect(try tool.run("account", "open", "T1", "吴").errors.contains("L-NO-PERSON"))
        for _ in 0..<2 {
            let paid = try tool.run("account", "top-up", number, "--fen", "250", "--reference", "a")
            #expect(paid.status == 0 && paid.output.contains("52.50"))
        }
        #expect(try tool.run("account", "balance", "--holder", "T1").output == "52.50\n")
        #expect(try tool.run("account", "pin", "verify", number, input: "310020\n").status == 0)
        let wrong = try tool.run("account", "pin", "verify", number, input: "310021\n")
        #expect(wrong.status == 1 && wrong.errors.contains("L-PIN"))
        #expect(try tool.run("account", "pin", "change", number, input: "310020\n111111\n").status == 0)
        #expect(try tool.run("account", "pin", "verify", number, input: "111111\n").status == 0)
        #expect(try tool.run("account", "pin", "reset", number, input: "").status == 1)
        #expect(try tool.run("account", "lost", number).output.contains("reported lost"))
        #expect(try tool.run("account", "found", "--holder", "T1").status == 0)
        #expect(try tool.run("lost", "T1").status == 0)
        let replaced = try tool.run("account", "replace-card", number, "--reason", "lost", "--reference", "b")
        #expect(replaced.status == 0 && replaced.output.contains("number 2"))
        #expect(try tool.run("account", "late", number, "--days", "3").status == 0)
        #expect(try tool.run("account", "language", number, "en").output.contains("language   en"))
        #expect(try tool.run("account", "language", number, "English!").errors.contains("L-MALFORMED"))
        #expect(try tool.run("account", "show", number).output.contains("language   en"))
        #expect(try tool.run("account", "language", number, "none").output.contains("language   -"))
        #expect(try tool.run("account", "statement", number, "--limit", "1").output.contains("next "))
        let statement = try tool.run("account", "statement", number, "--json")
        let lines = try JSONDecoder().decode(Page<StatementLine>.self, from: Data(statement.output.utf8)).items
        #expect(lines.map(\.fen) == [-1_000, 250, 5_000])
        #expect(try tool.run("account", "show").status == 64)
        #expect(try tool.run("account", "show", "1999999").status == 1)
        #expect(try tool.run("check").status == 0)
        let audit = try tool.run("audit", "--account", number)
        #expect(audit.status == 0 && audit.output.contains("card-replace"))
        // As a word: in the middle of the day every line says 2026-…T1….
        #expect(!audit.output.contains(/\bT1\b/))
    }

    @Test("A token is made, listed without itself, and revoked")
    func tokens() throws {
        let tool = try Tool()
        let added = try tool.run("token", "add", "auditor", "--label", "the auditor", "--days", "9", "--json")
        let token = try JSONDecoder().decode(NewToken.self, from: Data(added.output.utf8))
        let list = try tool.run("token", "list")
        #expect(list.output.contains(token.kept.id) && !list.output.contains(token.token))
        #expect(try tool.run("token", "revoke", token.kept.id).output.contains("ends now"))
        #expect(try tool.run("token", "revoke", token.kept.id).output.contains("ended already"))
        #expect(try tool.run("token", "revoke", "zz").status == 1)
        #expect(try tool.run("token", "add", "technician", "--label", "me").status == 1)
        #expect(try tool.run("suspense", "list", "--json").output.contains("["))
        let resolved = try tool.run("suspense", "resolve", "1/7/4", "--dismiss", "--note", "n")
        #expect(resolved.status == 1 && resolved.errors.contains("L-NO-SUSPENSE"))
        #expect(try tool.run("suspense", "resolve", "1/7/4", "--note", "n").status == 64)
    }

    @Test("The end of the days of activation is set, told, and taken away again")
    func activationEnd() throws {
        let tool = try Tool()
        #expect(try tool.run("activation-end").output == "activation does not end\n")
        let set = try tool.run("activation-end", "2026-09-07T00:00:00+08:00")
        #expect(set.output == "activation ends 2026-09-06T16:00:00Z\n", "\(set.output)\(set.errors)")
        #expect(try tool.run("activation-end", "tomorrow").status == 1)
        #expect(try tool.run("activation-end", "never").output == "activation does not end\n")
    }

    @Test("Subsidies are granted from a file once, shown with the account, and wrong lines are named")
    func subsidies() throws {
        let tool = try Tool()
        let people = try tool.file("people.csv", "holderNumber,name,category,pin\nS1,林小满,student,123456\n")
        #expect(try tool.run("people", "import", people).status == 0)
        let file = try tool.file("subsidy.csv", "holderNumber,subsidyFen\nS1,30000\n")
        let early = try tool.run("subsidy", "import", file, "--reference", "2026-09")
        #expect(early.status == 1 && early.errors.contains("line 2: holderNumber: no account is open"))
        #expect(try tool.run("account", "open", "S1", "林小满").status == 0)
        let dry = try tool.run("subsidy", "import", file, "--reference", "2026-09", "--dry-run")
        #expect(dry.status == 0 && dry.output.contains("1 new") && dry.output.contains("nothing was imported"))
        for _ in 0..<2 { #expect(try tool.run("subsidy", "import", file, "--reference", "2026-09").status == 0) }
        let shown = try tool.run("account", "show", "--holder", "S1")
        #expect(shown.output.contains("subsidy 300.00 yuan"), "\(shown.output)")
        #expect(try tool.run("account", "statement", "--holder", "S1").output.contains("(subsidy 300.00)"))
        #expect(try tool.run("subsidy", "import", file).status == 64)
        #expect(try tool.run("check").status == 0)
    }

    @Test("The command that plays the app makes its key once, and codes that any terminal takes with no network")
    func payCode() throws {
        let tool = try Tool()
        let people = try tool.file("people.csv", "holderNumber,name,category,pin\nS1,林小满,student,123456\n")
        #expect(try tool.run("people", "import", people).status == 0)
        #expect(try tool.run("account", "open", "S1", "林小满").status == 0)
        let key = tool.folder.path + "/app.key"
        let publicKey = try Curve25519.Signing.PublicKey(
            rawRepresentation: try #require(
                [UInt8](
                    hex: String(contentsOfFile: tool.folder.path + "/keys/signing.pub", encoding: .utf8)
                        .trimmingCharacters(in: .whitespacesAndNewlines))))
        var codes: [PaymentCode] = []
        for _ in 0..<2 {
            let made = try tool.run("paycode", "--holder", "S1", "--key", key, "--text")
            #expect(made.status == 0, "\(made.errors)")
            codes.append(try PaymentCode(verifying: made.output, with: publicKey))
        }
        #expect(codes[0].certificate.deviceKey == codes[1].certificate.deviceKey && codes[0].hash != codes[1].hash)
        let now = SystemTime().wallMilliseconds()
        #expect(codes.allSatisfy { $0.certificate.isValid(at: now) && $0.account == 1_000_001 })
        #expect(abs(Int64(codes[1].minute) - now / 60_000) <= 1)
        let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let json = try tool.run("paycode", "1000001", "--key", key, "--json")
        #expect(json.status == 0 && json.output.contains("\"text\" : \"YK1"))
        #expect(try tool.run("audit").output.contains("app: "))
        let wrong = try tool.file("wrong.key", "no key\n")
        #expect(try tool.run("paycode", "1000001", "--key", wrong).status == 2)
        #expect(try tool.run("paycode", "1000001", "--key", key, "--text", "--json").status == 64)
        #expect(try tool.run("account", "lost", "--holder", "S1").status == 0)
        let lost = try tool.run("paycode", "1000001", "--key", key)
        #expect(lost.status == 1 && lost.errors.contains("L-LOST"))
    }

    @Test("The code is drawn as a QR symbol: three finder patterns, white all around, and the text beneath")
    func symbol() throws {
        let tool = try Tool()
        let people = try tool.file("people.csv", "holderNumber,name,category,pin\nS1,林小满,student,123456\n")
        #expect(try tool.run("people", "import", people).status == 0)
        #expect(try tool.run("account", "open", "S1", "林小满").status == 0)
        let drawn = try tool.run("paycode", "1000001", "--key", tool.folder.path + "/app.key")
        let all = drawn.output.split(separator: "\n").map(String.init)
        let text = try #require(all.last)
        let lines = all.dropLast()
        #expect(text.hasPrefix("YK1") && text.count == PaymentCode.textLength)
        // Two rows of modules a line; true where a module is dark.
        let rows: [[Bool]] = lines.flatMap { line in
            [line.map { $0 == "▄" || $0 == " " }, line.map { $0 == "▀" || $0 == " " }]
        }
        // A version 10 symbol has 57 modules a side, and 4 of white around it.
        let (width, quiet) = (57, 4)
        #expect(lines.allSatisfy { $0.count == width + 2 * quiet } && rows.count >= width + 2 * quiet)
        let finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
        for (top, left) in [(0, 0), (0, width - 7), (width - 7, 0)] {
            for (row, pattern) in finder.enumerated() {
                let found = rows[quiet + top + row][(quiet + left)...].prefix(7).map { $0 ? "1" : "0" }.joined()
                #expect(found == pattern)
            }
        }
        #expect(rows.prefix(quiet).allSatisfy { !$0.contains(true) })
        #expect(rows.allSatisfy { !$0.prefix(quiet).contains(true) && !$0.suffix(quiet).contains(true) })
    }
}
