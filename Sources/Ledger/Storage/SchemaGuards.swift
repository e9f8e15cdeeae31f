/// What is written stays written, whatever a later program, or somebody at the database's own shell, tries.
enum SQLiteGuards {
    private static func immutable(_ tables: [String]) -> String {
        tables.map { table in
            ["UPDATE", "DELETE"].map { verb in
                """
                CREATE TRIGGER no_\(verb.lowercased())_of_\(table) BEFORE \(verb) ON \(table)
                BEGIN SELECT RAISE(ABORT, '\(table) are immutable'); END;
                """
            }.joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// As the first schema had them, with one that counted a transfer's lines at each posting.
    static let v1 =
        immutable(["records", "transfers", "postings"]) + """

            CREATE TRIGGER no_more_lines BEFORE INSERT ON postings
            WHEN (SELECT count(*) FROM postings WHERE transfer = NEW.transfer)
                >= (SELECT lines FROM transfers WHERE id = NEW.transfer)
            BEGIN SELECT RAISE(ABORT, 'the transfer is complete'); END;
            """

    /// The counting cost a fifth of taking records; `check` finds a line too many as well.
    static let v2 = "DROP TRIGGER no_more_lines;"

    /// What people were answered, and what was done by whom.
    static let v2Offices = immutable(["requests", "audit"])
}

/// The same for PostgreSQL, where a statement that no trigger sees is TRUNCATE unless it is named.
enum PostgresGuards {
    static let v2 =
        """
        CREATE FUNCTION yika_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% are immutable', TG_TABLE_NAME; END $$;
        -- A balance that changes then stays on its page, and no index hears of it.
        ALTER TABLE accounts SET (fillfactor = 70);
        """ + immutable(["records", "transfers", "postings"])

    /// What people were answered, and what was done by whom.
    static let v2Offices = immutable(["requests", "audit"])

    private static func immutable(_ tables: [String]) -> String {
        tables.map { table in
            """

            CREATE TRIGGER immutable_\(table) BEFORE UPDATE OR DELETE ON \(table)
                FOR EACH ROW EXECUTE FUNCTION yika_immutable();
            CREATE TRIGGER never_truncated_\(table) BEFORE TRUNCATE ON \(table)
                FOR EACH STATEMENT EXECUTE FUNCTION yika_immutable();
            """
        }.joined()
    }
}
