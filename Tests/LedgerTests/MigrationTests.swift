import Crypto
import Foundation
import GRDB
import LedgerProtocol
import Logging
import TestSupport
import Testing

@testable import Ledger

@Suite("Books of earlier programs")
struct MigrationTests {
    private func directory() throws -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("yika-migration-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    /// A file as the program of schema `version` left it: the first after the tour, the second after a morning at the
    /// canteen.
    private func oldFile(_ version: Int, in directory: URL) throws -> String {
        let path = directory.appendingPathComponent("old.sqlite").path
        let dump = try String(
            contentsOfFile: Repository.root + "/Tests/LedgerTests/Fixtures/ledger-v\(version).sql", encoding: .utf8)
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { database in
            // A dump brings its own transaction along.
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: dump)
        }
        try queue.close()
        return path
    }

    @Test("A file of schema 1 is brought up to date with everything in it, and the check holds")
    func realFile() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = try oldFile(1, in: directory)
        #expect(throws: LedgerDatabaseError.older(path)) { try SQLiteLedger(path: path, mode: .readOnly) }
        let store = try SQLiteLedger(path: path, mode: .existing)
        let findings = try LedgerCheck.run(on: store)
        #expect(findings.violations == [])
        #expect(findings.records == 7 && findings.cards == 3 && findings.transfers == 3)
        try store.read { transaction in
            for (new, old) in [("credentials", "terminals"), ("epochs", "cursors")] {
                try #expect(
                    transaction.integer("SELECT count(*) FROM \(new)")
                        == transaction.integer("SELECT count(*) FROM \(old)"))
            }
            try #expect(transaction.integer("SELECT count(*) FROM accounts WHERE kind = 'system'") == 11)
            try #expect(transaction.feedVersion(.roster) > 1)
            // Nobody has said yet in which language anybody wants to be spoken to.
            try #expect(transaction.integer("SELECT count(*) FROM accounts WHERE language IS NOT NULL") == 0)
        }
        try store.close()
        try #expect(LedgerCheck.run(on: SQLiteLedger(path: path, mode: .readOnly)).holds)
    }

    @Test(
        "Sales in doubt of a file of schema 2 wait as they did, and the next use of a card settles what can be settled")
    func doubts() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = try oldFile(2, in: directory)
        #expect(throws: LedgerDatabaseError.older(path)) { try SQLiteLedger(path: path, mode: .readOnly) }
        let store = try SQLiteLedger(path: path, mode: .existing)
        let findings = try LedgerCheck.run(on: store)
        #expect(findings.violations == [])
        #expect(findings.records == 30 && findings.sales == 12 && findings.doubts == 3 && findings.suspense == 3)
        func states() throws -> [String] {
            try store.read { try $0.rows("SELECT state FROM doubts ORDER BY 1, terminal, epoch, sequence") }
                .map { try $0.text(0) }
        }
        try #expect(states() == ["dismissed", "open", "open"])
        let keys = LedgerKeys(
            signingKey: Curve25519.Signing.PrivateKey(), rosterKey: RosterKey(bytes: [UInt8](repeating: 1, count: 32)))
        let service = LedgerService(
            store: store, keys: keys, time: TestTime(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        // Its next use has been in the books since before; nobody has looked yet.
        var terminal = TestTerminal(102, epoch: 2, root: Array(SHA256.hash(data: Array("fixture 102".utf8))))
        let sale = SaleRecord(
            uid: [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66], medium: .card, result: .done, account: 1_000_002,
            cardSerial: 1, cardSequence: 5, amount: 10)
        terminal.append(SaleRecordType.outcome, sale.encoded)
        try store.write { try $0.register(epoch: 2, of: 102, reason: "a test", now: 0) }
        _ = try service.ingest(
            terminal: 102, token: "a-token-for-fixtures", epoch: 2, first: 1, body: Array(terminal.slots.joined()))
        try #expect(states() == ["dismissed", "open", "used"])
        try #expect(LedgerCheck.run(on: store).violations == [])
        try store.close()
    }

    @Test("From every earlier schema on both databases the way leads to today's")
    func everyStep() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        var tried = 0
        for count in 1...SchemaSteps.all.count {
            let steps = Array(SchemaSteps.all.prefix(count))
            for database in TestDatabase.allCases {
                let place = try database.makePlace(in: directory)
                let old: any LedgerStore =
                    database == .sqlite
                    ? try SQLiteLedger(path: place, mode: .create, steps: steps)
                    : try PostgresLedger(address: place, mode: .create, connections: 1, steps: steps)
                try old.close()
                if count < SchemaSteps.all.count {
                    #expect(throws: LedgerDatabaseError.self) { try LedgerDatabase.open(place, mode: .readOnly) }
                }
                let store = try LedgerDatabase.open(place, mode: .existing)
                try #expect(LedgerCheck.run(on: store).holds)
                try store.close()
                // A second time there is nothing to do.
                try LedgerDatabase.open(place, mode: .existing).close()
                tried += 1
            }
        }
        print("migrations: \(tried) ways to today's schema")
    }

    @Test("A PostgreSQL database without a ledger, or with a newer one, is told apart")
    func postgresStates() throws {
        let place = try PostgresServer.shared.get().freshSchema()
        #expect(throws: LedgerDatabaseError.missing(place)) { try LedgerDatabase.open(place, mode: .existing) }
        let store = try LedgerDatabase.open(place, mode: .create)
        _ = try store.write { try $0.execute("INSERT INTO yika_schema (step) VALUES ('v999')") }
        try store.close()
        #expect(throws: LedgerDatabaseError.newer(place)) { try LedgerDatabase.open(place, mode: .readOnly) }
        let nobody = "postgresql://yika:secret@127.0.0.1:1/none"
        let error = #expect(throws: LedgerDatabaseError.self) { try LedgerDatabase.open(nobody, mode: .existing) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test("Two programs that make the tables at once both find them made")
    func atOnce() throws {
        let place = try PostgresServer.shared.get().freshSchema()
        let threads = DispatchQueue(label: "migrations", attributes: .concurrent)
        let group = DispatchGroup()
        for _ in 0..<4 {
            threads.async(group: group) {
                #expect(throws: Never.self) { try LedgerDatabase.open(place, mode: .create).close() }
            }
        }
        group.wait()
    }
}

