import GRDB
import GRDBSQLite

/// Runs one statement with one row of values after another, past GRDB's own arguments: for the thousands of rows of an
/// upload these cost more than SQLite itself.
enum SQLiteBinding {
    static func run(_ statement: Statement, _ row: [SQLValue]) throws {
        let handle = unsafe statement.sqliteStatement
        // Where GRDB ran it last and it failed, on a full disk for one, it still stands there: GRDB resets before a use,
        // not after, and nothing can be bound to it until then.
        unsafe sqlite3_reset(handle)
        for (index, value) in row.enumerated() {
            try check(unsafe bind(value, at: Int32(index) + 1, of: handle), statement)
        }
        let stepped = unsafe sqlite3_step(handle)
        // What failed is told by the step; the reset only says it again.
        unsafe sqlite3_reset(handle)
        try check(stepped == SQLITE_DONE || stepped == SQLITE_ROW ? SQLITE_OK : stepped, statement)
    }

    /// SQLite's `SQLITE_TRANSIENT`: it makes a copy of its own.
    private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private static func bind(_ value: SQLValue, at place: Int32, of handle: SQLiteStatement) -> Int32 {
        switch value {
        case .null: unsafe sqlite3_bind_null(handle, place)
        case .integer(let number): unsafe sqlite3_bind_int64(handle, place, number)
        case .text(let text): unsafe sqlite3_bind_text(handle, place, text, -1, copied)
        case .blob(let bytes): unsafe sqlite3_bind_blob(handle, place, bytes, Int32(bytes.count), copied)
        }
    }

    private static func check(_ code: Int32, _ statement: Statement) throws {
        guard code != SQLITE_OK else { return }
        let connection = unsafe sqlite3_db_handle(statement.sqliteStatement)
        let words = unsafe String(cString: sqlite3_errmsg(connection))
        let extended = unsafe sqlite3_extended_errcode(connection)
        throw DatabaseError(resultCode: ResultCode(rawValue: extended), message: words, sql: statement.sql)
    }
}
