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
        return Block(assembled: bytes)
    }

    /// What INCREMENT by `amount` and TRANSFER leave in the block; the address byte stays (DS-MFC 8.6.2).
    public func incremented(by amount: Int32) throws(ValueBlockError) -> ValueBlock {
        guard amount >= 0 else { throw .negativeAmount(amount) }
        let (sum, overflow) = value.addingReportingOverflow(amount)
        guard !overflow else { throw .overflow(value: value, change: Int64(amount)) }
        return ValueBlock(value: sum, address: address)
    }

    /// What DECREMENT by `amount` and TRANSFER leave in the block.
    public func decremented(by amount: Int32) throws(ValueBlockError) -> ValueBlock {
        guard amount >= 0 else { throw .negativeAmount(amount) }
        let (difference, overflow) = value.subtractingReportingOverflow(amount)
        guard !overflow else { throw .overflow(value: value, change: -Int64(amount)) }
        return ValueBlock(value: difference, address: address)
    }
}

/// Why a value operation must not be sent.
public enum ValueBlockError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The result would not fit 32 bits; what a chip then does differs by maker.
    case overflow(value: Int32, change: Int64)
    /// The amount is negative: a decrement disguised as an increment would go past the permission for it.
    case negativeAmount(Int32)

    /// For people.
    public var description: String {
        switch self {
        case .overflow(let value, let change): "value \(value) cannot change by \(change): beyond 32 bits"
        case .negativeAmount(let amount): "amount \(amount) is negative"
        }
    }
}
