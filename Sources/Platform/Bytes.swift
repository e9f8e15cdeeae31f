/// Reads and writes fixed-width little-endian integers at byte offsets: the one way every record of ours is laid out.
///
/// Offsets are the caller's constants into arrays whose size it has checked; out of range is a programming error and
/// traps.
extension [UInt8] {
    /// The little-endian integer that starts at `offset`.
    @inlinable public func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
        var value: T = 0
        for index in 0..<(T.bitWidth / 8) {
            value |= T(truncatingIfNeeded: self[offset + index]) << T(index * 8)
        }
        return value
    }

    /// Stores `value` little-endian from `offset` on.
    @inlinable public mutating func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for index in 0..<(T.bitWidth / 8) {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> T(index * 8))
        }
    }
}

extension Span<UInt8> {
    /// The little-endian integer that starts at `offset`.
    @inlinable public func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
        var value: T = 0
        for index in 0..<(T.bitWidth / 8) {
            value |= T(truncatingIfNeeded: self[offset + index]) << T(index * 8)
        }
        return value
    }
}
