import DataFiles
import Platform

/// A value that changes from one command to the next, written `{block}` and the like in a template.
public enum ApduField: String, CaseIterable, Hashable, Sendable {
    /// The number of a block on the card.
    case block
    /// The reader's place for a key.
    case slot
    /// 60 for key A, 61 for key B.
    case keyType
    /// A sector key.
    case key
    /// The content of a block.
    case data

    /// How many bytes it takes in the command.
    public var length: Int {
        switch self {
        case .block, .slot, .keyType: 1
        case .key: 6
        case .data: 16
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
    }

    private let parts: [Part]

    /// What stands in the profile.
    public let description: String

    /// Which values the command takes.
    public let fields: Set<ApduField>

    /// How many bytes a command has.
    public let length: Int

    /// Reads a template, or says what was expected of it.
    public static func parse(_ text: String) -> Result<ApduTemplate, Fault> {
        var parts: [Part] = []
        var fields: Set<ApduField> = []
        for word in text.split(separator: " ") {
            if word.hasPrefix("{"), word.hasSuffix("}") {
                let name = String(word.dropFirst().dropLast())
                guard let field = ApduField(rawValue: name) else {
                    let known = ApduField.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
                    return .failure(Fault(expected: "a placeholder among \(known), not {\(name)}"))
                }
                guard fields.insert(field).inserted else {
                    return .failure(Fault(expected: "{\(name)} once"))
                }
                parts.append(.field(field))
            } else if word.utf8.count == 2, let byte = [UInt8](hex: word) {
                parts.append(.bytes(byte))
            } else {
                return .failure(Fault(expected: "bytes as two hexadecimal digits and {placeholders}, not '\(word)'"))
            }
        }
        let template = ApduTemplate(parts: parts, description: text, fields: fields)
        // CLA INS P1 P2: nothing shorter is a command (ISO 7816-4).
        guard template.length >= 4 else { return .failure(Fault(expected: "a command of at least 4 bytes")) }
        return .success(template)
    }

    /// Why a text is not a template.
    public struct Fault: Error, Hashable, Sendable {
        /// What was expected of the text.
        public let expected: String
    }

    private init(parts: [Part], description: String, fields: Set<ApduField>) {
        self.parts = parts
        self.description = description
        self.fields = fields
        length = parts.reduce(0) { sum, part in
            switch part {
            case .bytes(let bytes): sum + bytes.count
            case .field(let field): sum + field.length
            }
        }
    }

    /// The command with `values` filled in; values that it does not take are left out.
    ///
    /// - Precondition: every field of the template has a value of its length. Profiles are checked on loading for
    ///   taking only what their command is given.
    public func build(_ values: [ApduField: [UInt8]] = [:]) -> [UInt8] {
        var command: [UInt8] = []
        command.reserveCapacity(length)
        for part in parts {
            switch part {
            case .bytes(let bytes): command += bytes
            case .field(let field):
                let value = values[field] ?? []
                precondition(value.count == field.length, "{\(field.rawValue)} needs \(field.length) bytes")
                command += value
            }
        }
        return command
    }

    /// The values in `command`, when it is one that this template builds.
    public func match(_ command: [UInt8]) -> [ApduField: [UInt8]]? {
        guard command.count == length else { return nil }
        var values: [ApduField: [UInt8]] = [:]
        var rest = command[...]
        for part in parts {
            switch part {
            case .bytes(let bytes):
                guard rest.starts(with: bytes) else { return nil }
                rest = rest.dropFirst(bytes.count)
            case .field(let field):
                values[field] = Array(rest.prefix(field.length))
                rest = rest.dropFirst(field.length)
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
