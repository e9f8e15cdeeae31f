/// Finds where a text stops being JSON5, for the message to whoever wrote it.
///
/// The library's decoder says only that something is wrong. This walks the same grammar, keeps no values, and is asked
/// only once the decoder has refused.
struct JSON5Syntax {
    /// The line, from 1, and what was expected there.
    struct Fault: Error, Hashable {
        let line: Int
        let expected: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// Deeper nesting than any file of ours has; the walk is recursive.
    private static let deepest = 64

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The first fault in `bytes`, if there is one.
    static func fault(in bytes: [UInt8]) -> Fault? {
        var syntax = JSON5Syntax(bytes)
        do throws(Fault) {
            try syntax.value("a value")
            try syntax.skipBlank()
            guard syntax.next == nil else { throw syntax.expected("nothing after the last bracket") }
            return nil
        } catch {
            return error
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func expected(_ what: String) -> Fault {
        let line = 1 + bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") }
        return Fault(line: line, expected: what)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(_ what: String) throws(Fault) {
        try skipBlank()
        if take("{") { return try members("}", areNamed: true) }
        if take("[") { return try members("]", areNamed: false) }
        if try text() { return }
        guard word() else { throw expected(what) }
    }

    /// What stands between brackets: values, or names with values, with commas between and perhaps one at the end.
    private mutating func members(_ end: Unicode.Scalar, areNamed: Bool) throws(Fault) {
        depth += 1
        guard depth <= Self.deepest else { throw expected("at most \(Self.deepest) brackets within one another") }
        try skipBlank()
        while !take(end) {
            if areNamed {
                guard try text() || word() else { throw expected("a name or '\(end)'") }
                try skipBlank()
                guard take(":") else { throw expected("':' after a name") }
            }
            try value("a value")
            try skipBlank()
            let hasComma = take(",")
            try skipBlank()
            guard hasComma || next == UInt8(ascii: end) else { throw expected("',' or '\(end)'") }
        }
        depth -= 1
    }

    /// A text in quotes of either kind; false when none begins here.
    private mutating func text() throws(Fault) -> Bool {
        guard let quote = next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
        let start = position
        position += 1
        while let byte = next, byte != quote {
            guard byte != UInt8(ascii: "\n") else { break }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard next == quote else {
            position = start
            throw expected("the end of the text that begins in this line")
        }
        position += 1
        return true
    }

    /// A number, `true`, `null` or a name without quotes; false when none begins here.
    private mutating func word() -> Bool {
        let start = position
        while let byte = next, byte >= 0x80 || "+-._$".utf8.contains(byte) || Self.isAlphanumeric(byte) {
            position += 1
        }
        return position > start
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }

    private mutating func skipBlank() throws(Fault) {
        while let byte = next {
            if byte <= 0x20 {
                position += 1
            } else if bytes[position...].starts(with: "//".utf8) {
                while let byte = next, byte != UInt8(ascii: "\n") { position += 1 }
            } else if bytes[position...].starts(with: "/*".utf8) {
                let start = position
                while next != nil, !bytes[position...].starts(with: "*/".utf8) { position += 1 }
                guard next != nil else {
                    position = start
                    throw expected("the end of the comment that begins in this line")
                }
                position += 2
            } else {
                return
            }
        }
    }
}
