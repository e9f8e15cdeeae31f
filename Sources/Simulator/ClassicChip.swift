public import Mifare
import Platform

/// What a write leaves behind when the card's power goes in the middle of it.
public enum TornWrite: Hashable, Sendable {
    /// Nothing happened yet.
    case old
    /// Everything happened; only the answer was lost.
    case new
    /// Erased, not yet programmed: zeros, as tear-off experiments show.
    case erased
    /// Every bit is either the old or the new one, drawn from this seed.
    case mixed(seed: UInt64)

    /// The bytes that remain of a write of `new` over `old`.
    func outcome(old: [UInt8], new: [UInt8]) -> [UInt8] {
        switch self {
        case .old: return old
        case .new: return new
        case .erased: return [UInt8](repeating: 0, count: old.count)
        case .mixed(let seed):
            var random = SplitMix64(seed: seed)
            return zip(old, new).map { old, new in
                let taken = UInt8.random(in: .min ... .max, using: &random)
                return old & ~taken | new & taken
            }
        }
    }
}

/// A MIFARE Classic chip: its memory and the rules by which it lets anybody at it (DS-MFC).
public struct ClassicChip: Hashable, Sendable {
    /// The chip's size.
    public let size: ClassicSize
    /// The UID it answers to a selection with.
    public let uid: CardUID
    /// The whole memory, keys included.
    public private(set) var memory: [UInt8]

    private var session: Session?
    private var isSelected = false

    private struct Session: Hashable {
        let sector: Int
        let type: KeyType
    }

    /// Why the chip did not do what it was asked.
    public enum Refusal: Error, Hashable, Sendable {
        /// It is silent since an earlier refusal, until it is selected again.
        case silent
        /// The key is wrong, or the sector is blocked by inconsistent access bits.
        case authenticationFailed
        /// The block's sector is not authenticated.
        case notAuthenticated
        /// The access bits forbid it.
        case notPermitted
        /// The chip has no such block.
        case noSuchBlock
    }

    /// A chip with this memory; `nil` when its length is not the size's.
    public init?(size: ClassicSize, uid: CardUID, memory: [UInt8]) {
        guard memory.count == size.bytes else { return nil }
        self.size = size
        self.uid = uid
        self.memory = memory
    }

    /// A chip as it leaves the factory: manufacturer's block, zeros, and transport trailers.
    public init(factory size: ClassicSize, uid: CardUID) {
        self.size = size
        self.uid = uid
        memory = [UInt8](repeating: 0, count: size.bytes)
        memory.replaceSubrange(0..<ClassicSize.blockLength, with: Self.manufacturerBlock(size: size, uid: uid))
        let key = SectorKey.factory.bytes
        let trailer = key + AccessBits.transport.bytes + [SectorTrailer.factoryUserByte] + key
        for sector in 0..<size.sectors {
            store(trailer, at: ClassicSize.trailer(ofSector: sector))
        }
    }

    /// Block 0 as NXP fills it: UID, for 4 bytes with their XOR, then SAK, ATQA low byte first, and production data.
    static func manufacturerBlock(size: ClassicSize, uid: CardUID) -> [UInt8] {
        var block = uid.bytes
        if uid.bytes.count == 4 { block.append(uid.bytes.reduce(0, ^)) }
        block += [sak(of: size)] + atqa(size: size, uid: uid)
        return block + [UInt8](repeating: 0, count: ClassicSize.blockLength - block.count)
    }

    /// The type byte that a card of `size` answers its selection with (NXP AN10833).
    static func sak(of size: ClassicSize) -> UInt8 {
        switch size {
        case .mini: 0x09
        case .oneK: 0x08
        case .fourK: 0x18
        }
    }

    /// The two bytes that a card answers the first call with, low byte first; bit 6 says that the UID has 7 bytes.
    static func atqa(size: ClassicSize, uid: CardUID) -> [UInt8] {
        [(size == .fourK ? 0x02 : 0x04) | (uid.bytes.count == 7 ? 0x40 : 0x00), 0x00]
    }

    // MARK: Commands

    /// The reader puts the field on and selects the card: whatever state it was in is gone.
    public mutating func select() {
        session = nil
        isSelected = true
    }

    /// The field is gone.
    public mutating func losePower() {
        session = nil
        isSelected = false
    }

