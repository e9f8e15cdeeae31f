public import Mifare
public import Platform

/// Blocks 1 and 2 of our sector: what the card may still spend offline, twice, so that one torn write costs nothing.
///
/// Little-endian: sequence u24, allowance u24 (fen), last terminal u16, MAC 8. The MAC covers UID ‖ identity block ‖ the
/// eight bytes before it. The valid copy with the higher sequence counts; a use writes only the other one.
public struct AllowanceRecord: Hashable, Sendable {
    /// Bytes of the MAC.
    public static let macSize = 8
    /// What the sequence can count to.
    public static let largestSequence: UInt32 = (1 << 24) - 1

    /// How often the card was used; +1 each time, below 2^24.
    public var sequence: UInt32
    /// What it may still spend without asking; 0 to 167 772.15 yuan.
    public var allowance: Fen
    /// The terminal that wrote the record.
    public var terminal: UInt16

    /// A record with these fields.
    ///
    /// - Precondition: sequence and allowance fit 24 bits.
    public init(sequence: UInt32, allowance: Fen, terminal: UInt16) {
        precondition(
            sequence < 1 << 24 && (0..<1 << 24).contains(allowance.rawValue), "does not fit an allowance record")
        self.sequence = sequence
        self.allowance = allowance
        self.terminal = terminal
    }

    private var covered: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: ClassicSize.blockLength - Self.macSize)
        // The 32-bit stores overlap on purpose: each upper byte is zero and is overwritten by the next field.
        bytes.store(sequence, at: 0)
        bytes.store(UInt32(allowance.rawValue), at: 3)
        bytes.store(terminal, at: 6)
        return bytes
    }

    /// The block for the card `uid` with `identity`; `nil` when the ring lacks the MAC key.
    public func block(uid: CardUID, identity: Identity, keys: any KeyRing, macKey: String) -> Block? {
        let covered = self.covered
        let message = uid.bytes + identity.block.bytes + covered
        guard let mac = keys.mac(macKey, version: identity.keyVersion, uid: uid, over: message) else { return nil }
        return Block(assembled: covered + mac)
    }

    /// Reads a block; `nil` unless its MAC holds for this card and identity.
    public init?(_ block: Block, uid: CardUID, identity: Identity, keys: any KeyRing, macKey: String) {
        let bytes = block.bytes
        let sequence = bytes.integer(at: 0, as: UInt32.self) & 0xFF_FFFF
        let allowance = bytes.integer(at: 3, as: UInt32.self) & 0xFF_FFFF
        self.init(sequence: sequence, allowance: Fen(Int64(allowance)), terminal: bytes.integer(at: 6))
        guard self.block(uid: uid, identity: identity, keys: keys, macKey: macKey) == block else { return nil }
    }
}
