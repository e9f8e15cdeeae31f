/// A sector's trailer as it is to be written: both keys, the access bits and the user byte.
///
/// It cannot be made with a missing key: a trailer is written whole, and an empty key would become six zeros on the
/// card.
public struct SectorTrailer: Hashable, Sendable, CustomStringConvertible {
    /// Key A.
    public let keyA: SectorKey
    /// Who may do what.
    public let accessBits: AccessBits
    /// Byte 9, free for the application; the factory's is 69, in sector 0 it is the MAD's general purpose byte.
    public let userByte: UInt8
    /// Key B.
    public let keyB: SectorKey

    /// The factory's user byte.
    public static let factoryUserByte: UInt8 = 0x69

    /// A trailer of these parts.
    ///
    /// - Throws: ``ClassicError/forbidden(_:)`` for access bits that are a ``SectorTrap``, naming it: no application of
    ///   ours wants that, and there is no way back from it.
    public init(
        keyA: SectorKey, accessBits: AccessBits, userByte: UInt8 = factoryUserByte, keyB: SectorKey
    ) throws(ClassicError) {
        if let trap = accessBits.trap { throw .forbidden("access bits \(accessBits): \(trap)") }
        self.keyA = keyA
        self.accessBits = accessBits
        self.userByte = userByte
        self.keyB = keyB
    }

    private init(factoryKeys key: SectorKey) {
        (keyA, accessBits, userByte, keyB) = (key, .transport, Self.factoryUserByte, key)
    }

    /// The trailer of a new card.
    public static let factory = SectorTrailer(factoryKeys: .factory)

    /// The block to write.
    ///
    /// It holds the keys in clear.
    var block: Block {
        // 6 + 3 + 1 + 6 bytes by the types of the parts.
        Block(assembled: keyA.bytes + accessBits.bytes + [userByte] + keyB.bytes)
    }

    /// The access bits; the keys stay hidden.
    public var description: String { "trailer with access bits \(accessBits), keys hidden" }
}

extension Block {
    /// The access bits, when this block is a trailer whose access bits can be read; `nil` when they are inconsistent.
    public var accessBits: AccessBits? { AccessBits(decoding: bytes[6..<9]) }
}
