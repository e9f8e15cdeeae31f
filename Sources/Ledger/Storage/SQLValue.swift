/// A value on its way into or out of the database.
public enum SQLValue: Hashable, Sendable {
    /// No value.
    case null
    /// A number; everything that the ledger counts fits 64 bits with a sign.
    case integer(Int64)
    /// Text.
    case text(String)
    /// Bytes.
    case blob([UInt8])

    /// A number of a narrower type.
    static func number(_ value: some FixedWidthInteger) -> SQLValue { .integer(Int64(value)) }

    /// A number, or none.
    static func number(_ value: Int64?) -> SQLValue { value.map { .integer($0) } ?? .null }

    /// Text, or none.
    static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
}

/// One row of an answer; columns are counted from 0.
public struct SQLRow: Hashable, Sendable {
    /// The row's values, in the order that the query names them.
    public let values: [SQLValue]

    /// A row of these values.
    public init(values: [SQLValue]) { self.values = values }

    func integer(_ column: Int) throws -> Int64 {
        guard case .integer(let value) = values[column] else { throw LedgerDamage("column \(column) is no number") }
        return value
    }

    func number<T: FixedWidthInteger>(_ column: Int, as type: T.Type = T.self) throws -> T {
        guard let value = T(exactly: try integer(column)) else {
            throw LedgerDamage("column \(column) does not fit \(T.self)")
        }
        return value
    }

    func text(_ column: Int) throws -> String {
        guard case .text(let value) = values[column] else { throw LedgerDamage("column \(column) is no text") }
        return value
    }

    func blob(_ column: Int) throws -> [UInt8] {
        guard case .blob(let value) = values[column] else { throw LedgerDamage("column \(column) holds no bytes") }
        return value
    }

    func isNull(_ column: Int) -> Bool { values[column] == .null }
}

/// The database is readable but says something that this program never writes.
public struct LedgerDamage: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found.
    public let description: String

    init(_ description: String) { self.description = description }
}
