import Foundation
import GRDB
import Glibc

/// The books in one SQLite file: write-ahead log, every commit synchronised to the disk, foreign keys enforced.
public struct SQLiteLedger: LedgerStore {
    private let database: any DatabaseWriter

    /// Opens the file at `path`.
    ///
    /// - Throws: ``LedgerDatabaseError`` when it is missing, no ledger, or of another version than can be handled.
    public init(path: String, mode: LedgerOpening) throws {
        try self.init(path: path, mode: mode, steps: SchemaSteps.all)
    }

    /// With a schema of fewer steps, as an earlier program made it.
    init(path: String, mode: LedgerOpening, steps: [SchemaSteps.Step]) throws {
        guard mode == .create || FileManager.default.fileExists(atPath: path) else {
            throw LedgerDatabaseError.missing(path)
        }
        do {
            if mode == .readOnly {
                database = try DatabaseQueue(path: path, configuration: Self.configuration(readOnly: true))
            } else {
                Self.makeFile(path)
                database = try DatabasePool(path: path, configuration: Self.configuration(readOnly: false))
                // GRDB gives its one writing connection NORMAL when it turns to write-ahead logging, after any
                // preparation of ours; that may lose acknowledged commits when the power goes.
                try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            }
            try Self.bringUpToDate(database, path: path, mode: mode, steps: steps)
        } catch let error as DatabaseError {
            throw LedgerDatabaseError.unreadable(path, error.description)
        }
    }

    /// Runs `body` on a snapshot; writers go on meanwhile.
    public func read<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        try database.read { try body(SQLiteTransaction(database: $0)) }
    }

    /// Runs `body` alone; it is on the disk when this returns.
    public func write<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        try database.write { try body(SQLiteTransaction(database: $0)) }
    }

    /// Closes the file, folding the write-ahead log into it unless another process is reading.
    public func close() throws {
        // Whoever copies the one file of a stopped ledger should have the whole books.
        do {
            // A second close finds no connection any more, and nothing to fold.
            // Whoever may only read folds nothing either.
            try database.writeWithoutTransaction {
                if unsafe $0.sqliteConnection != nil, !$0.configuration.readonly { _ = try $0.checkpoint(.truncate) }
            }
        } catch DatabaseError.SQLITE_BUSY {
            // The log stays beside the file; nothing is lost.
        }
        try database.close()
    }

    private static func configuration(readOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.foreignKeysEnabled = true
        // The technician's commands write while the service runs: each waits for the other instead of failing.
        configuration.busyMode = .timeout(10)
        return configuration
    }

    /// The file holds the terminals' journal keys: nobody but its owner reads it.
    ///
    /// SQLite's side files take its mode over.
    private static func makeFile(_ path: String) {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        let descriptor = unsafe creat(path, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    private static func migrator(_ steps: [SchemaSteps.Step]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for step in steps {
            migrator.registerMigration(step.name) { database in
                for statements in step.statements(.sqlite) {
                    try database.execute(sql: SQLDialect.sqlite.spelled(statements))
                }
            }
        }
        return migrator
    }

    private static func bringUpToDate(
        _ database: any DatabaseWriter, path: String, mode: LedgerOpening, steps: [SchemaSteps.Step]
    ) throws {
        let migrator = migrator(steps)
        if try database.read(migrator.hasBeenSuperseded) { throw LedgerDatabaseError.newer(path) }
        if mode == .readOnly {
            guard try database.read(migrator.hasCompletedMigrations) else { throw LedgerDatabaseError.older(path) }
        } else {
            try migrator.migrate(database)
        }
    }
}

private struct SQLiteTransaction: LedgerTransaction {
    let database: Database

    /// There is one writer at a time.
    let forUpdate = ""

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        let statement = try database.cachedStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(values.map(\.databaseValue)))
        return database.changesCount
    }

    func execute(_ sql: String, each rows: [[SQLValue]]) throws {
        guard !rows.isEmpty else { return }
        let statement = try database.cachedStatement(sql: sql)
        for row in rows { try SQLiteBinding.run(statement, row) }
    }

    func add(_ amounts: [(account: Int64, fen: Int64)], to column: String) throws {
        try execute(
            "UPDATE accounts SET \(column) = \(column) + ? WHERE number = ?",
            each: amounts.map { [.integer($0.fen), .integer($0.account)] })
    }

    func insert(into table: String, _ columns: [String], rows: [[SQLValue]]) throws {
        let places = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        try execute("INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))", each: rows)
    }

    func columns(of table: String) throws -> [String] { try database.columns(in: table).map(\.name) }

    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        let statement = try database.cachedStatement(sql: sql)
        let rows = try Row.fetchCursor(statement, arguments: StatementArguments(values.map(\.databaseValue)))
        while let row = try rows.next() {
            try body(SQLRow(values: try row.databaseValues.map(SQLValue.init)))
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .blob(let value): Data(value).databaseValue
        }
    }

    fileprivate init(_ value: DatabaseValue) throws {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob(Array(value))
        // No column and no sum of ours is floating; seeing one means that somebody else wrote here.
        case .double(let value): throw LedgerDamage("a floating number, \(value), where only whole ones belong")
        }
    }
}