@Suite("Copies of the books", .onBothDatabases)
struct CopyTests {
    @Test("A copy in the other kind of database, and a copy of that, hold the same books")
    func roundTrip() throws {
        let books = try TestBooks(holders: 40, lost: [3])
        var terminal = TestTerminal()
        for card in 5..<30 {
            terminal.activate(card, purse: Int64(card))
            terminal.sale(card, fen: 900)
        }
        let sale = terminal.sale(6, fen: 0)
        terminal.sale(6, fen: 0, result: .voided, related: sale)
        terminal.append(0x77, [1])
        _ = try books.desk().setLanguage(account: Int64(TestBooks.account(6)), to: "en")
        try books.upload(terminal.slots, first: 1)
        let other: TestDatabase = TestDatabase.current == .sqlite ? .postgres : .sqlite
        let copy = try other.makeStore(in: books.directory)
        let summary = try LedgerCopy.run(from: books.store, to: copy)
        #expect(summary.records == terminal.slots.count)
        let back = try TestDatabase.current.makeStore(in: books.directory)
        try #expect(LedgerCopy.run(from: copy, to: back) == summary)
        try #expect(LedgerCheck.run(on: copy).holds)
        try #expect(TestBooks.business(in: copy) == books.business())
        try #expect(TestBooks.business(in: back) == books.business())
        #expect(throws: LedgerDatabaseError.notEmpty) { try LedgerCopy.run(from: books.store, to: back) }
        try copy.close()
        try back.close()
    }
}
