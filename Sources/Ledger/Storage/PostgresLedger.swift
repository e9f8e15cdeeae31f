import Platform

/// The books in a PostgreSQL database, which several instances may share.
///
/// Transactions read what is committed and take the rows that they decide by; whoever loses a race begins anew. A commit
/// is answered once it is on the server's stable storage.
public final class PostgresLedger: LedgerStore {
    /// How often a transaction that lost a race is begun anew before its caller is told.
    private static let attempts = 12

    private let address: String
    private let idle = Mailbox<PostgresConnection>()

    /// Connects to the database that `address` names, a URL such as `postgresql://ledger@db.campus/yika`.
    ///
    /// - Parameter connections: how many transactions can be under way at once; others wait for their turn.
    /// - Throws: ``LedgerDatabaseError`` when there is no ledger there, or one of another version than can be handled.
    public convenience init(address: String, mode: LedgerOpening, connections: Int = 4) throws {
        try self.init(address: address, mode: mode, connections: connections, steps: SchemaSteps.all)
    }

    /// With a schema of fewer steps, as an earlier program made it.
    init(address: String, mode: LedgerOpening, connections: Int = 4, steps: [SchemaSteps.Step]) throws {
        self.address = address
        do {
            let first = try Self.connect(address)
            try PostgresSchema.bringUpToDate(first, address: address, mode: mode, steps: steps)
            idle.send(first)
            for _ in 1..<connections { idle.send(try Self.connect(address)) }
        } catch let error as PostgresError {
            throw LedgerDatabaseError.unreadable(address, error.description)
        }
    }

    /// Runs `body` on one state of the books.
    public func read<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        try anew { connection in
            try transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", on: connection, body)
        }
    }

    /// Runs `body`, perhaps several times; it is on stable storage when this returns.
    public func write<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        try anew { connection in try transaction("BEGIN ISOLATION LEVEL READ COMMITTED", on: connection, body) }
    }

    /// Ends the connections that are not in use.
    public func close() throws {
        _ = idle.drain()
        idle.close()
    }

    private func transaction<Result>(
        _ begin: String, on connection: PostgresConnection, _ body: (any LedgerTransaction) throws -> Result
    ) throws -> Result {
        let result: Result
        do {
            try connection.run(begin)
            result = try body(PostgresTransaction(connection: connection))
        } catch {
            connection.rollback()
            throw error
        }
        do {
            try connection.run("COMMIT")
        } catch let error as PostgresError {
            connection.rollback()
            // Also where the server's last words still came through, such as that an administrator ended the connection.
            if connection.isBroken || error.isConnectionLost { throw CommitUnknown(cause: error) }
            throw error
        }
        return result
    }

    /// Begins again what lost a race, after a pause that grows, and once on a new connection what found its own dead, as
    /// all are after the server was restarted.
    private func anew<Result>(_ body: (PostgresConnection) throws -> Result) throws -> Result {
        var races = 0
        var losses = 0
        while true {
            let connection = try take(anew: losses > 0)
            defer { give(back: connection) }
            do {
                return try body(connection)
            } catch let error as PostgresError where error.isLostRace && races < Self.attempts {
                races += 1
                let longest = Int64(1) << min(races, 6)
                SystemTime().sleep(milliseconds: Int64.random(in: 0...longest))
            } catch let error as PostgresError where error.isConnectionLost && losses == 0 {
                losses += 1
            }
        }
    }

    /// A connection for one transaction; with `anew` one made now, since those that lie idle may be as dead as the last.
    private func take(anew: Bool) throws -> PostgresConnection {
        guard let connection = idle.receive() else {
            throw PostgresError(state: "", message: "the ledger is being closed")
        }
        guard anew || connection.isBroken else { return connection }
        do {
            return try Self.connect(address)
        } catch {
            // The place stays taken by the broken one, for whoever comes next to try again.
            idle.send(connection)
            throw error
        }
    }

    private func give(back connection: PostgresConnection) { idle.send(connection) }

    private static func connect(_ address: String) throws -> PostgresConnection {
        let connection = try PostgresConnection(address: address)
        // Whatever the server's default is: acknowledged means on stable storage.
        try connection.run("SET synchronous_commit = on; SET client_encoding = 'UTF8'; SET lock_timeout = '10s'")
        return connection
    }
}

private struct PostgresTransaction: LedgerTransaction {
    let connection: PostgresConnection

    let forUpdate = " FOR UPDATE"

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int { try connection.execute(sql, values) }

    func execute(_ sql: String, each rows: [[SQLValue]]) throws { try connection.execute(sql, each: rows) }

    func add(_ amounts: [(account: Int64, fen: Int64)], to column: String) throws {
        guard !amounts.isEmpty else { return }
        func list(_ numbers: [Int64]) -> SQLValue { .text("{\(numbers.map { "\($0)" }.joined(separator: ","))}") }
        _ = try connection.execute(
            """
            UPDATE accounts SET \(column) = \(column) + change.fen
            FROM unnest(CAST(? AS TEXT)::BIGINT[], CAST(? AS TEXT)::BIGINT[]) AS change (account, fen)
            WHERE accounts.number = change.account
            """, [list(amounts.map(\.account)), list(amounts.map(\.fen))])
    }

    func insert(into table: String, _ columns: [String], rows: [[SQLValue]]) throws {
        guard !rows.isEmpty else { return }
        try connection.copy(into: table, columns, rows: rows)
    }

    func columns(of table: String) throws -> [String] {
        try rows(
            """
            SELECT CAST(column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position
            """, [.text(table)]
        ).map { try $0.text(0) }
    }

    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try connection.forEach(sql, values, body)
    }
}
