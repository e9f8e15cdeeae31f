import Platform

/// What is wrong with one line of a file.
public struct LineProblem: Codable, Hashable, Sendable {
    /// The line, counted from 1; the heading is line 1.
    public let line: Int
    /// What was expected there.
    public let problem: String
}

/// A CSV file (RFC 4180) with a heading, taken strictly: every record with the number of the line on which it begins.
///
/// Read here, and not by a package, because what matters most is what those do without: to say which line is wrong. SwiftCSV
/// 0.10 counts no lines, takes records with too few and too many fields, and guesses the delimiter; a lenient reader would
/// turn somebody's balance into somebody else's.
struct CSVFile {
    struct Record {
        let line: Int
        let fields: [String]
    }

    /// A file that cannot be read as a table at all; the message has the next step.
    struct Unreadable: Error {
        let message: String
    }

    /// The names of the columns, as the heading has them.
    let columns: [String]
    /// Every record that has as many fields as the heading.
    private(set) var records: [Record] = []
    /// What is wrong with the others.
    private(set) var problems: [LineProblem] = []

    init(_ bytes: [UInt8]) throws(Unreadable) {
        var content = bytes[...]
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw Unreadable(
                message: "not UTF-8: convert it first, as a rule with `iconv -f GB18030 -t UTF-8 FILE > NEW.csv`")
        }
        guard !content.contains(0) else {
            throw Unreadable(message: "zero bytes in it, as in UTF-16: convert it with `iconv -f UTF-16 -t UTF-8`")
        }
        var scanner = CSVScanner(Array(text.utf8))
        guard case .record(let heading)? = scanner.next() else {
            throw Unreadable(message: "no heading: expected the names of the columns in line 1")
        }
        columns = heading.fields
        while let item = scanner.next() {
            switch item {
            case .record(let record) where record.fields.count == columns.count: records.append(record)
            case .record(let record):
                let count = record.fields.count
                problems.append(
                    LineProblem(line: record.line, problem: "expected \(columns.count) fields, found \(count)"))
            case .malformed(let problem): problems.append(problem)
            }
        }
    }

    /// Where each of `names` stands.
    ///
    /// Columns that nobody asked for are refused: they may be what somebody thinks is being imported.
    func places(of names: [String]) throws(Unreadable) -> [Int] {
        guard Set(columns) == Set(names), columns.count == names.count else {
            throw Unreadable(
                message:
                    "line 1: expected the columns \(names.joined(separator: ",")), found \(columns.joined(separator: ","))"
            )
        }
        return names.compactMap { name in columns.firstIndex(of: name) }
    }
}

/// Takes a text apart, record by record.
private struct CSVScanner {
    enum Item {
        case record(CSVFile.Record)
        case malformed(LineProblem)
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private let bytes: [UInt8]
    private var place = 0
    private var line = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Item? {
        guard place < bytes.count else { return nil }
        let first = line
        var fields: [String] = []
        while true {
            guard let field = bytes[place..<bytes.count].first == Self.quote ? quoted() : plain() else {
                skipLine()
                return .malformed(
                    LineProblem(
                        line: first,
                        problem: "expected a field in quotes to be closed, and other fields to have no quotes"))
            }
            fields.append(field)
            if place < bytes.count, bytes[place] == Self.comma {
                place += 1
                continue
            }
            endLine()
            return .record(CSVFile.Record(line: first, fields: fields))
        }
    }

    private var isAtEnd: Bool {
        guard place < bytes.count else { return true }
        return bytes[place] == Self.newline
            || bytes[place] == Self.carriageReturn && place + 1 < bytes.count && bytes[place + 1] == Self.newline
    }

    private mutating func endLine() {
        guard place < bytes.count else { return }
        place += bytes[place] == Self.carriageReturn ? 2 : 1
        line += 1
    }

    private mutating func skipLine() {
        while !isAtEnd { place += 1 }
        endLine()
    }

    private mutating func plain() -> String? {
        let start = place
        while !isAtEnd, bytes[place] != Self.comma {
            guard bytes[place] != Self.quote else { return nil }
            place += 1
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func quoted() -> String? {
        var content: [UInt8] = []
        place += 1
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == Self.quote {
                guard place < bytes.count, bytes[place] == Self.quote else {
                    return isAtEnd || bytes[place] == Self.comma ? String(decoding: content, as: UTF8.self) : nil
                }
                place += 1
            }
            if byte == Self.newline { line += 1 }
            content.append(byte)
        }
        return nil
    }
}
