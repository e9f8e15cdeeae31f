import Crypto
import Foundation
import Journal
import LedgerProtocol
import Logging
import Platform
import Simulator
import TestSupport

@testable import Ledger

/// The ledger: one or two real services on real books, which are killed, run out of disk, and are put back from backups.
final class House {
    static let token = "a-token-for-simulations-only"
    static let terminals: [UInt16] = [201, 202, 203, 204, 205, 206]

    static let keys: LedgerKeys = {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 0x17, count: 32))
        else {
            fatalError("32 bytes are no signing key")
        }
        return LedgerKeys(signingKey: key, rosterKey: RosterKey(bytes: [UInt8](repeating: 0x5A, count: 32)))
    }()

    static func journalKey(_ terminal: UInt16) -> [UInt8] {
        Array(SHA256.hash(data: Array("journal key of \(terminal)".utf8)))
    }

    static func holder(_ person: Int) -> String { "2026\(1000 + person)" }

    /// What staff bring along from the old system, in fen.
    private static func opening(_ person: Int) -> Int64 { person < 2 ? 5_000 : 0 }

    /// What some are granted to spend at canteens, in fen.
    private static func subsidy(_ person: Int) -> Int64 { person % 3 == 1 ? 4_000 : 0 }

    struct Instance {
        let store: FaultyStore
        let service: LedgerService
    }

    let clock: SkewedClock
    let isOnPostgres: Bool
    private(set) var instances: [Instance] = []
    /// What the books have to be.
    private(set) var expectation = Expectation()
    /// What went another way than it must.
    var violate: (String) -> Void = { _ in }

    private let directory: URL
    private let schema: String?
    private let count: Int
    private var generation = 0
    private var backup: Expectation?

    init(time: SimulatedTime, instances count: Int, onPostgres: Bool) throws {
        clock = SkewedClock(time)
        isOnPostgres = onPostgres
        self.count = count
        directory = Self.memory.appendingPathComponent("yika-fleet-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        schema = onPostgres ? try PostgresServer.shared.get().freshSchema() : nil
        if let schema {
            try Self.furnish(try PostgresLedger(address: schema, mode: .create, connections: 1), clock)
        } else {
            try FileManager.default.copyItem(at: try Self.furnished.get(), to: file)
        }
        for person in 0..<Trade.people {
            expectation.open(
                account: Int64(Trade.account(person)), with: Self.opening(person), subsidy: Self.subsidy(person))
        }
        try open()
    }

    deinit {
        for instance in instances { try? instance.store.close() }
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: Books

    /// Memory, where there is some: what a disk adds here is time.
    private static let memory: URL = {
        let memory = URL(filePath: "/dev/shm")
        return FileManager.default.isWritableFile(atPath: memory.path)
            ? memory : FileManager.default.temporaryDirectory
    }()

    /// Books with people and terminals in them, made once for all runs.
    private static let furnished = Result {
        try? FileManager.default.removeItem(at: furnishedFolder)
        try FileManager.default.createDirectory(at: furnishedFolder, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: House.furnishedFolder) }
        let file = furnishedFolder.appendingPathComponent("furnished.sqlite")
        try furnish(try SQLiteLedger(path: file.path, mode: .create), SkewedClock(SimulatedTime()))
        return file
    }

    private static let furnishedFolder =
        memory.appendingPathComponent("yika-fleet-\(ProcessInfo.processInfo.processIdentifier)")

    private static func furnish(_ store: any LedgerStore, _ clock: SkewedClock) throws {
        _ = try Administration(store: store, rosterKey: keys.rosterKey, time: clock).importFile(
            ImportFile(
                accounts: (0..<Trade.people).map {
                    .init(
                        holderNumber: holder($0), name: "Holder \($0)", kind: $0 < 2 ? .staff : .student,
                        openingBalanceFen: opening($0))
                },
                terminals: terminals.map {
                    .init(number: $0, name: "Terminal \($0)", token: token, journalKey: journalKey($0).hex())
                }))
        let rows = (0..<Trade.people).filter { subsidy($0) > 0 }.map { "\(holder($0)),\(subsidy($0))\n" }
        _ = try AccountDesk(
            store: store, keys: keys, time: clock, caller: Caller(role: .cardCentre, label: "a test")
        ).importSubsidies(
            csv: Array(("holderNumber,subsidyFen\n" + rows.joined()).utf8), reference: "g", dryRun: false)
        try store.close()
    }

    private var file: URL { directory.appendingPathComponent("ledger-\(generation).sqlite") }

    private func open() throws {
        instances = try (0..<count).map { _ in
            let store: any LedgerStore =
                try schema.map { try PostgresLedger(address: $0, mode: .existing, connections: 1) }
                ?? SQLiteLedger(path: file.path, mode: .existing)
            let faulty = FaultyStore(store)
            return Instance(
                store: faulty,
                service: LedgerService(
                    store: faulty, keys: Self.keys, time: clock,
                    logger: Logger(label: "fleet") { _ in SwiftLogNoOpLogHandler() }))
        }
    }

    private func copyBooks(to place: URL) throws {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file.path + suffix) {
            try FileManager.default.copyItem(atPath: file.path + suffix, toPath: place.path + suffix)
        }
    }

    /// Ends every instance and starts them again on the books as they lie there.
    func restart() {
        attempt("restart") {
            for instance in instances { try instance.store.close() }
            try open()
        }
    }

    private var killed: URL { directory.appendingPathComponent("killed-\(generation)") }

    /// Takes the files as a kill at this very moment would leave them.
    func freezeFiles() {
        guard !isOnPostgres else { return }
        attempt("kill") { try copyBooks(to: killed) }
    }

    /// Starts again with what ``freezeFiles()`` took.
    func restartFromFrozenFiles() {
        guard !isOnPostgres else { return restart() }
        attempt("restart after a kill") {
            for instance in instances { try instance.store.close() }
            let old = killed
            generation += 1
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: old.path + suffix) {
                try FileManager.default.moveItem(atPath: old.path + suffix, toPath: file.path + suffix)
            }
            try open()
        }
    }

    func kill() {
        freezeFiles()
        restartFromFrozenFiles()
    }

    func makeBackup() {
        attempt("backup") {
            for suffix in ["", "-wal"] { try? FileManager.default.removeItem(atPath: backupFile.path + suffix) }
            try copyBooks(to: backupFile)
            backup = expectation
        }
    }

    private var backupFile: URL { directory.appendingPathComponent("backup") }

    /// Puts the last backup in place of the books; whether there was one.
    func restoreBackup() -> Bool {
        guard let backup else { return false }
        attempt("restore") {
            for instance in instances { try instance.store.close() }
            generation += 1
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: backupFile.path + suffix) {
                try FileManager.default.copyItem(atPath: backupFile.path + suffix, toPath: file.path + suffix)
            }
            try open()
        }
        expectation = backup
        return true
    }

    /// How many pages the books may still grow by; nothing: as many as they like. Only SQLite can be told.
    func limitGrowth(toPages pages: Int?) {
        guard !isOnPostgres else { return }
        attempt("limit") {
            for instance in instances {
                try instance.store.inner.write { transaction in
                    let now = try transaction.integer("PRAGMA page_count")
                    let limit = pages.map { Int(now) + $0 } ?? 1 << 30
                    _ = try transaction.rows("PRAGMA max_page_count = \(limit)")
                }
            }
        }
    }

    private func attempt(_ what: String, _ body: () throws -> Void) {
        do { try body() } catch { violate("the ledger's \(what) failed: \(error)") }
    }

    var store: any LedgerStore { instances[0].store.inner }

    // MARK: What people do

    func report(_ person: Int, lost: Bool) {
        attempt("report of loss") {
            let administration = Administration(store: store, rosterKey: Self.keys.rosterKey, time: clock)
            let result =
                lost
                ? try administration.reportLost(holderNumber: Self.holder(person))
                : try administration.reportFound(holderNumber: Self.holder(person))
            if result == .changed {
                expectation.setLost(Int64(Trade.account(person)), lost ? clock.wallMilliseconds() : nil)
            }
        }
    }

    /// Asks for a top-up until there is an answer, and once more: whatever `plan` does to the first try, it counts once.
    func topUp(_ person: Int, fen: Int64, reference: String, _ plan: FaultyStore.Plan?) {
        let account = Int64(Trade.account(person))
        let faulty = instances[0].store
        let desk = AccountDesk(
            store: faulty, keys: Self.keys, time: clock, caller: Caller(role: .cardCentre, label: "a test"))
        faulty.plan = plan
        var receipts: [MoneyReceipt] = []
        for _ in 0..<3 {
            do { receipts.append(try desk.topUp(account: account, fen: fen, reference: reference)) } catch {
                if plan == nil { violate("a top-up failed: \(error)") }
            }
            faulty.plan = nil
        }
        if receipts.count < 2 || Set(receipts).count > 1 { violate("\(reference) was answered with \(receipts)") }
        expectation.topUp(account, fen: fen)
    }

    func register(_ epoch: UInt32, of terminal: UInt16) {
        attempt("registration") {
            try store.write { try $0.register(epoch: epoch, of: terminal, reason: "a technician", now: 0) }
        }
    }

    func thaw(_ terminal: UInt16) {
        attempt("thaw") {
            _ = try TerminalAdministration(store: store, time: clock, actor: "a technician").thaw(terminal)
        }
    }

    func frozenReason(_ terminal: UInt16) -> String? {
        var reason: String?
        attempt("look at a terminal") { reason = try store.read { try $0.terminal(terminal) }?.frozenReason }
        return reason
    }

    func isRegistered(_ epoch: UInt32, of terminal: UInt16) -> Bool {
        var count: Int64 = 0
        attempt("look at epochs") {
            count = try store.read {
                try $0.integer(
                    "SELECT count(*) FROM epochs WHERE terminal = ? AND epoch = ?", [.number(terminal), .number(epoch)])
            }
        }
        return count == 1
    }

    // MARK: Uploads

    /// Follows what the books took of `body`, whatever the terminal was told.
    ///
    /// Only these records can have come in since the last look.
    func follow(_ place: Expectation.Place, first: UInt64, body: [UInt8]) {
        attempt("look at a cursor") {
            let now = try store.read {
                try $0.first(
                    "SELECT acknowledged FROM cursors WHERE terminal = ? AND epoch = ?",
                    [.number(place.terminal), .number(place.epoch)])?.number(0, as: UInt64.self) ?? 0
            }
            let before = expectation.acknowledged(place)
            if now < before { return violate("\(place): the cursor went back from \(before) to \(now)") }
            guard now > before else { return }
            for sequence in (before + 1)...now {
                let offset = (Int(sequence) - Int(first)) * Slot.size
                guard sequence >= first, offset + Slot.size <= body.count else {
                    return violate("\(place): record \(sequence) came from nowhere")
                }
                expectation.take(Array(body[offset..<offset + Slot.size]), at: place)
            }
        }
    }
}
