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
        return text
    }

    private static let words = [
        ("{int}", "INTEGER", "BIGINT"), ("{bytes}", "BLOB", "BYTEA"), ("{rowless}", "STRICT, WITHOUT ROWID", ""),
        ("{strict}", "STRICT", ""),
    ]
}
