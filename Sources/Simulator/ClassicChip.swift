public import Mifare
import Platform

/// A MIFARE Classic chip: its memory and the rules by which it lets anybody at it (DS-MFC).
public struct ClassicChip: Hashable, Sendable {
    /// The chip's size.
    public let size: ClassicSize
    /// The UID it answers to a selection with.
    public let uid: CardUID
    /// The whole memory, keys included; an unstable bit as it would have settled.
    public private(set) var memory: [UInt8]

    /// The masks of the unstable bits, by block.
    private var unstable: [Int: [UInt8]] = [:]
    /// Draws what unstable bits read as.
    private var noise = SplitMix64(seed: 0)
    private var session: Session?
    private var isSelected = false

    private struct Session: Hashable {
        let sector: Int
        /// The key's bit in an access rule.
        let key: UInt8
        /// The chip's transfer buffer, between a value operation and its transfer.
        var buffer: ValueBlock?
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
        /// A value operation met a block that is no value block, or no operation came before a transfer.
        case noValue
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
        case .oneK, .twoK: 0x08
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
        let trailer = sense(ClassicSize.trailer(ofSector: sector))
        // The chip checks the format of the access bits at every access, and blocks the sector when it is violated. That
        // bits which violate it now so, now so, block it now so, now so, is an assumption: nobody has measured it.
        guard AccessRules(trailer[6], trailer[7], trailer[8]) != nil else { return try refuse(.authenticationFailed) }
        let place = type == .a ? 0 : ClassicSize.blockLength - SectorKey.length
        var isRight = key.count == SectorKey.length
        for index in 0..<SectorKey.length where isRight { isRight = key[index] == trailer[place + index] }
        guard isRight else { return try refuse(.authenticationFailed) }
        session = Session(sector: sector, key: (type == .a ? KeyUse.a : .b).rawValue)
    }

