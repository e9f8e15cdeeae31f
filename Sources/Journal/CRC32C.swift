import CLinux

/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41, reflected), as in RFC 3720: check value of "123456789" is 0xE3069283.
enum CRC32C {
    static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe yika_crc32c($0.baseAddress, $0.count) }
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 { checksum(bytes.span) }

    /// The same by the definition, bit by bit: what processors without the instruction use.
    static func checksumByDefinition(_ bytes: [UInt8]) -> UInt32 {
        unsafe ~bytes.withUnsafeBufferPointer { unsafe yika_crc32c_by_bits(.max, $0.baseAddress, $0.count) }
    }
}
