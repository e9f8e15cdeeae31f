import DataFiles
import Platform

/// A scanner model as data: how it is recognised, and how it delivers a code.
///
/// Code interprets profiles and has no branch on a model. `device-profiles/scanners/README.md` explains the file format.
public struct ScannerProfile: Hashable, Sendable {
    /// The profile's name, the same as its file's.
    public let id: String
    /// The scanner's name for people.
    public let title: String
    /// Where each statement of the profile comes from.
    public let evidence: [String]
    /// Whether somebody has tried the profile on the device.
    public let verified: Bool
    /// How the scanner shows itself.
    public let kind: Kind
    /// What it is recognised by.
    public let match: ScannerMatch
    /// The bytes that each end a code; with none, silence does.
    public let terminators: [UInt8]
    /// What it puts before a code, to be taken away: one of these, or nothing.
    public let prefixes: [[UInt8]]
    /// How long after its last byte a code without an end is over, in milliseconds, 20...2000.
    public let silenceMilliseconds: Int64
    /// What a technician should know about it.
    public let quirks: [String]

    /// How a scanner shows itself to the system.
    public enum Kind: Hashable, Sendable {
        /// As a serial line, at so many baud; a USB line takes any number.
        case serial(baud: Int)
        /// As a keyboard, read through evdev and taken away from everybody else.
        case keyboard
    }

    /// An assembler of codes as this scanner sends them.
    var assembler: ScanAssembler {
        ScanAssembler(terminators: terminators, prefixes: prefixes, silenceMilliseconds: silenceMilliseconds)
    }
}

extension ScannerProfile: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case id, title, evidence, verified, kind, match, baud, terminators, prefixes, silenceMilliseconds, quirks
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        id = try container.decode(String.self, forKey: .id)
        title = try container.decode(String.self, forKey: .title)
        evidence = try container.decode([String].self, forKey: .evidence)
        guard !evidence.isEmpty else { throw decoder.fault("at least one source", at: Key.evidence) }
        verified = try container.decode(Bool.self, forKey: .verified)
        kind = try Self.kind(decoder, container)
        match = try container.decodeIfPresent(ScannerMatch.self, forKey: .match) ?? .nothing
        switch kind {
        case .serial:
            guard match.names.isEmpty else {
                throw decoder.fault("no names with kind \"serial\"; a line has none", at: Key.match)
            }
        case .keyboard:
            guard match.paths.isEmpty else {
                throw decoder.fault("no paths with kind \"keyboard\"; event numbers change", at: Key.match)
            }
        }
        let ends = try container.decode(String.self, forKey: .terminators)
        guard let bytes = [UInt8](hex: ends) else {
            throw decoder.fault("bytes in hexadecimal as in \"0D 0A\", or \"\"", at: Key.terminators)
        }
        terminators = bytes
        let starts = try container.decodeIfPresent([String].self, forKey: .prefixes) ?? []
        prefixes = starts.compactMap { [UInt8](hex: $0) }
        guard prefixes.count == starts.count, !prefixes.contains([]) else {
            throw decoder.fault("beginnings of codes in hexadecimal, none empty", at: Key.prefixes)
        }
        silenceMilliseconds = try container.decodeIfPresent(Int64.self, forKey: .silenceMilliseconds) ?? 150
        guard (20...2000).contains(silenceMilliseconds) else {
            throw decoder.fault("20 to 2000", at: Key.silenceMilliseconds)
        }
        quirks = try container.decodeIfPresent([String].self, forKey: .quirks) ?? []
    }

    private static func kind(_ decoder: any Decoder, _ container: KeyedDecodingContainer<Key>) throws -> Kind {
        let baud = try container.decodeIfPresent(Int.self, forKey: .baud)
        switch try container.decode(String.self, forKey: .kind) {
        case "serial":
            guard let baud, SerialLine.speeds[baud] != nil else {
                let known = SerialLine.speeds.keys.sorted().map(String.init).joined(separator: ", ")
                throw decoder.fault("one of: \(known)", at: Key.baud)
            }
            return .serial(baud: baud)
        case "keyboard":
            guard baud == nil else { throw decoder.fault("no baud with kind \"keyboard\"", at: Key.baud) }
            return .keyboard
        default:
            throw decoder.fault("\"serial\" or \"keyboard\"", at: Key.kind)
        }
    }
}
