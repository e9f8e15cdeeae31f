@testable import Ledger

/// A store that fails where it is told to: at a statement of the next write, or after its commit.
final class FaultyStore: LedgerStore, @unchecked Sendable {
    /// What happens to the next write.
    enum Plan {
        /// Its statement of this number is not carried out, and `error` is thrown in its place.
        case atStatement(Int, any Error)
        /// All its statements are carried out, its commit fails with `error`, and nothing stays.
        case atCommit(any Error)
        /// Everything is committed, and `error` is thrown all the same.
        case afterCommit(any Error)
    }

    let inner: any LedgerStore
    var plan: Plan?
    /// Called in the middle of the transaction, before the planned error is thrown.
    var onFailure: () -> Void = {}
    /// At which statement the last plan was carried out.
    private(set) var failedAt: Int?

    init(_ inner: any LedgerStore) { self.inner = inner }

    func read<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result { try inner.read(body) }

    func write<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        failedAt = nil
        guard let plan else { return try inner.write(body) }
        switch plan {
        case .afterCommit(let error):
            _ = try inner.write(body)
            self.plan = nil
            onFailure()
            throw error
        case .atCommit(let error):
            return try inner.write { transaction in
                let result = try body(transaction)
                guard self.plan != nil else { return result }
                self.plan = nil
                onFailure()
                throw error
            }
        case .atStatement(let number, let error):
            let counter = Counter()
            return try inner.write { transaction in
                try body(
                    FaultyTransaction(inner: transaction, counter: counter) { statement in
                        guard statement == number, self.plan != nil else { return }
                        self.plan = nil
                        self.failedAt = statement
                        self.onFailure()
                        throw error
                    })
            }
        }
    }

    func close() throws { try inner.close() }

    fileprivate final class Counter {
        var statements = 0
    }
}

private struct FaultyTransaction: LedgerTransaction {
    let inner: any LedgerTransaction
    let counter: FaultyStore.Counter
    let before: (Int) throws -> Void

    var forUpdate: String { inner.forUpdate }

    private func step() throws {
        counter.statements += 1
        try before(counter.statements)
    }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try step()
        return try inner.execute(sql, values)
    }

    func execute(_ sql: String, each rows: [[SQLValue]]) throws {
        try step()
        try inner.execute(sql, each: rows)
    }

    func add(_ amounts: [(account: Int64, fen: Int64)], to column: String) throws {
        try step()
        try inner.add(amounts, to: column)
    }

    func columns(of table: String) throws -> [String] { try inner.columns(of: table) }

    func insert(into table: String, _ columns: [String], rows: [[SQLValue]]) throws {
        try step()
        try inner.insert(into: table, columns, rows: rows)
    }

    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try step()
        try inner.forEach(sql, values, body)
    }
}
