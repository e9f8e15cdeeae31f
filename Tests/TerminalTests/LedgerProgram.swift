import Foundation
import Glibc
import TestSupport

/// A real ledger: books, keys and the service as a process.
final class LedgerProgram {
    private let folder: String
    private let program: String
    private(set) var port: Int
    private var service: RunningProgram?

    /// Makes the books with `people` and `terminals` in them; nothing listens yet.
    init(folder: String, accounts: [[String: Any]], terminals: [[String: Any]]) throws {
        self.folder = folder
        program = try Programs.path(of: "yika-ledger")
        port = 0
        _ = try run("init", books + keys)
        let campus = folder + "/campus.json"
        try JSONSerialization.data(withJSONObject: ["accounts": accounts, "terminals": terminals])
            .write(to: URL(filePath: campus))
        _ = try run("import", [campus] + books + keys)
    }

    deinit { service?.send(SIGKILL) }

    /// The key that signs rosters, in hexadecimal.
    var publicKey: String { get throws { try text("signing.pub") } }
    /// The campus's key over holder numbers, in hexadecimal.
    var rosterKey: String { get throws { try text("roster.key") } }

    /// Starts the service and returns when it listens: the first time on a free port, later on the same one.
    func start() throws {
        let service = try RunningProgram(
            program, ["serve", "--port", "\(port)"] + books + keys, name: "ledger-\(UInt32.random(in: 0...9999))",
            folder: folder)
        self.service = service
        for _ in 0..<6000 where service.isRunning && !service.output.contains("\n") { usleep(10_000) }
        guard let line = service.output.split(separator: "\n").first,
            let found = Int(line.split(separator: ":").last ?? "")
        else { throw RunningProgram.Failed(name: "ledger", status: nil, errors: service.errors) }
        port = found
    }

    /// Ends the service.
    func stop() {
        service?.send(SIGTERM)
        if service?.waitForExit(seconds: 20) == nil { service?.send(SIGKILL) }
        service = nil
    }

    /// Lets the service stand still: it takes connections and does not answer.
    func freeze() { service?.send(SIGSTOP) }

    /// Lets the service go on.
    func thaw() { service?.send(SIGCONT) }

    /// What `yika-ledger check` finds.
    struct Findings: Decodable {
        let outcomes: Int
        let cards: Int
        let suspense: Int
        let pending: Int
        let sumFen: Int
        let violations: [String]
    }

    /// Proves the books.
    func check() throws -> Findings {
        try JSONDecoder().decode(Findings.self, from: Data(try run("check", ["--json"] + books).utf8))
    }

    /// One outcome or pending intent of an activation.
    struct Activation: Decodable {
        let uid: String
        let effect: String
        let paidFen: Int
    }

    /// The activations that the books hold.
    func activations() throws -> [Activation] {
        try JSONDecoder().decode(
            [Activation].self, from: Data(try run("show", ["activations", "--json"] + books).utf8))
    }

    /// Makes all credentials in the books ones of `life` days that were given out `days` ago.
    func ageCredentials(days: Int, of life: Int) throws {
        let sql = """
            import sqlite3, time
            now = time.time_ns() // 1_000_000
            issued = now - \(days) * 86_400_000
            with sqlite3.connect("\(folder)/ledger.sqlite", timeout=30) as books:
                books.execute("UPDATE credentials SET issued_ms = ?, expires_ms = ?", (issued, issued + \(life) * 86_400_000))
            """
        _ = try RunningProgram.run("/usr/bin/python3", ["-c", sql], name: "age", folder: folder)
    }

    private var books: [String] { ["--database", folder + "/ledger.sqlite"] }
    private var keys: [String] { ["--keys", folder + "/ledger-keys"] }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder + "/ledger-keys/" + name, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func run(_ command: String, _ arguments: [String]) throws -> String {
        try RunningProgram.run(program, [command] + arguments, name: "yika-ledger-\(command)", folder: folder)
    }
}
