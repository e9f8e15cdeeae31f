import Crypto
import Platform

/// One record of the journal as it lies in the file: 128 bytes that never cross a 512-byte sector.
///
/// `FORMAT.md` beside this file is the specification; the offsets here are its. Integers are little-endian.
public struct Slot: Hashable, Sendable {
    /// Bytes of a slot; four fit a 512-byte sector.
    public static let size = 128
    /// Bytes a payload may have.
    public static let payloadCapacity = 80
    /// The version this code writes.
    public static let formatVersion: UInt8 = 1

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
    /// At most ``payloadCapacity`` bytes, meaning given by ``type``.
    public var payload: [UInt8]

    /// A record with these fields.
    ///
    /// - Precondition: the payload fits.
    public init(
        type: RecordType, epoch: UInt32, sequence: UInt64, wallMilliseconds: Int64, bootMilliseconds: UInt64,
        boot: UInt32, payload: [UInt8]
    ) {
        precondition(payload.count <= Self.payloadCapacity, "payload of \(payload.count) bytes does not fit a slot")
        self.type = type
        self.epoch = epoch
        self.sequence = sequence
        self.wallMilliseconds = wallMilliseconds
        self.bootMilliseconds = bootMilliseconds
        self.boot = boot
        self.payload = payload
    }

    /// A slot that was never written.
    static let zeros = [UInt8](repeating: 0, count: size)

    private enum Offset {
        static let version = 0, type = 1, payloadLength = 2, flags = 3, epoch = 4, sequence = 8
        static let wall = 16, sinceBoot = 24, boot = 32, payload = 36, mac = 116, checksum = 124
    }

    /// The slot's 128 bytes, chained to the record before it.
    public func encoded(after previous: ChainMAC, key: ChainKey) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes[Offset.version] = Self.formatVersion
        bytes[Offset.type] = type.rawValue
        bytes[Offset.payloadLength] = UInt8(payload.count)
        bytes.store(epoch, at: Offset.epoch)
        bytes.store(sequence, at: Offset.sequence)
        bytes.store(wallMilliseconds, at: Offset.wall)
        bytes.store(bootMilliseconds, at: Offset.sinceBoot)
        bytes.store(boot, at: Offset.boot)
        bytes.replaceSubrange(Offset.payload..<Offset.payload + payload.count, with: payload)
        let mac = key.mac(of: bytes[..<Offset.mac], after: previous)
        bytes.replaceSubrange(Offset.mac..<Offset.checksum, with: mac.bytes)
        bytes.store(CRC32C.checksum(bytes[..<Offset.checksum]), at: Offset.checksum)
        return bytes
    }

    /// Reads a slot back; says why when the bytes are not one.
    ///
    /// The chain is not checked here: see ``ChainKey/verifies(_:after:)``.
    public init(decoding bytes: [UInt8]) throws(SlotDamage) {
        guard bytes.count == Self.size else { throw .wrongSize(bytes.count) }
        if bytes == Self.zeros { throw .empty }
        guard bytes.integer(at: Offset.checksum, as: UInt32.self) == CRC32C.checksum(bytes[..<Offset.checksum]) else {
            throw .checksum
        }
        guard bytes[Offset.version] == Self.formatVersion else { throw .version(bytes[Offset.version]) }
        let length = Int(bytes[Offset.payloadLength])
        guard length <= Self.payloadCapacity, bytes[Offset.flags] == 0 else { throw .malformed }
        self.init(
            type: RecordType(rawValue: bytes[Offset.type]),
            epoch: bytes.integer(at: Offset.epoch),
            sequence: bytes.integer(at: Offset.sequence),
            wallMilliseconds: bytes.integer(at: Offset.wall),
            bootMilliseconds: bytes.integer(at: Offset.sinceBoot),
            boot: bytes.integer(at: Offset.boot),
            payload: Array(bytes[Offset.payload..<Offset.payload + length]))
    }

    /// The chain MAC stored in the slot `bytes`.
    ///
    /// - Precondition: 128 bytes.
    public static func mac(of bytes: [UInt8]) -> ChainMAC {
        ChainMAC(bytes: Array(bytes[Offset.mac..<Offset.checksum]))
    }

    fileprivate static var macOffset: Int { Offset.mac }
}

/// Why 128 bytes are not a record.
public enum SlotDamage: Error, Hashable, Sendable {
    /// Not 128 bytes.
    case wrongSize(Int)
    /// All zero: never written.
    case empty
    /// The CRC32C does not match: torn or damaged.
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

/// The link between a record and the one before: 8 bytes of keyed MAC.
public struct ChainMAC: Hashable, Sendable {
    /// Bytes of a chain MAC.
    public static let size = 8
    /// The MAC's 8 bytes.
    public let bytes: [UInt8]

    /// The MAC with these bytes.
    ///
    /// - Precondition: 8 bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == Self.size, "a chain MAC has 8 bytes")
        self.bytes = bytes
    }

    /// What the first record of an epoch is chained to.
    public static let start = ChainMAC(bytes: [UInt8](repeating: 0, count: size))
}

/// The terminal's key over its journal's chain.
///
/// It never prints.
public struct ChainKey: Sendable, CustomStringConvertible {
    private let key: SymmetricKey

    /// A key of 32 bytes, as the terminal's credentials hold it.
    public init(bytes: [UInt8]) { key = SymmetricKey(data: bytes) }

    /// What it is, in words for a technician.
    public var description: String { "ChainKey(hidden)" }

    /// Names the key without telling it, so that a wrong key is noticed before every record looks forged.
    var identifier: [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array("yika journal key identifier".utf8), using: key).prefix(8))
    }

    func mac(of covered: ArraySlice<UInt8>, after previous: ChainMAC) -> ChainMAC {
        var hmac = HMAC<SHA256>(key: key)
        hmac.update(data: previous.bytes)
        hmac.update(data: covered)
        return ChainMAC(bytes: Array(hmac.finalize().prefix(ChainMAC.size)))
    }

    /// Whether the slot `bytes` (128 of them) was written with this key directly after the record whose MAC is
    /// `previous`.
    public func verifies(_ bytes: [UInt8], after previous: ChainMAC) -> Bool {
        mac(of: bytes[..<Slot.macOffset], after: previous) == Slot.mac(of: bytes)
    }
}
