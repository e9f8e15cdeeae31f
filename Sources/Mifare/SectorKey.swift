import Platform

/// Which of a sector's two keys.
public enum KeyType: UInt8, CaseIterable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// Key A; the number is the authentication command of the air interface, which PC/SC uses too.
    case a = 0x60
    /// Key B.
    case b = 0x61

    /// For people.
    public var description: String { self == .a ? "A" : "B" }
}

/// A sector key of 6 bytes.
///
/// It never prints, not even in a debugger's dump.
public struct SectorKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Bytes in a key.
    public static let length = 6

    /// The key's bytes, for the command that loads it and for a trailer.
    public let bytes: [UInt8]

    /// The key of these bytes; `nil` when there are not 6.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    /// Reads twelve hexadecimal digits.
    public init?(hex: String) {
        guard let bytes = [UInt8](hex: hex) else { return nil }
        self.init(bytes)
    }

    private init(published bytes: [UInt8]) {
        precondition(bytes.count == Self.length, "a sector key has 6 bytes")
        self.bytes = bytes
    }

    /// The key that cards leave the factory with, FFFFFFFFFFFF.
    public static let factory = SectorKey(published: [UInt8](repeating: 0xFF, count: length))

    /// Key A of the sectors that hold a MIFARE application directory, A0A1A2A3A4A5: public, so that anybody can read
    /// the directory (AN10787).
    public static let directory = SectorKey(published: [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5])

    /// Says what it is, and nothing of its bytes.
    public var description: String { "SectorKey(hidden)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Shows nothing of the bytes to a debugger.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
