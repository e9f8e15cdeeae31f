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

    private let key: ChainKey
    private var link: ChainLink
    /// The MAC of the record before, and its gap if it was a stand-in.
    private var previous: (gap: GapRecord, mac: ChainMAC)?

    /// A verifier that goes on after the record `last`; `nil` at the beginning of an epoch.
    init(key: ChainKey, after last: (slot: Slot, raw: [UInt8])?) {
        self.key = key
        link = last.map { ChainLink(after: $0.slot, bytes: $0.raw) } ?? .mac(.start)
        if let last { previous = Self.standIn(last.slot).map { ($0, Slot.mac(of: last.raw)) } }
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
        let verdict = gap.map { judge(standIn: slot, of: $0, raw) } ?? judge(raw)
        link = ChainLink(after: slot, bytes: raw)
        previous = gap.map { ($0, Slot.mac(of: raw)) }
        return verdict
    }

    private func judge(_ raw: [UInt8]) -> Verdict {
        switch link {
        case .mac(let mac): key.verifies(raw, after: mac) ? .verified : .foreign
        case .lost: .unverifiable
        }
    }

    private func judge(standIn slot: Slot, of gap: GapRecord, _ raw: [UInt8]) -> Verdict {
        if let previous, previous.gap == gap {
            return key.verifies(raw, after: previous.mac) ? .verified : .foreign
        }
        if slot.sequence == gap.from {
            if case .mac(let mac) = link, key.verifies(raw, after: mac) { return .verified }
            // A terminal that no longer knows what came before the gap begins anew from the start value.
            let isFree = gap.previous == .start || link == .lost
            return isFree && key.verifies(raw, after: gap.previous) ? .verified : .foreign
        }
        guard slot.sequence - gap.from <= Self.rebuildLimit else { return .foreign }
        var mac = gap.previous
        var earlier = slot
        for sequence in gap.from..<slot.sequence {
            earlier.sequence = sequence
            mac = Slot.mac(of: earlier.encoded(after: mac, key: key))
        }
        return key.verifies(raw, after: mac) ? .verified : .foreign
    }
}
