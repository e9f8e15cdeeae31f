import Journal

/// Follows a journal's chain record by record, over holes too that the terminal itself has reported.
///
/// Damaged records arrive as *stand-ins*: gap records under the lost sequences. They are chained among themselves from
/// the gap's first record on, and name the MAC that the record after the gap is chained to, where it is known.
struct ChainVerifier {
    /// What a record turned out to be.
    enum Verdict: Equatable {
        /// Written by the terminal, directly after the one before.
        case verified
        /// Behind a gap that took the link with it: whole by its checksum, but only the records after it prove more.
        case unverifiable
        /// Not of this chain.
        case foreign
    }

    /// How far into a gap its stand-ins are made again, to verify one that arrives without those before it.
    ///
    /// That happens only when the ledger has records that the terminal lost before it heard so: a few uploads at most.
    static let rebuildLimit: UInt64 = 1 << 17

    /// Where a stretch of records goes on.
    struct Position {
        /// The record before, as it was stored.
        var last: (slot: Slot, raw: [UInt8])
        /// The last record before that is no stand-in; `nil` when there is none.
        var lastKept: Slot?
    }

    private(set) var keys: ChainKeys
    private var link: ChainLink
    /// The MAC of the record before, and its gap if it was a stand-in.
    private var previous: (gap: GapRecord, mac: ChainMAC)?
    /// The last record that is no stand-in.
    private var lastKept: Slot?

    /// A verifier with an epoch's `keys` that goes on at `position`; `nil` at the beginning.
    init(keys: ChainKeys, at position: Position?) {
        self.keys = keys
        link = position.map { ChainLink(after: $0.last.slot, bytes: $0.last.raw) } ?? .mac(.start)
        if let last = position?.last { previous = Self.standIn(last.slot).map { ($0, Slot.mac(of: last.raw)) } }
        lastKept = position?.lastKept
    }

    /// The gap that `slot` stands in for, if it is no ordinary record.
    static func standIn(_ slot: Slot) -> GapRecord? {
        guard slot.type == .gap, let gap = GapRecord(decoding: slot.payload), gap.standsIn(for: slot.sequence) else {
            return nil
        }
        return gap
    }

    /// Judges the next record; `raw` are its bytes.
    mutating func take(_ slot: Slot, raw: [UInt8]) -> Verdict {
        let gap = Self.standIn(slot)
        let verdict = gap.map { judge(standIn: slot, of: $0, raw) } ?? judge(slot, raw)
        link = ChainLink(after: slot, bytes: raw)
        previous = gap.map { ($0, Slot.mac(of: raw)) }
        if gap == nil { lastKept = slot }
        return verdict
    }

    private mutating func judge(_ slot: Slot, _ raw: [UInt8]) -> Verdict {
        guard follows(slot) else { return .foreign }
        switch link {
        case .mac(let mac):
            return keys.verifies(raw, after: mac) || goesOnAfterLostEnd(slot, raw) ? .verified : .foreign
        case .perhaps(let mac): return keys.verifies(raw, after: mac) ? .verified : .unverifiable
        case .lost: return .unverifiable
        }
    }

    /// Whether a record reports others as lost and is chained to where it says itself that the chain goes on.
    ///
    /// A terminal that lost its last records no longer knows their MACs; we may hold those very records, of an upload
    /// whose answer it never heard.
    private mutating func goesOnAfterLostEnd(_ slot: Slot, _ raw: [UInt8]) -> Bool {
        guard slot.type == .gap, let gap = GapRecord(decoding: slot.payload), gap.to < slot.sequence,
            case .mac(let mac) = gap.resume
        else { return false }
        return keys.verifies(raw, after: mac)
    }

    /// A later key at an earlier place, or format 1 after format 2: somebody rewrites the past with what the box holds now.
    private func follows(_ slot: Slot) -> Bool {
        let (version, step, sequence) = lastKept.map { ($0.version, $0.keyStep, $0.sequence) } ?? (1, 0, 0)
        return slot.version >= version
            && ChainKeys.allows(step: slot.keyStep, after: step, lost: slot.sequence - sequence - 1)
    }

    private mutating func judge(standIn slot: Slot, of gap: GapRecord, _ raw: [UInt8]) -> Verdict {
        if let previous, previous.gap == gap {
            return keys.verifies(raw, after: previous.mac) ? .verified : .foreign
        }
        if slot.sequence == gap.from {
            if case .mac(let mac) = link, keys.verifies(raw, after: mac) { return .verified }
            // A terminal that no longer knows what came before the gap begins anew from the start value.
            let isFree = gap.previous == .start || link == .lost
            return isFree && keys.verifies(raw, after: gap.previous) ? .verified : .foreign
        }
        guard slot.sequence - gap.from <= Self.rebuildLimit else { return .foreign }
        var mac = gap.previous
        var earlier = slot
        for sequence in gap.from..<slot.sequence {
            earlier.sequence = sequence
            mac = Slot.mac(of: earlier.encoded(after: mac, keys: &keys))
        }
        return keys.verifies(raw, after: mac) ? .verified : .foreign
    }
}
