extension LedgerCheck {
    /// Every row that names another one names one that is there; not every database looks when it is written.
    mutating func checkReferences() throws {
        for (table, column, other, key) in Self.references {
            let lost = try transaction.integer(
                """
                SELECT count(*) FROM \(table) a LEFT JOIN \(other) b ON b.\(key) = a.\(column)
                WHERE a.\(column) IS NOT NULL AND b.\(key) IS NULL
                """)
            if lost > 0 { findings.violations.append("\(lost) of \(table) name a \(column) that is not in \(other)") }
        }
        for table in Self.ofRecords {
            let lost = try transaction.integer(
                """
                SELECT count(*) FROM \(table) a LEFT JOIN records r
                    ON r.terminal = a.terminal AND r.epoch = a.epoch AND r.sequence = a.sequence
                WHERE a.sequence IS NOT NULL AND r.terminal IS NULL
                """)
            if lost > 0 { findings.violations.append("\(lost) of \(table) name a record that is not there") }
        }
    }

    private static let references = [
        ("credentials", "terminal", "terminals", "number"), ("enrolments", "terminal", "terminals", "number"),
        ("epochs", "terminal", "terminals", "number"), ("cursors", "terminal", "terminals", "number"),
        ("records", "terminal", "terminals", "number"), ("quarantine", "terminal", "terminals", "number"),
        ("hotlist", "account", "accounts", "number"), ("cards", "account", "accounts", "number"),
        ("postings", "account", "accounts", "number"), ("postings", "transfer", "transfers", "id"),
        ("transfers", "reverses", "transfers", "id"), ("requests", "account", "accounts", "number"),
        ("requests", "transfer", "transfers", "id"), ("codes", "account", "accounts", "number"),
    ]

    private static let ofRecords = [
        "cards", "intents", "outcomes", "sales", "doubts", "codes", "suspense", "cases", "transfers",
    ]
}
