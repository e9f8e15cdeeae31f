import Platform

/// The number that a card gives when it is selected: 4, 7 or 10 bytes (ISO 14443-3).
public struct CardUID: Hashable, Sendable, CustomStringConvertible {
    /// The bytes in the order of the air interface.
    public let bytes: [UInt8]

    /// The UID of these bytes; `nil` when there are not 4, 7 or 10.
    public init?(_ bytes: [UInt8]) {
        guard [4, 7, 10].contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// The bytes in hexadecimal.
    public var description: String { bytes.hex() }

    /// The last two bytes behind a mark, for logs: enough to tell the cards of a morning apart, not to name a holder.
    public var masked: String { "..\(bytes.suffix(2).hex())" }
}
