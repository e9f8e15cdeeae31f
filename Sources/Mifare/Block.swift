import Platform

/// The 16 bytes of a block.
public struct Block: Hashable, Sendable, CustomStringConvertible {
    /// The bytes, always 16.
    public let bytes: [UInt8]

    /// The block of these bytes; `nil` when there are not 16.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == ClassicSize.blockLength else { return nil }
        self.bytes = bytes
    }

    /// The block of bytes that were put together here.
    ///
    /// - Precondition: there are 16.
    public init(assembled bytes: [UInt8]) {
        precondition(bytes.count == ClassicSize.blockLength, "a block has 16 bytes")
        self.bytes = bytes
    }

    /// The block whose every byte is `byte`.
    public init(repeating byte: UInt8) { bytes = [UInt8](repeating: byte, count: ClassicSize.blockLength) }

    /// Sixteen zeros, what a new card holds.
    public static let zero = Block(repeating: 0)

    /// The bytes in hexadecimal.
    ///
    /// A trailer's would show keys: print trailers by their access bits only.
    public var description: String { bytes.hex() }
}
