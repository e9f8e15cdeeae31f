import Platform

/// A value block: a 32-bit number stored three times and its address four times, so that a torn one shows (DS-MFC
/// 8.6.2).
public struct ValueBlock: Hashable, Sendable {
    /// The number.
    public var value: Int32
    /// The address byte, by convention the block's own or its backup's number.
    public var address: UInt8

    /// The value block of these.
    public init(value: Int32, address: UInt8) {
        self.value = value
        self.address = address
    }

    /// Reads a block; `nil` when its copies disagree, as after a torn write.
    public init?(_ block: Block) {
        self.init(value: block.bytes.integer(at: 0), address: block.bytes[12])
        guard self.block == block else { return nil }
    }

    /// The block's 16 bytes: value, inverted value, value, then address and inverted address twice.
    public var block: Block {
        var bytes = [UInt8](repeating: 0, count: ClassicSize.blockLength)
        bytes.store(value, at: 0)
        bytes.store(~value, at: 4)
        bytes.store(value, at: 8)
        for (offset, byte) in [address, ~address, address, ~address].enumerated() { bytes[12 + offset] = byte }
        return Block(bytes) ?? .zero
    }
}
