/// Values in PostgreSQL's binary format: integers are big-endian, texts and bytes are as they are.
///
/// Source: PostgreSQL 15 manual, 55 "Frontend/Backend Protocol" and the COPY page's "Binary Format".
enum PostgresWire {
    /// Object identifiers of types (pg_type.dat).
    enum TypeID {
        static let bool: UInt32 = 16, bytes: UInt32 = 17, int8: UInt32 = 20, int2: UInt32 = 21, int4: UInt32 = 23
        static let text: UInt32 = 25, unknown: UInt32 = 705, varchar: UInt32 = 1043, name: UInt32 = 19
    }

    /// Appends the bytes of `value`; `nil` for no value, and nothing is appended.
    static func append(_ value: SQLValue, to bytes: inout [UInt8]) -> Int? {
        switch value {
        case .null: return nil
        case .integer(let number):
            append(UInt64(bitPattern: number), to: &bytes)
            return 8
        case .text(let text):
            let before = bytes.count
            bytes.append(contentsOf: text.utf8)
            return bytes.count - before
        case .blob(let blob):
            bytes.append(contentsOf: blob)
            return blob.count
        }
    }

    static func append<T: FixedWidthInteger>(_ number: T, to bytes: inout [UInt8]) {
        for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> T(shift)))
        }
    }

    /// The value that a field of type `type` holds.
    static func value(_ bytes: UnsafeRawBufferPointer, type: UInt32) throws -> SQLValue {
        switch type {
        case TypeID.int8, TypeID.int4, TypeID.int2:
            guard let first = unsafe bytes.first else { throw LedgerDamage("a number of no bytes") }
            // Narrow numbers come from constants in queries; the sign is in the first byte.
            var number = Int64(Int8(bitPattern: first))
            unsafe bytes.dropFirst().forEach { number = number << 8 | Int64($0) }
            return .integer(number)
        case TypeID.bool: return unsafe .integer(bytes.first == 1 ? 1 : 0)
        case TypeID.bytes: return unsafe .blob(Array(bytes))
        case TypeID.text, TypeID.varchar, TypeID.unknown, TypeID.name:
            return unsafe .text(String(decoding: bytes, as: UTF8.self))
        default: throw LedgerDamage("a column of PostgreSQL's type \(type), where numbers, texts and bytes belong")
        }
    }

    /// What a binary COPY begins with: signature, no flags, no extension.
    static let copyHeader: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    /// What it ends with.
    static let copyTrailer: [UInt8] = [0xFF, 0xFF]

    /// A row as COPY wants it.
    static func appendRow(_ row: [SQLValue], to bytes: inout [UInt8]) {
        append(Int16(row.count), to: &bytes)
        for value in row {
            let place = bytes.count
            append(Int32(-1), to: &bytes)
            guard let size = append(value, to: &bytes) else { continue }
            for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: size >> (24 - 8 * index)) }
        }
    }

    /// SQL with `$1`, `$2`… in place of each `?` that is not inside a quoted text.
    static func numbered(_ sql: String) -> String {
        var out = ""
        var count = 0
        var isQuoted = false
        for character in sql {
            if character == "'" { isQuoted.toggle() }
            if character == "?", !isQuoted {
                count += 1
                out += "$\(count)"
            } else {
                out.append(character)
            }
        }
        return out
    }
}
