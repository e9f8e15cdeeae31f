/// Copies whole books from one database into another, whatever either of them is: a backup, or a move.
///
/// The source is read as it was at one moment and may go on serving meanwhile. The copy is made whole or not at all.
public struct LedgerCopy {
    /// What was copied.
    public struct Summary: Hashable, Sendable, Codable {
        /// Rows, over all tables.
        public fileprivate(set) var rows = 0
        /// Raw records among them.
        public fileprivate(set) var records = 0
    }

    /// Rows that are held in memory at once.
    private static let part = 2000

    /// Copies `source` into `target`, which was just made and holds nothing.
    ///
    /// - Parameter progress: called now and then with the rows copied so far.
    /// - Throws: ``LedgerDatabaseError/notEmpty`` when there are books in `target` already.
    public static func run(
        from source: any LedgerStore, to target: any LedgerStore, progress: (Int) -> Void = { _ in }
    ) throws -> Summary {
        try source.read { old in
            try target.write { new in
                guard try new.first("SELECT 1 FROM terminals") == nil, try new.first("SELECT 1 FROM people") == nil,
                    try new.integer("SELECT count(*) FROM accounts WHERE kind = 'holder'") == 0
                else { throw LedgerDatabaseError.notEmpty }
                // What every new ledger begins with comes along from the old one.
                for table in ["feeds", "issues", "settings", "accounts"] { try new.execute("DELETE FROM \(table)") }
                var summary = Summary()
                for table in SchemaSteps.tables {
                    let before = summary.rows
                    try copy(table, from: old, to: new, &summary, progress)
                    if table == "records" { summary.records = summary.rows - before }
                }
                return summary
            }
        }
    }

    private static func copy(
        _ table: String, from old: any LedgerTransaction, to new: any LedgerTransaction, _ summary: inout Summary,
        _ progress: (Int) -> Void
    ) throws {
        let columns = try old.columns(of: table)
        // What takes a transfer back refers to it.
        let order = table == "transfers" ? " ORDER BY CASE WHEN reverses IS NULL THEN 0 ELSE 1 END" : ""
        var rows: [[SQLValue]] = []
        var count = 0
        try old.forEach("SELECT \(columns.joined(separator: ", ")) FROM \(table)\(order)", []) { row in
            rows.append(row.values)
            count += 1
            guard rows.count == part else { return }
            try new.insert(into: table, columns, rows: rows)
            rows = []
            progress(summary.rows + count)
        }
        try new.insert(into: table, columns, rows: rows)
        summary.rows += count
        progress(summary.rows)
    }
}
