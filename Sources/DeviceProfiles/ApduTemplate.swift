import DataFiles
import Platform

/// A value that changes from one command to the next, written `{block}` and the like in a template.
public enum ApduField: String, CaseIterable, Hashable, Sendable {
    /// The number of a block on the card.
    case block
    /// The number of the block that a value is copied to.
    case target
    /// The reader's place for a key.
    case slot
    /// 60 for key A, 61 for key B.
    case keyType
    /// A sector key.
    case key
    /// The content of a block.
    case data
    /// The content of several blocks, one after the other: the one field whose length varies.
    case blocks
    /// How many bytes of block content are asked for or follow.
    case length
    /// How many bytes come after it in the command.
    case rest
    /// The number of a value operation, low byte first.
    case valueLE
    /// The same, high byte first.
    case valueBE

    /// How many bytes it takes in the command; `nil` when that varies.
    public var length: Int? {
        switch self {
        case .block, .target, .slot, .keyType, .length, .rest: 1
        case .valueLE, .valueBE: 4
        case .key: 6
        case .data: 16
        case .blocks: nil
        }
    }
}

/// A reader command as data: hexadecimal bytes with `{placeholders}`, as in `FF D6 00 {block} 10 {data}`.
///
/// The same template builds a command for a reader and, in the simulator, understands one.
public struct ApduTemplate: Hashable, Sendable, CustomStringConvertible {
    private enum Part: Hashable {
        case bytes([UInt8])
        case field(ApduField)

        /// `nil` when it varies.
        var length: Int? {
            switch self {
            case .bytes(let bytes): bytes.count
            case .field(let field): field.length
            }
        }
    }

    private let parts: [Part]

    /// What stands in the profile.
    public let description: String

    /// Which values the command takes from its caller.
    public let fields: Set<ApduField>

    /// How many bytes a command has, without those of ``ApduField/blocks``.
    public let length: Int

    /// Reads a template, or says what was expected of it.
    public static func parse(_ text: String) -> Result<ApduTemplate, Fault> {
        var parts: [Part] = []
        for word in text.split(separator: " ") {
            if word.hasPrefix("{"), word.hasSuffix("}") {
                let name = String(word.dropFirst().dropLast())
                guard let field = ApduField(rawValue: name) else {
                    let known = ApduField.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                    return .failure(Fault(expected: "a placeholder among \(known), not {\(name)}"))
                }
                // A block's number stands twice in some readers' value commands; what is longer never does.
                guard field.length == 1 || !parts.contains(.field(field)) else {
                    return .failure(Fault(expected: "{\(name)} once"))
                }
                parts.append(.field(field))
            } else if word.utf8.count == 2, let byte = [UInt8](hex: word) {
                parts.append(.bytes(byte))
            } else {
                return .failure(Fault(expected: "bytes as two hexadecimal digits and {placeholders}, not '\(word)'"))
            }
        }
        let template = ApduTemplate(parts: parts, description: text)
        // CLA INS P1 P2: nothing shorter is a command (ISO 7816-4).
        guard template.length >= 4 else { return .failure(Fault(expected: "a command of at least 4 bytes")) }
        guard template.isShort(content: 0) else { return .failure(tooLong) }
        return .success(template)
    }

    /// Header 4, length 1, content 255, expected length 1 (ISO 7816-4): pcscd's readers need take nothing longer.
    private static let longest = 261

    static let tooLong = Fault(expected: "a command of at most \(longest) bytes, at most 255 of them behind {rest}")

    /// Whether the command is a short one with `content` bytes in the place of ``ApduField/blocks``.
    func isShort(content: Int) -> Bool {
        let lengths = parts.map { $0.length ?? content }
        let behindRest = parts.firstIndex(of: .field(.rest)).map { lengths[($0 + 1)...].reduce(0, +) } ?? 0
        return lengths.reduce(0, +) <= Self.longest && behindRest <= 0xFF
    }

    /// Why a text is not a template.
    public struct Fault: Error, Hashable, Sendable {
        /// What was expected of the text.
        public let expected: String
    }

    private init(parts: [Part], description: String) {
        self.parts = parts
        self.description = description
        var fields: Set<ApduField> = []
        for case .field(let field) in parts where field != .rest { fields.insert(field) }
        self.fields = fields
        length = parts.reduce(0) { $0 + ($1.length ?? 0) }
    }

    /// The command with `values` filled in; values that it does not take are left out.
    ///
    /// - Precondition: every field of the template has a value of its length, and ``ApduField/blocks`` no more than a
    ///   short command holds. Profiles are checked on loading for taking only what their command is given.
    public func build(_ values: [ApduField: [UInt8]] = [:]) -> [UInt8] {
        let whole = length + (fields.contains(.blocks) ? values[.blocks]?.count ?? 0 : 0)
        var command: [UInt8] = []
        command.reserveCapacity(whole)
        for part in parts {
            switch part {
            case .bytes(let bytes): command += bytes
            case .field(.rest): command.append(UInt8(truncatingIfNeeded: whole - command.count - 1))
            case .field(let field):
                let value = values[field] ?? []
                precondition(
                    field.length.map { $0 == value.count } ?? true, "{\(field.rawValue)} has not its length")
                command += value
            }
        }
        return command
    }

    /// The values in `command`, when it is one that this template builds.
    public func match(_ command: [UInt8]) -> [ApduField: [UInt8]]? {
        let variable = command.count - length
        guard fields.contains(.blocks) ? variable > 0 : variable == 0 else { return nil }
        var values: [ApduField: [UInt8]] = [:]
        var rest = command[...]
        for part in parts {
            let piece = rest.prefix(part.length ?? variable)
            rest = rest.dropFirst(piece.count)
            switch part {
            case .bytes(let bytes):
                guard piece.elementsEqual(bytes) else { return nil }
            case .field(.rest):
                guard piece.first.map({ Int($0) == rest.count }) ?? false else { return nil }
            case .field(let field):
                guard values[field] == nil || values[field] == Array(piece) else { return nil }
                values[field] = Array(piece)
            }
        }
        return values
    }
}

extension ApduTemplate: Decodable {
    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        switch Self.parse(try decoder.singleValueContainer().decode(String.self)) {
        case .success(let template): self = template
        case .failure(let fault): throw decoder.fault(fault.expected)
        }
    }
}
