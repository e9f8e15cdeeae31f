import Platform

/// One record of the journal as it lies in the file: 128 bytes that never cross a 512-byte sector.
///
/// `FORMAT.md` beside this file is the specification; the offsets here are its. Integers are little-endian.
public struct Slot: Hashable, Sendable {
    /// Bytes of a slot; four fit a 512-byte sector.
    public static let size = 128
    /// Bytes a payload may have; 80 in version 1.
    public static let payloadCapacity = 76
    /// The version this code writes; it reads version 1 too.
    public static let formatVersion: UInt8 = 2

    /// The slot's version.
    public var version: UInt8
    /// What the payload is; the business's below ``RecordType/firstReserved``, the journal's own from there on.
    public var type: RecordType
    /// Which life of this terminal's journal: it changes only when the journal is made anew.
    public var epoch: UInt32
    /// Position in the epoch, from 1, without gaps.
    public var sequence: UInt64
    /// When, by the wall clock, in milliseconds since 1970-01-01 UTC.
    ///
    /// A box may have it wrong: order is by sequence.
    public var wallMilliseconds: Int64
    /// When, in milliseconds since boot.
    public var bootMilliseconds: UInt64
    /// Which boot of the box, counted by the journal, so that `bootMilliseconds` can be compared within one.
    public var boot: UInt32
    /// Which step of the chain's keys the record was written under; 0 in version 1.
    public var keyStep: UInt32
    /// At most ``payloadCapacity`` bytes, meaning given by ``type``.
    public var payload: [UInt8]

    /// A record with these fields.
    ///
    /// - Precondition: the payload fits.
    public init(
        type: RecordType, epoch: UInt32, sequence: UInt64, wallMilliseconds: Int64, bootMilliseconds: UInt64,
        boot: UInt32, keyStep: UInt32 = 0, payload: [UInt8]
    ) {
        precondition(payload.count <= Self.payloadCapacity, "payload of \(payload.count) bytes does not fit a slot")
        version = Self.formatVersion
        self.type = type
        self.epoch = epoch
        self.sequence = sequence
        self.wallMilliseconds = wallMilliseconds
        self.bootMilliseconds = bootMilliseconds
        self.boot = boot
        self.keyStep = keyStep
        self.payload = payload
    }

    /// The sequences there can be; what lies outside was not counted but damaged.
    static let sequences: ClosedRange<UInt64> = 1...1 << 62

    /// A slot that was never written.
    static let zeros = [UInt8](repeating: 0, count: size)

    private enum Offset {
        static let version = 0, type = 1, payloadLength = 2, flags = 3, epoch = 4, sequence = 8
        static let wall = 16, sinceBoot = 24, boot = 32, payload = 36, keyStep = 112, mac = 116, checksum = 124
    }

    static let versionOffset = Offset.version
    static let keyStepOffset = Offset.keyStep
    static let macOffset = Offset.mac

    /// How many bytes a payload may have in a slot of this version; `nil` for a version of a newer program.
    private static func payloadCapacity(version: UInt8) -> Int? {
        switch version {
        case 1: 80
        case formatVersion: payloadCapacity
        default: nil
        }
    }

