import Foundation
import Glibc
import TestSupport

@testable import Ledger

/// `yika-ledger` as processes: books of either kind, and services on them that are killed.
final class LedgerProcess: @unchecked Sendable {
    static let token = "the token of a terminal under test"

    /// Which database holds the books.
    enum Kind: String, CaseIterable, Sendable {
        case sqlite = "SQLite"
        case postgres = "PostgreSQL"
    }

    let folder: String
    let place: String
    private let program: String
    private var services: [Int: RunningProgram] = [:]
    private var ports: [Int: Int] = [:]
    private var runs = 0

    /// Makes books with people and `terminals` in them.
    init(_ kind: Kind, folder: String, terminals: [UInt16]) throws {
        self.folder = folder
        program = try Programs.path(of: "yika-ledger")
        place = try kind == .sqlite ? folder + "/ledger.sqlite" : PostgresServer.shared.get().freshSchema()
        _ = try run("init", books + keys)
        let people = (0..<ScriptedJournal.people).map {
            ["holderNumber": SharedBooks.holder($0), "name": "某人", "kind": "student", "openingBalanceFen": 0]
                as [String: Any]
        }
        let boxes = terminals.map {
            [
                "number": $0, "name": "Terminal \($0)", "token": Self.token,
                "journalKey": ScriptedJournal.key($0).map { String(format: "%02x", $0) }.joined(),
            ] as [String: Any]
        }
        try JSONSerialization.data(withJSONObject: ["accounts": people, "terminals": boxes])
            .write(to: URL(filePath: folder + "/campus.json"))
        _ = try run("import", [folder + "/campus.json"] + books + keys)
    }

    deinit { for service in services.values { service.send(SIGKILL) } }

    /// Starts the service of this number and returns its port when it listens: the first time a free one, then the same.
    @discardableResult
    func start(_ number: Int = 0, fileLimitBlocks: Int? = nil) throws -> Int {
        runs += 1
        let arguments = ["serve", "--port", "\(ports[number] ?? 0)"] + books + keys
        let name = "serve-\(number)-\(runs)"
        let service: RunningProgram
        if let fileLimitBlocks {
            // A file that may not grow is a full disk that needs no disk; the signal that comes with it is passed over.
            let script = "trap '' XFSZ; ulimit -f \(fileLimitBlocks); exec \"$0\" \"$@\""
            service = try RunningProgram("/bin/sh", ["-c", script, program] + arguments, name: name, folder: folder)
        } else {
            service = try RunningProgram(program, arguments, name: name, folder: folder)
        }
        services[number] = service
        for _ in 0..<3000 where service.isRunning && !service.output.contains("\n") { usleep(5000) }
        guard let line = service.output.split(separator: "\n").first,
            let port = Int(line.split(separator: ":").last ?? "")
        else { throw RunningProgram.Failed(name: name, status: nil, errors: service.errors) }
        ports[number] = port
        return port
    }

    /// Ends a service by a signal that it cannot hear.
    func kill(_ number: Int = 0) {
        services[number]?.send(SIGKILL)
        _ = services[number]?.waitForExit(seconds: 20)
        services[number] = nil
    }

    /// What the services complained of.
    func errors(_ number: Int = 0) -> String { services[number]?.errors ?? "" }

    func report(_ holder: String, isLost: Bool) throws {
        _ = try run(isLost ? "lost" : "found", [holder] + books + keys)
    }

    /// Proves the books: what `yika-ledger check` prints; throws when its exit status is not 0.
    func check() throws -> String { try run("check", books) }

    func store() throws -> any LedgerStore { try LedgerDatabase.open(place, mode: .readOnly) }

    private var books: [String] { ["--database", place] }
    private var keys: [String] { ["--keys", folder + "/ledger-keys"] }

    private func run(_ command: String, _ arguments: [String]) throws -> String {
        try RunningProgram.run(program, [command] + arguments, name: "yika-ledger-\(command)", folder: folder)
    }
}
