/// In what the two databases differ when tables are made; statements on rows are the same for both.
enum SQLDialect: Sendable {
    case sqlite
    case postgres

    /// Puts this database's words into a definition.
    ///
    /// `{int}` is a signed 64-bit number, `{bytes}` any bytes, `{rowless}` ends a table that is kept in the order of its
    /// primary key where the database can do that, `{strict}` any other.
    func spelled(_ definition: String) -> String {
        var text = definition
        for (word, sqlite, postgres) in Self.words {
            text = text.replacing(word, with: self == .sqlite ? sqlite : postgres)
        }
        return self == .sqlite ? text : Self.withoutReferences(text)
    }

    /// PostgreSQL gets no foreign keys: each row of a batch would look up and lock what it refers to, all of them the one
    /// account of the canteens' sales, and databases that spread tables over machines have none either. `check` looks
    /// whether every reference leads somewhere.
    private static func withoutReferences(_ definition: String) -> String {
        definition.replacing(/,\s*FOREIGN KEY \([^)]*\)\s*REFERENCES \w+ \([^)]*\)/, with: "")
            .replacing(/\s+REFERENCES \w+ \(\w+\)/, with: "")
    }

    private static let words = [
        ("{int}", "INTEGER", "BIGINT"), ("{bytes}", "BLOB", "BYTEA"), ("{rowless}", "STRICT, WITHOUT ROWID", ""),
        ("{strict}", "STRICT", ""),
    ]
}
