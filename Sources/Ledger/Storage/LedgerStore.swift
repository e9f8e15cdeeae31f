/// Where the ledger keeps its books: a database with transactions, seen as plain SQL.
///
/// The SQL of this room is the part that SQLite and PostgreSQL share (`?` stands for a value, upserts are
/// `ON CONFLICT`), so that another engine is another conformance and not another ledger. Calls block: they belong on
/// threads that may wait.
public protocol LedgerStore: Sendable {
    /// Runs `body` in one transaction that sees one state of the books and changes nothing.
    func read<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result

    /// Runs `body` in one transaction that is on stable storage when this returns, and left no trace if it throws.
    ///
    /// `body` may run several times: whoever lost a race against another transaction begins anew.
    func write<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result

    /// Ends all connections.
    func close() throws
}

/// A transaction that is under way.
public protocol LedgerTransaction {
    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int

    /// Runs one statement once for each of `rows`.
    func execute(_ sql: String, each rows: [[SQLValue]]) throws

    /// Adds to `column` of those rows of `accounts` that `amounts` name by number, each once.
    func add(_ amounts: [(account: Int64, fen: Int64)], to column: String) throws

    /// Adds whole rows, as fast as the database can.
    func insert(into table: String, _ columns: [String], rows: [[SQLValue]]) throws

    /// Hands the rows of a query to `body` one by one, in constant memory; `body` asks nothing of this transaction.
    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws

    /// The names of a table's columns, in their order.
    func columns(of table: String) throws -> [String]

    /// What ends a query whose rows nobody else may change until this transaction ends; empty where only one can write
    /// at a time.
    ///
    /// Everybody takes cursors first and then accounts by ascending number, so that nobody waits in a circle.
    var forUpdate: String { get }
}

extension LedgerTransaction {
    /// All rows of a query whose answer is known to be short.
    func rows(_ sql: String, _ values: [SQLValue] = []) throws -> [SQLRow] {
        var rows: [SQLRow] = []
        try forEach(sql, values) { rows.append($0) }
        return rows
    }

    /// The first row of a query, if there is any.
    func first(_ sql: String, _ values: [SQLValue] = []) throws -> SQLRow? { try rows(sql, values).first }

    /// The single integer that a query answers.
    func integer(_ sql: String, _ values: [SQLValue] = []) throws -> Int64 {
        guard let row = try first(sql, values) else { throw LedgerDamage("no answer to “\(sql)”") }
        return try row.integer(0)
    }

    /// Runs one statement without values.
    @discardableResult
    func execute(_ sql: String) throws -> Int { try execute(sql, []) }

    /// Hands to `body` the rows of a query for each of `keys`; in `sql`, `(?)` stands for the keys.
    ///
    /// Keys go in parts of one size, the last filled up by repeating a key, so that the database prepares one statement.
    func forEach(_ sql: String, among keys: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        let size = keys.count <= 16 ? 16 : 256
        let places = "(" + Array(repeating: "?", count: size).joined(separator: ", ") + ")"
        let statement = sql.replacing("(?)", with: places)
        for start in stride(from: 0, to: keys.count, by: size) {
            var part = Array(keys[start..<min(start + size, keys.count)])
            part += Array(repeating: part[0], count: size - part.count)
            try forEach(statement, part, body)
        }
    }
}