    /// Reads `block`.
    ///
    /// Key A reads as zeros always, key B unless the access bits let it be read.
    public mutating func read(block: Int) throws(Refusal) -> [UInt8] {
        let (rules, key, trailer) = try access(to: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        if group < 3 {
            guard rules.data(group).read & key != 0 else { return try refuse(.notPermitted) }
            return unstable.isEmpty ? content(of: block) : Self.array(sense(block))
        }
        guard rules.trailer.readAccessBits & key != 0 else { return try refuse(.notPermitted) }
        let isKeyBShown = rules.trailer.readKeyB & key != 0
        return (0..<ClassicSize.blockLength).map { index in
            (6..<10).contains(index) || index >= 10 && isKeyBShown ? trailer[index] : 0
        }
    }

    /// Writes `block`; with `torn` the power goes in the middle.
    public mutating func write(block: Int, _ bytes: [UInt8], torn: TornWrite? = nil) throws(Refusal) {
        let (rules, key, old) = try access(to: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        if group < 3 {
            guard block != 0, rules.data(group).write & key != 0 else { return try refuse(.notPermitted) }
            return program(bytes, at: block, torn)
        }
        let rule = rules.trailer
        guard (rule.writeKeyA | rule.writeAccessBits | rule.writeKeyB) & key != 0 else {
            return try refuse(.notPermitted)
        }
        // Each part has its own permission; what may not be written keeps its value, and the write succeeds.
        let parts = [(0..<6, rule.writeKeyA), (6..<10, rule.writeAccessBits), (10..<16, rule.writeKeyB)]
        var new = bytes
        for (part, allowed) in parts where allowed & key == 0 {
            for index in part { new[index] = old[index] }
        }
        program(new, at: block, torn)
    }

    // MARK: Values

    /// Takes the value of `block` plus `operand` into the transfer buffer. It wraps around: the datasheet names no limit.
    public mutating func increment(block: Int, by operand: Int32) throws(Refusal) {
        try load(block, { $0.increment }, { $0 &+ operand })
    }

    /// Takes the value of `block` less `operand` into the transfer buffer.
    public mutating func decrement(block: Int, by operand: Int32) throws(Refusal) {
        try load(block, { $0.decrement }, { $0 &- operand })
    }

    /// Takes the value of `block` into the transfer buffer.
    public mutating func restore(block: Int) throws(Refusal) {
        try load(block, { $0.decrement }, { $0 })
    }

    /// Writes the transfer buffer into `block`, which becomes a value block with the address of the one that was loaded;
    /// with `torn` the power goes in the middle.
    public mutating func transfer(to block: Int, torn: TornWrite? = nil) throws(Refusal) {
        let (rules, key, _) = try access(to: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        guard group < 3, block != 0, rules.data(group).decrement & key != 0 else { return try refuse(.notPermitted) }
        guard let buffer = session?.buffer else { return try refuse(.noValue) }
        program(buffer.block.bytes, at: block, torn)
    }

    private mutating func load(
        _ block: Int, _ permission: (AccessRules.Data) -> UInt8, _ change: (Int32) -> Int32
    ) throws(Refusal) {
        let (rules, key, _) = try access(to: block)
        let group = ClassicSize.accessGroup(ofBlock: block)
        guard group < 3, permission(rules.data(group)) & key != 0 else { return try refuse(.notPermitted) }
        guard let content = Block(Self.array(sense(block))), let value = ValueBlock(content) else {
            return try refuse(.noValue)
        }
        session?.buffer = ValueBlock(value: change(value.value), address: value.address)
    }

    // MARK: Memory

    /// The bytes of `block`, as no reader can see them; an unstable bit as it would have settled.
    ///
    /// - Precondition: the chip has the block.
    public func content(of block: Int) -> [UInt8] {
        Array(memory[block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength])
    }

    /// The blocks with bits that read differently from one access to the next, in order.
    public var unstableBlocks: [Int] { unstable.keys.sorted() }

    /// Puts `bytes` into `block` past all rules, as a card maker would.
    ///
    /// - Precondition: the chip has the block, and there are 16 bytes.
    public mutating func store(_ bytes: [UInt8], at block: Int) {
        precondition(bytes.count == ClassicSize.blockLength, "a block has 16 bytes")
        memory.replaceSubrange(block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength, with: bytes)
        if !unstable.isEmpty { unstable[block] = nil }
    }

    private mutating func program(_ bytes: [UInt8], at block: Int, _ torn: TornWrite?) {
        guard let torn else { return store(bytes, at: block) }
        var old = StoredBlock(content(of: block))
        if let mask = unstable[block] { old.unstable = mask }
        let rest = torn.outcome(old: old, new: bytes)
        store(rest.bytes, at: block)
        if rest.unstable.contains(where: { $0 != 0 }) { unstable[block] = rest.unstable }
        if case .weak(let seed) = torn { noise = SplitMix64(seed: ~seed) }
    }

    /// The bytes of `block` as the chip reads them this time.
    private mutating func sense(_ block: Int) -> InlineArray<16, UInt8> {
        let start = block * ClassicSize.blockLength
        var bytes = InlineArray<16, UInt8> { memory[start + $0] }
        guard !unstable.isEmpty, let mask = unstable[block] else { return bytes }
        for index in 0..<ClassicSize.blockLength where mask[index] != 0 {
            bytes[index] ^= mask[index] & UInt8(truncatingIfNeeded: noise.next())
        }
        return bytes
    }

    private static func array(_ bytes: InlineArray<16, UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

    private mutating func check(_ block: Int) throws(Refusal) {
        guard isSelected else { throw .silent }
        guard (0..<size.blocks).contains(block) else { return try refuse(.noSuchBlock) }
    }

    /// What the sector's trailer allows this time, and to which key; the trailer as it was read for that.
    private mutating func access(
        to block: Int
    ) throws(Refusal) -> (rules: AccessRules, key: UInt8, trailer: InlineArray<16, UInt8>) {
        try check(block)
        let sector = ClassicSize.sector(ofBlock: block)
        guard let session, session.sector == sector else { return try refuse(.notAuthenticated) }
        let trailer = sense(ClassicSize.trailer(ofSector: sector))
        guard let rules = AccessRules(trailer[6], trailer[7], trailer[8]) else { return try refuse(.notPermitted) }
        return (rules, session.key, trailer)
    }

    /// A Classic that refuses something falls back to idle: it hears nothing more until it is selected again.
    private mutating func refuse<R>(_ refusal: Refusal) throws(Refusal) -> R {
        losePower()
        throw refusal
    }
}
