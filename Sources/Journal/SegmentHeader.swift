import Platform

/// The first sector of a segment file: whose it is, where it starts, and what it is chained to.
struct SegmentHeader: Hashable, Sendable {
    static let size = 512
    /// The version this code writes; version 1 differs in `previousStep` alone, which was zero.
    static let formatVersion: UInt16 = 2
    static let magic = Array("YIKAJRNL".utf8)

    var terminal: UInt16
    var epoch: UInt32
    var firstSequence: UInt64
    /// The MAC of the record before `firstSequence`.
    ///
    /// A durable header proves that all records before it were durable.
    var previous: ChainMAC
    var keyIdentifier: [UInt8]
    var slots: UInt32
    /// The boot in which the segment was made, so that the count survives a segment without records.
    var boot: UInt32
    /// The key step of the record before `firstSequence`.
    var previousStep: UInt32
    var version = Self.formatVersion

    private enum Offset {
        static let version = 8, terminal = 10, epoch = 12, first = 16, previous = 24, key = 32, slots = 40, boot = 44
        static let previousStep = 48, checksum = 508
    }

    var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.replaceSubrange(0..<Self.magic.count, with: Self.magic)
        bytes.store(version, at: Offset.version)
        bytes.store(terminal, at: Offset.terminal)
        bytes.store(epoch, at: Offset.epoch)
        bytes.store(firstSequence, at: Offset.first)
        bytes.replaceSubrange(Offset.previous..<Offset.key, with: previous.bytes)
        bytes.replaceSubrange(Offset.key..<Offset.slots, with: keyIdentifier)
        bytes.store(slots, at: Offset.slots)
        bytes.store(boot, at: Offset.boot)
        bytes.store(previousStep, at: Offset.previousStep)
        bytes.store(CRC32C.checksum(bytes[..<Offset.checksum]), at: Offset.checksum)
        return bytes
    }

    /// Reads a header back; `nil` when the bytes are damaged.
    ///
    /// Throws when they are sound but of another format.
    init?(decoding bytes: [UInt8], file: String) throws(JournalError) {
        guard bytes.count == Self.size, Array(bytes[..<8]) == Self.magic,
            bytes.integer(at: Offset.checksum, as: UInt32.self) == CRC32C.checksum(bytes[..<Offset.checksum])
        else { return nil }
        version = bytes.integer(at: Offset.version)
        guard version > 0 else { return nil }
        guard version <= Self.formatVersion else {
            throw .unknownFormat(file: file, version: Int(version))
        }
        terminal = bytes.integer(at: Offset.terminal)
        epoch = bytes.integer(at: Offset.epoch)
        firstSequence = bytes.integer(at: Offset.first)
        previous = ChainMAC(bytes: Array(bytes[Offset.previous..<Offset.key]))
        keyIdentifier = Array(bytes[Offset.key..<Offset.slots])
        slots = bytes.integer(at: Offset.slots)
        boot = bytes.integer(at: Offset.boot)
        previousStep = bytes.integer(at: Offset.previousStep)
    }

    init(
        terminal: UInt16, epoch: UInt32, firstSequence: UInt64, previous: ChainMAC, keyIdentifier: [UInt8],
        slots: UInt32, boot: UInt32, previousStep: UInt32
    ) {
        self.terminal = terminal
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.previous = previous
        self.keyIdentifier = keyIdentifier
        self.slots = slots
        self.boot = boot
        self.previousStep = previousStep
    }
}

/// A segment as its name tells it, and how many slots of it count.
struct Segment: Hashable, Sendable {
    var epoch: UInt32
    var first: UInt64
    var slots: Int

    /// The sequence after the last slot's.
    var end: UInt64 { first + UInt64(slots) }

    var name: String { "\(Self.prefix)\(Self.padded(epoch))-\(Self.padded(first))\(Self.suffix)" }

    /// What it is called once it was set aside whole.
    var quarantineName: String { "quarantine-\(Self.padded(epoch))-\(Self.padded(first))\(Self.suffix)" }

    /// Leaves out the slots from `sequence` on.
    mutating func end(before sequence: UInt64) { slots = min(slots, Int(clamping: sequence - first)) }

    static func offset(ofSlot index: Int) -> Int { SegmentHeader.size + index * Slot.size }

    func contains(_ sequence: UInt64) -> Bool { sequence >= first && sequence < end }

    /// The segment that `name` names; `nil` for every other file.
    init?(name: String) {
        guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
        let middle = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        let parts = middle.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 8, parts[1].count == 16,
            let epoch = UInt32(parts[0], radix: 16), let first = UInt64(parts[1], radix: 16),
            Slot.sequences.contains(first)
        else { return nil }
        self.init(epoch: epoch, first: first, slots: 0)
    }

    init(epoch: UInt32, first: UInt64, slots: Int) {
        self.epoch = epoch
        self.first = first
        self.slots = slots
    }

    private static let prefix = "journal-"
    private static let suffix = ".seg"

    /// `value` in hexadecimal, as many digits as its type can need.
    static func padded<T: FixedWidthInteger>(_ value: T) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: T.bitWidth / 4 - digits.count) + digits
    }
}