    /// Answers with the UID.
    public func identify() throws(Refusal) -> CardUID {
        guard isSelected else { throw .silent }
        return uid
    }

    /// Authenticates the sector of `block`.
    public mutating func authenticate(block: Int, key: [UInt8], type: KeyType) throws(Refusal) {
        try check(block)
        let sector = ClassicSize.sector(ofBlock: block)
        let trailer = content(of: ClassicSize.trailer(ofSector: sector))
        let right = type == .a ? trailer[0..<6] : trailer[10..<16]
        // The chip checks the format of the access bits at every access, and blocks the sector when it is violated.
        guard AccessBits(decoding: trailer[6..<9]) != nil, key == Array(right) else {
            return try refuse(.authenticationFailed)
        }
        session = Session(sector: sector, type: type)
    }

    /// Reads `block`.
    ///
    /// Key A reads as zeros always, key B unless the access bits let it be read.
    public mutating func read(block: Int) throws(Refusal) -> [UInt8] {
        let (bits, type) = try access(to: block)
        var bytes = content(of: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        if group < 3 {
            guard bits.permissions(forGroup: group).read.allows(type) else { return try refuse(.notPermitted) }
            return bytes
        }
        let rule = bits.trailerPermissions
        guard rule.readAccessBits.allows(type) else { return try refuse(.notPermitted) }
        let zeros = [UInt8](repeating: 0, count: SectorKey.length)
        bytes.replaceSubrange(0..<6, with: zeros)
        if !rule.readKeyB.allows(type) { bytes.replaceSubrange(10..<16, with: zeros) }
        return bytes
    }

    /// Writes `block`; with `torn` the power goes in the middle.
    public mutating func write(block: Int, _ bytes: [UInt8], torn: TornWrite? = nil) throws(Refusal) {
        let (bits, type) = try access(to: block)
        let old = content(of: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        var new = bytes
        if group < 3 {
            let isAllowed = block != 0 && bits.permissions(forGroup: group).write.allows(type)
            guard isAllowed else { return try refuse(.notPermitted) }
        } else {
            let rule = bits.trailerPermissions
            guard !rule.writeKeyA.union(rule.writeAccessBits).union(rule.writeKeyB).intersection(use(type)).isEmpty
            else { return try refuse(.notPermitted) }
            // Each part has its own permission; what may not be written keeps its value, and the write succeeds.
            if !rule.writeKeyA.allows(type) { new.replaceSubrange(0..<6, with: old[0..<6]) }
            if !rule.writeAccessBits.allows(type) { new.replaceSubrange(6..<10, with: old[6..<10]) }
            if !rule.writeKeyB.allows(type) { new.replaceSubrange(10..<16, with: old[10..<16]) }
        }
        store(torn?.outcome(old: old, new: new) ?? new, at: block)
    }

    // MARK: Memory

    /// The bytes of `block`, as no reader can see them.
    ///
    /// - Precondition: the chip has the block.
    public func content(of block: Int) -> [UInt8] {
        Array(memory[block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength])
    }

    /// Puts `bytes` into `block` past all rules, as a card maker would.
    ///
    /// - Precondition: the chip has the block, and there are 16 bytes.
    public mutating func store(_ bytes: [UInt8], at block: Int) {
        precondition(bytes.count == ClassicSize.blockLength, "a block has 16 bytes")
        memory.replaceSubrange(block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength, with: bytes)
    }

    private func use(_ type: KeyType) -> KeyUse { type == .a ? .a : .b }

    private mutating func check(_ block: Int) throws(Refusal) {
        guard isSelected else { throw .silent }
        guard (0..<size.blocks).contains(block) else { return try refuse(.noSuchBlock) }
    }

    private mutating func access(to block: Int) throws(Refusal) -> (AccessBits, KeyType) {
        try check(block)
        let sector = ClassicSize.sector(ofBlock: block)
        guard let session, session.sector == sector else { return try refuse(.notAuthenticated) }
        let trailer = content(of: ClassicSize.trailer(ofSector: sector))
        guard let bits = AccessBits(decoding: trailer[6..<9]) else { return try refuse(.notPermitted) }
        return (bits, session.type)
    }

    /// A Classic that refuses something falls back to idle: it hears nothing more until it is selected again.
    private mutating func refuse<R>(_ refusal: Refusal) throws(Refusal) -> R {
        losePower()
        throw refusal
    }
}
