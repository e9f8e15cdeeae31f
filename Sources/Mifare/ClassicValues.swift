import DeviceProfiles
import Platform

/// Value blocks, by the reader's own commands for them: the chip adds and subtracts, and keeps its copies in step.
///
/// Readers without such commands are asked to read and to write instead, except for adding and subtracting: where only
/// the chip's own subtraction is allowed, as on a purse that may be emptied and not filled, a write would be refused.
extension ClassicCard {
    /// The number in the value block `block`, whose sector must be authenticated.
    ///
    /// - Throws: ``ClassicError/malformedAnswer(operation:)`` when the block holds no value, as after a torn write.
    public func readValue(block: Int) throws(ClassicError) -> Int32 {
        guard let value = ValueBlock(try read(block: block)) else { throw .malformedAnswer(operation: .readValue) }
        return value.value
    }

    /// Makes `block` of a writable sector a value block that holds `value`, with its own number as the address.
    public func store(value: Int32, block: Int) throws(ClassicError) {
        try write(block: block, ValueBlock(value: value, address: UInt8(truncatingIfNeeded: block)).block)
    }

    /// Adds `amount` to the value block `block` of a writable sector.
    ///
    /// Success is not proof, and a loss leaves it unknown whether it happened: read the value.
    ///
    /// - Precondition: `amount` is not negative.
    public func increment(block: Int, by amount: Int32) throws(ClassicError) {
        try change(.increment, block, amount, "add to block \(block)")
    }

    /// Subtracts `amount` from the value block `block` of a writable sector; see ``increment(block:by:)``.
    ///
    /// - Precondition: `amount` is not negative.
    public func decrement(block: Int, by amount: Int32) throws(ClassicError) {
        try change(.decrement, block, amount, "subtract from block \(block)")
    }

    private func change(
        _ operation: CardOperation, _ block: Int, _ amount: Int32, _ what: String
    ) throws(ClassicError) {
        precondition(amount >= 0, "adding less than nothing is subtracting")
        try requireWritable(block)
        var bytes = [UInt8](repeating: 0, count: 4)
        bytes.store(amount, at: 0)
        _ = try exchange(
            operation, [.block: [UInt8(block)], .valueLE: bytes, .valueBE: Array(bytes.reversed())], what)
    }

    /// Copies the value block `block` to `target` of the same writable sector: the chip's way to keep a backup.
    public func copyValue(block: Int, to target: Int) throws(ClassicError) {
        try requireWritable(target)
        try requireSession(for: block..<block + 1)
        guard dialect.commands[.copyValue] != nil else {
            return try write(block: target, read(block: block))
        }
        _ = try exchange(
            .copyValue, [.block: [UInt8(block)], .target: [UInt8(target)]], "copy block \(block) to \(target)")
    }

    private func requireWritable(_ block: Int) throws(ClassicError) {
        try requireSession(for: block..<block + 1)
        guard block != 0, !ClassicSize.isTrailer(block) else { throw .forbidden("block \(block) holds no value") }
        let sector = ClassicSize.sector(ofBlock: block)
        guard writableSectors.contains(sector) else { throw .forbidden("sector \(sector) is not ours to write") }
    }
}
