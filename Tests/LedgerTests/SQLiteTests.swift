import Foundation
import Testing

@testable import Ledger

@Suite("Books in an SQLite file")
struct SQLiteTests {
    @Test("A new file gets the whole schema, an old one is recognised, and a stranger's file is refused")
    func migration() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("yika-ledger-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("new.sqlite").path
        #expect(throws: LedgerDatabaseError.missing(path)) { try SQLiteLedger(path: path, mode: .existing) }
        let store = try SQLiteLedger(path: path, mode: .create)
        try #expect(LedgerCheck.run(on: store).holds)
        _ = try store.write { try $0.execute("INSERT INTO grdb_migrations (identifier) VALUES ('v999')") }
        try store.close()
        #expect(throws: LedgerDatabaseError.newer(path)) { try SQLiteLedger(path: path, mode: .readOnly) }
        let empty = directory.appendingPathComponent("empty.sqlite").path
        try Data().write(to: URL(fileURLWithPath: empty))
        #expect(throws: LedgerDatabaseError.older(empty)) { try SQLiteLedger(path: empty, mode: .readOnly) }
        let garbage = directory.appendingPathComponent("garbage.sqlite").path
        try Data(repeating: 0x41, count: 4096).write(to: URL(fileURLWithPath: garbage))
        #expect(throws: LedgerDatabaseError.self) { try SQLiteLedger(path: garbage, mode: .existing) }
    }

    @Test("Commits are synchronised to the disk, and references are enforced")
    func durability() throws {
        let books = try TestBooks()
        let (synchronous, references) = try books.store.write {
            (try $0.integer("PRAGMA synchronous"), try $0.integer("PRAGMA foreign_keys"))
        }
        #expect(synchronous == 2)
        #expect(references == 1)
        let mode = try books.store.read { try $0.first("PRAGMA journal_mode")?.text(0) }
        #expect(mode == "wal")
    }

    @Test("No holder number is anywhere in the file")
    func noNumbersInTheFile() throws {
        let books = try TestBooks(holders: 3, lost: [1])
        try books.store.close()
        let name =
            try FileManager.default.contentsOfDirectory(atPath: books.directory.path)
            .first { $0.hasSuffix(".sqlite") } ?? ""
        let data = try Data(contentsOf: books.directory.appendingPathComponent(name))
        #expect(data.range(of: Data("Holder 1".utf8)) != nil)
        #expect(data.range(of: Data(TestBooks.holder(1).utf8)) == nil)
    }
}
