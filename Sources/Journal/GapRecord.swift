import Platform

/// The payload of a ``RecordType/gap`` record: records that were lost to damage, and how the chain goes on after them.
///
/// 40 bytes, little-endian: from u64, to u64, reason u8, flags u8 (bit 0: a resume MAC is given, bit 1: unproved), 6
/// zero, MAC before the gap 8, MAC that the record after the gap is chained to 8.
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
        /// The very last slots hold bytes that are not records: damaged, or a write torn at its very end that was never
        /// answered for.
        case uncertain = 4
    }

    /// The first lost record.
    public var from: UInt64
    /// The last lost record.
    public var to: UInt64
    /// Why they are lost.
    public var reason: Reason
    /// The MAC of the record before `from`.
    public var previous: ChainMAC
    /// What the record after `to` is chained to.
    public var resume: ChainLink

    /// A gap with these fields.
    public init(from: UInt64, to: UInt64, reason: Reason, previous: ChainMAC, resume: ChainLink) {
        self.from = from
        self.to = to
        self.reason = reason
        self.previous = previous
        self.resume = resume
    }

    private enum Flag {
        static let resumeGiven: UInt8 = 1, resumeUnproved: UInt8 = 2
    }

    /// Bytes of the encoding.
    public static let size = 40

    /// The payload for the journal.
    public var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.store(from, at: 0)
        bytes.store(to, at: 8)
        bytes[16] = reason.rawValue
        bytes.replaceSubrange(24..<32, with: previous.bytes)
        switch resume {
        case .mac(let mac):
            bytes[17] = Flag.resumeGiven
            bytes.replaceSubrange(32..<40, with: mac.bytes)
        case .perhaps(let mac):
            bytes[17] = Flag.resumeGiven | Flag.resumeUnproved
            bytes.replaceSubrange(32..<40, with: mac.bytes)
        case .lost: break
        }
        return bytes
    }

    /// Reads a payload back; `nil` when it is not one.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, let reason = Reason(rawValue: bytes[16]), bytes[17] <= 3 else { return nil }
        from = bytes.integer(at: 0)
        to = bytes.integer(at: 8)
        guard from <= to, Slot.sequences.contains(from), Slot.sequences.contains(to) else { return nil }
        self.reason = reason
        previous = ChainMAC(bytes: Array(bytes[24..<32]))
        let mac = ChainMAC(bytes: Array(bytes[32..<40]))
        switch bytes[17] {
        case Flag.resumeGiven: resume = .mac(mac)
        case Flag.resumeGiven | Flag.resumeUnproved: resume = .perhaps(mac)
        default: resume = .lost
        }
    }

    /// Whether a record of this sequence stands in a lost record's place, and is not the report about the gap itself.
    public func standsIn(for sequence: UInt64) -> Bool { sequence >= from && sequence <= to }
}

/// What the record after a given one must be chained to.
public enum ChainLink: Hashable, Sendable {
    /// To this MAC.
    case mac(ChainMAC)
    /// To this MAC, if the damaged slot from which it was read kept it; else the link is lost.
    case perhaps(ChainMAC)
    /// The link is lost with a damaged record: the next record cannot be verified, only those after it.
    case lost

    /// The link after `record`; the record's own MAC, except at the end of a gap.
    public init(after record: Slot, bytes: [UInt8]) {
        guard record.type == .gap, let gap = GapRecord(decoding: record.payload), gap.to == record.sequence else {
            self = .mac(Slot.mac(of: bytes))
            return
        }
        self = gap.resume
    }
}

/// A gap that the journal knows of, with the record that reported it.
struct KnownGap: Sendable {
    var gap: GapRecord
    var report: Slot

    /// The records that stand in for the lost ones from `start` on, at most `limit`, always the same bytes.
    func standIns(from start: UInt64, limit: Int, keys: ChainKeys) throws(JournalError) -> [StoredRecord] {
        // Format 1 made them under the root key, and the ledger may have some of them already.
        guard report.version != 1 || keys.hasRoot else { throw .keyMissing }
        var keys = keys
        var records: [StoredRecord] = []
        var previous = gap.previous
        var sequence = gap.from
        while sequence <= gap.to && records.count < limit {
            var slot = report
            slot.sequence = sequence
            let bytes = slot.encoded(after: previous, keys: &keys)
            previous = Slot.mac(of: bytes)
            if sequence >= start { records.append(StoredRecord(slot: slot, bytes: bytes)) }
            sequence += 1
        }
        return records
    }
}
