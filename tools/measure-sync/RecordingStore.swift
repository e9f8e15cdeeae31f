import Ledger
import Synchronization

/// What one transaction changed, to be done again elsewhere.
struct Change: Sendable {
    enum Step: Sendable {
        case insert(String, [String], [[SQLValue]])
        case each(String, [[SQLValue]])
        case once(String, [SQLValue])
        case add([(account: Int64, fen: Int64)], String)
    }

    var steps: [Step] = []

    func make(in transaction: any LedgerTransaction) throws {
        for step in steps {
            switch step {
            case .insert(let table, let columns, let rows):
                try transaction.insert(into: table, columns, rows: rows)
            case .each(let sql, let rows): try transaction.execute(sql, each: rows)
            case .add(let amounts, let column): try transaction.add(amounts, to: column)
            case .once(let sql, let values): try transaction.execute(sql, values)
            }
        }
    }
}

/// A store that writes down what is changed in it, in the order of the commits.
final class RecordingStore: LedgerStore {
    private let store: any LedgerStore
    private let recorded = Mutex<[Change]>([])

    init(_ store: any LedgerStore) { self.store = store }

    var changes: [Change] { recorded.withLock { $0 } }

    func read<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result { try store.read(body) }

    func write<Result>(_ body: (any LedgerTransaction) throws -> Result) throws -> Result {
        var change = Change()
        let result = try store.write { transaction in
            let recording = RecordingTransaction(transaction)
            defer { change = recording.change }
            return try body(recording)
        }
        recorded.withLock { $0.append(change) }
        return result
    }

    func close() throws { try store.close() }
}

private final class RecordingTransaction: LedgerTransaction {
    private let transaction: any LedgerTransaction
    private(set) var change = Change()

    init(_ transaction: any LedgerTransaction) { self.transaction = transaction }

    var forUpdate: String { transaction.forUpdate }

    func columns(of table: String) throws -> [String] { try transaction.columns(of: table) }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        change.steps.append(.once(sql, values))
        return try transaction.execute(sql, values)
    }

    func execute(_ sql: String, each rows: [[SQLValue]]) throws {
        if !rows.isEmpty { change.steps.append(.each(sql, rows)) }
        try transaction.execute(sql, each: rows)
    }

    func add(_ amounts: [(account: Int64, fen: Int64)], to column: String) throws {
        if !amounts.isEmpty { change.steps.append(.add(amounts, column)) }
        try transaction.add(amounts, to: column)
    }

    func insert(into table: String, _ columns: [String], rows: [[SQLValue]]) throws {
        if !rows.isEmpty { change.steps.append(.insert(table, columns, rows)) }
        try transaction.insert(into: table, columns, rows: rows)
    }

    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try transaction.forEach(sql, values, body)
    }
}