    /// The slot's 128 bytes, chained to the record before it.
    ///
    /// - Precondition: `keys` has the key that the slot asks for.
    public func encoded(after previous: ChainMAC, keys: inout ChainKeys) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes[Offset.version] = version
        bytes[Offset.type] = type.rawValue
        bytes[Offset.payloadLength] = UInt8(payload.count)
        bytes.store(epoch, at: Offset.epoch)
        bytes.store(sequence, at: Offset.sequence)
        bytes.store(wallMilliseconds, at: Offset.wall)
        bytes.store(bootMilliseconds, at: Offset.sinceBoot)
        bytes.store(boot, at: Offset.boot)
        bytes.replaceSubrange(Offset.payload..<Offset.payload + payload.count, with: payload)
        if version != 1 { bytes.store(keyStep, at: Offset.keyStep) }
        guard let mac = keys.mac(of: bytes.span, after: previous) else {
            preconditionFailure("the key of step \(keyStep) is gone")
        }
        bytes.replaceSubrange(Offset.mac..<Offset.checksum, with: mac.bytes)
        bytes.store(CRC32C.checksum(bytes[..<Offset.checksum]), at: Offset.checksum)
        return bytes
    }

    /// The slot's 128 bytes, chained to the record before it, with the key looked up from the root.
    public func encoded(after previous: ChainMAC, key: ChainKey) -> [UInt8] {
        var keys = ChainKeys(root: key, epoch: epoch)
        return encoded(after: previous, keys: &keys)
    }

    /// Reads a slot back; says why when the bytes are not one.
    ///
    /// The chain is not checked here: see ``ChainKeys/verifies(_:after:)``.
    public init(decoding bytes: [UInt8]) throws(SlotDamage) {
        guard bytes.count == Self.size else { throw .wrongSize(bytes.count) }
        try self.init(decoding: bytes.span)
    }

    /// Reads the slot in 128 bytes.
    init(decoding bytes: Span<UInt8>) throws(SlotDamage) {
        if let damage = Self.damage(in: bytes) { throw damage }
        version = bytes[Offset.version]
        type = RecordType(rawValue: bytes[Offset.type])
        epoch = bytes.integer(at: Offset.epoch)
        sequence = bytes.integer(at: Offset.sequence)
        wallMilliseconds = bytes.integer(at: Offset.wall)
        bootMilliseconds = bytes.integer(at: Offset.sinceBoot)
        boot = bytes.integer(at: Offset.boot)
        keyStep = version == 1 ? 0 : bytes.integer(at: Offset.keyStep)
        payload = (0..<Int(bytes[Offset.payloadLength])).map { bytes[Offset.payload + $0] }
    }

    /// What is wrong with 128 bytes as a record of any place; nothing when they are one.
    static func damage(in bytes: Span<UInt8>) -> SlotDamage? {
        let stored: UInt32 = bytes.integer(at: Offset.checksum)
        guard stored == CRC32C.checksum(bytes.extracting(..<Offset.checksum)) else {
            if stored == 0 { return isZero(bytes) ? .empty : .cutShort }
            return .checksum
        }
        let version = bytes[Offset.version]
        guard let capacity = payloadCapacity(version: version) else {
            return version == 0 ? .malformed : .version(version)
        }
        guard Int(bytes[Offset.payloadLength]) <= capacity, bytes[Offset.flags] == 0 else { return .malformed }
        return nil
    }

    private static func isZero(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] != 0 { return false }
        return true
    }

    /// The chain MAC stored in the slot `bytes`.
    ///
    /// - Precondition: 128 bytes.
    public static func mac(of bytes: [UInt8]) -> ChainMAC { mac(of: bytes.span) }

    static func mac(of bytes: Span<UInt8>) -> ChainMAC { ChainMAC(bytes.integer(at: Offset.mac)) }

    static func epoch(of bytes: [UInt8]) -> UInt32 { bytes.integer(at: Offset.epoch) }

    static func epoch(of bytes: Span<UInt8>) -> UInt32 { bytes.integer(at: Offset.epoch) }

    static func sequence(of bytes: Span<UInt8>) -> UInt64 { bytes.integer(at: Offset.sequence) }

    static func boot(of bytes: Span<UInt8>) -> UInt32 { bytes.integer(at: Offset.boot) }

    /// The key step of a sound slot.
    static func keyStep(of bytes: Span<UInt8>) -> UInt32 {
        bytes[Offset.version] == 1 ? 0 : bytes.integer(at: Offset.keyStep)
    }

    static func isGap(_ bytes: Span<UInt8>) -> Bool { bytes[Offset.type] == RecordType.gap.rawValue }

    /// Whether the slot is a gap record under the sequence of a record that it reports as lost.
    static func isStandIn(_ bytes: Span<UInt8>) -> Bool {
        guard isGap(bytes), Int(bytes[Offset.payloadLength]) == GapRecord.size else { return false }
        let own = sequence(of: bytes)
        let from: UInt64 = bytes.integer(at: Offset.payload)
        let to: UInt64 = bytes.integer(at: Offset.payload + 8)
        return own >= from && own <= to
    }
}

/// Why 128 bytes are not a record.
public enum SlotDamage: Error, Hashable, Sendable {
    /// Not 128 bytes.
    case wrongSize(Int)
    /// All zero: never written.
    case empty
    /// Something is there but no CRC32C: a write cut short, which was never answered for.
    case cutShort
    /// The CRC32C does not match: damaged, or torn at the very end.
    case checksum
    /// Intact, but of a version this program does not know.
    case version(UInt8)
    /// Intact by its checksum, but fields contradict the format.
    case malformed
}

/// The kind of a record.
///
/// Open: a ledger stores what it does not know yet.
public struct RecordType: RawRepresentable, Hashable, Sendable {
    /// The number in the slot.
    public let rawValue: UInt8
    /// The type with this number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Types from here on are the journal's own.
    public static let firstReserved: UInt8 = 0xF0
    /// Records `from…to` of an earlier part were found damaged and set aside; the payload names them and why.
    public static let gap = RecordType(rawValue: 0xF0)
}
