import Platform

/// The payload of a ``RecordType/gap`` record: records that were lost to damage, and how the chain goes on after them.
///
/// 40 bytes, little-endian: from u64, to u64, reason u8, flags u8 (bit 0: the resume MAC is known), 6 zero,
/// MAC before the gap 8, MAC that the record after the gap is chained to 8.
///
/// It appears twice. Once on the disk, appended when the damage was found, so its own sequence is above `to`. And once
/// for every lost record in what is uploaded, under the lost record's own sequence: the ledger's count has no holes.
public struct GapRecord: Hashable, Sendable {
    /// Why the records are lost.
    public enum Reason: UInt8, Sendable, Hashable {
        /// The slots hold bytes that are not records.
        case damaged = 1
        /// The slots hold zeros: a write that never reached the disk, possibly of records never answered for.
        case unwritten = 2
        /// The segment file is not there.
        case missing = 3
    }

    /// The first lost record.
    public var from: UInt64
    /// The last lost record.
    public var to: UInt64
    /// Why they are lost.
    public var reason: Reason
    /// The MAC of the record before `from`.
    public var previous: ChainMAC
    /// What the record after `to` was chained to; `nil` when that is lost too.
    public var resume: ChainMAC?

    /// A gap with these fields.
    public init(from: UInt64, to: UInt64, reason: Reason, previous: ChainMAC, resume: ChainMAC?) {
        self.from = from
        self.to = to
        self.reason = reason
        self.previous = previous
        self.resume = resume
    }

    /// Bytes of the encoding.
    public static let size = 40

    /// The payload for the journal.
    public var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.store(from, at: 0)
        bytes.store(to, at: 8)
        bytes[16] = reason.rawValue
        bytes[17] = resume == nil ? 0 : 1
        bytes.replaceSubrange(24..<32, with: previous.bytes)
        bytes.replaceSubrange(32..<40, with: (resume ?? .start).bytes)
        return bytes
    }

    /// Reads a payload back; `nil` when it is not one.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, let reason = Reason(rawValue: bytes[16]), bytes[17] <= 1 else { return nil }
        from = bytes.integer(at: 0)
        to = bytes.integer(at: 8)
        guard from <= to else { return nil }
        self.reason = reason
        previous = ChainMAC(bytes: Array(bytes[24..<32]))
        resume = bytes[17] == 1 ? ChainMAC(bytes: Array(bytes[32..<40])) : nil
    }

    /// Whether a record of this sequence stands in a lost record's place, and is not the report about the gap itself.
    public func standsIn(for sequence: UInt64) -> Bool { sequence >= from && sequence <= to }
}

/// What the record after a given one must be chained to.
public enum ChainLink: Hashable, Sendable {
    /// To this MAC.
    case mac(ChainMAC)
    /// The link is lost with a damaged record: the next record cannot be verified, only those after it.
    case lost

    /// The link after `record`; the record's own MAC, except at the end of a gap.
    public init(after record: Slot, bytes: [UInt8]) {
        guard record.type == .gap, let gap = GapRecord(decoding: record.payload), gap.to == record.sequence else {
            self = .mac(Slot.mac(of: bytes))
            return
        }
        self = gap.resume.map { .mac($0) } ?? .lost
    }
}

/// A gap that the journal knows of, with the record that reported it.
struct KnownGap: Sendable {
    var gap: GapRecord
    var report: Slot

    /// The records that stand in for the lost ones from `start` on, at most `limit`, always the same bytes.
    func standIns(from start: UInt64, limit: Int, key: ChainKey) -> [StoredRecord] {
        var records: [StoredRecord] = []
        var previous = gap.previous
        var sequence = gap.from
        while sequence <= gap.to && records.count < limit {
            var slot = report
            slot.sequence = sequence
            let bytes = slot.encoded(after: previous, key: key)
            previous = Slot.mac(of: bytes)
            if sequence >= start { records.append(StoredRecord(slot: slot, bytes: bytes)) }
            sequence += 1
        }
        return records
    }
}
