/// Brings a PostgreSQL database to today's tables.
enum PostgresSchema {
    static func bringUpToDate(
        _ connection: PostgresConnection, address: String, mode: LedgerOpening, steps: [SchemaSteps.Step]
    ) throws {
        let known = steps.map(\.name)
        if mode != .create {
            let done = try stepsDone(connection)
            guard let done else { throw LedgerDatabaseError.missing(address) }
            if !Set(done).isSubset(of: known) { throw LedgerDatabaseError.newer(address) }
            if mode == .readOnly, done.count < known.count { throw LedgerDatabaseError.older(address) }
            if done.count == known.count { return }
        }
        try connection.run(
            "CREATE TABLE IF NOT EXISTS yika_schema (step TEXT PRIMARY KEY, made TIMESTAMPTZ NOT NULL DEFAULT now())")
        do {
            // Two programs may start at once: the second waits, and then finds everything done.
            try connection.run("BEGIN; LOCK TABLE yika_schema IN ACCESS EXCLUSIVE MODE")
            let done = try stepsDone(connection) ?? []
            if !Set(done).isSubset(of: known) { throw LedgerDatabaseError.newer(address) }
            for step in steps where !done.contains(step.name) {
                for statements in step.statements(.postgres) {
                    try connection.run(SQLDialect.postgres.spelled(statements))
                }
                _ = try connection.execute("INSERT INTO yika_schema (step) VALUES (?)", [.text(step.name)])
            }
            try connection.run("COMMIT")
        } catch {
            connection.rollback()
            throw error
        }
    }

    /// The steps taken so far; `nil` when there never was a ledger here.
    private static func stepsDone(_ connection: PostgresConnection) throws -> [String]? {
        var exists = false
        try connection.forEach("SELECT to_regclass('yika_schema') IS NOT NULL", []) { exists = try $0.integer(0) == 1 }
        guard exists else { return nil }
        var steps: [String] = []
        try connection.forEach("SELECT step FROM yika_schema", []) { steps.append(try $0.text(0)) }
        return steps
    }
}
