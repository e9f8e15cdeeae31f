import Platform

/// Follows the chain over headers and records; what hangs on lost records is judged when all gap records are known.
struct AuditChain {
    /// The first record after lost ones.
    private struct Open {
        let record: StoredRecord
        /// What the damaged slot before it still holds in its MAC's place; `nil` when zeros.
        let left: ChainMAC?
    }

    private(set) var firstBreak: UInt64?
    private(set) var unverified = 0
    private var keys: ChainKeys
    private var sequence: UInt64 = 0
    private var mac = ChainMAC.start
    private var step: UInt32 = 0
    private var version: UInt8 = 0
    private var open: [Open] = []

    init(keys: ChainKeys) { self.keys = keys }

    mutating func follow(_ header: SegmentHeader) {
        let lost = header.firstSequence - 1 - sequence
        let stepFits = header.previousStep >= step && UInt64(header.previousStep - step) <= lost
        if !stepFits || lost == 0 && header.previous != mac { breaks(at: header.firstSequence) }
        sequence = header.firstSequence - 1
        mac = header.previous
        step = header.previousStep
    }

    /// Follows the chain to `record`; `damaged` is what is left of the slot before it when that one is lost.
    mutating func follow(_ record: StoredRecord, damaged: [UInt8]?) {
        let slot = record.slot
        let lost = slot.sequence - 1 - sequence
        let stepFits = slot.keyStep >= step && UInt64(slot.keyStep - step) <= lost.addingSaturated(1)
        if !stepFits || slot.version < version {
            breaks(at: slot.sequence)
        } else if lost > 0 {
            let left = damaged.map { Slot.mac(of: $0) }
            open.append(Open(record: record, left: left == .start ? nil : left))
        } else if !keys.verifies(record.bytes, after: mac) {
            breaks(at: slot.sequence)
        }
        sequence = slot.sequence
        mac = record.mac
        step = slot.keyStep
        version = slot.version
    }

    /// A link into lost records is in the damaged slot or in the gap record, or it is lost too.
    mutating func finish(_ gaps: [AuditGap]) {
        for record in open {
            let sequence = record.record.slot.sequence
            let resumes = gaps.filter { $0.record.to == sequence - 1 && !$0.standsIn }.map(\.record.resume)
            let links = ([record.left] + resumes.map(\.given)).compactMap { $0 }.filter { $0 != .start }
            if links.contains(where: { keys.verifies(record.record.bytes, after: $0) }) { continue }
            if resumes.contains(where: \.isProved) { breaks(at: sequence) } else { unverified += 1 }
        }
    }

    private mutating func breaks(at sequence: UInt64) { firstBreak = min(firstBreak ?? sequence, sequence) }
}

extension ChainLink {
    /// The MAC that it names.
    fileprivate var given: ChainMAC? {
        switch self {
        case .mac(let mac), .perhaps(let mac): mac
        case .lost: nil
        }
    }

    fileprivate var isProved: Bool { if case .mac = self { true } else { false } }
}

/// A gap record and its own sequence.
struct AuditGap {
    let sequence: UInt64
    let record: GapRecord

    var standsIn: Bool { record.standsIn(for: sequence) }
}

extension AuditSummary.Gap {
    /// What the gap record `record` of this sequence reports.
    public init(_ record: GapRecord, sequence: UInt64) {
        let words = ["damaged", "unwritten", "missing", "doubtful"]
        let number = Int(record.reason.rawValue)
        self.init(
            sequence: sequence, from: record.from, to: record.to,
            reason: words.indices.contains(number - 1) ? words[number - 1] : "\(number)")
    }
}
