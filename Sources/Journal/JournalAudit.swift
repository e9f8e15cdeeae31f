import Glibc

/// Reads a whole journal and judges it, without changing anything: beside the running writer, or on a copy of its files.
///
/// One pass in constant memory but for what is lost. It shares nothing with the recovery but the decoding of slots and
/// headers, so that each is a check on the other.
public struct JournalAudit {
    /// A slot that is being written may be seen half; the next look comes after this many microseconds.
    private static let writerPause: UInt32 = 5000

    /// A segment file, for figures.
    public struct SegmentFile: Hashable, Sendable {
        /// Its name.
        public let name: String
        /// Its length in bytes.
        public let bytes: Int
        /// Its first sequence.
        public let first: UInt64
        /// The sequence after its last place.
        public let end: UInt64
    }

    /// The segment files, ascending.
    public var segmentFiles: [SegmentFile] {
        segments.map { SegmentFile(name: $0.name, bytes: $0.bytes, first: $0.first, end: $0.end) }
    }

    /// Records that fit into the spare segment; `nil` when none lies ready.
    public let spareSlots: Int?

    /// The last record that the ledger has, as the cursor told at the start; 0 when none.
    public var acknowledged: UInt64 { cursor?.sequence ?? 0 }

    private let storage: any JournalStorage
    private let rootKey: ChainKey?
    private let cursor: AuditState?
    private let segments: [AuditSegment]
    private let terminal: UInt16?
    private let epoch: UInt32
    /// What cursor and head tell to be before the end.
    private let floor: UInt64

    /// Lists the journal in `storage`.
    ///
    /// - Parameter rootKey: verifies the chain too.
    public init(storage: any JournalStorage, rootKey: ChainKey?) throws(AuditError) {
        self.storage = storage
        self.rootKey = rootKey
        // In this order: what cursor and head tell of is then among the files that are listed.
        cursor = try AuditState.cursor(of: storage)
        let head = try AuditState.head(of: storage)
        segments = try AuditSegment.all(in: storage)
        spareSlots = try Self.spareSlots(in: storage)
        let states = [cursor, head].compactMap { $0 }
        let epochs = Set(segments.map(\.epoch) + states.map(\.epoch))
        guard let epoch = epochs.first else { throw .noJournal }
        guard epochs.count == 1 else { throw .journal(.mixedEpochs(epochs.sorted())) }
        let terminals = Set(segments.compactMap(\.header?.terminal) + states.map(\.terminal))
        guard terminals.count <= 1 else { throw .severalTerminals(terminals.sorted()) }
        self.epoch = epoch
        terminal = terminals.first
        floor = max(cursor?.sequence ?? 0, head?.sequence ?? 0)
        if let last = segments.last {
            let limit = last.first + Recovery.longestStretch
            for (state, name) in [(cursor, CursorFile.name), (head, HeadFile.name)] where state?.sequence ?? 0 > limit {
                throw .journal(.strayFile(name))
            }
        }
        if let rootKey {
            for segment in segments {
                if let header = segment.header, header.keyIdentifier != rootKey.identifier {
                    throw .journal(.wrongKey(file: segment.name))
                }
            }
        }
    }

    private static func spareSlots(in storage: any JournalStorage) throws(AuditError) -> Int? {
        try reading { () throws(StorageError) in
            guard let spare = try storage.openIfThere(JournalWriter.spareName) else { return nil }
            // One with a header is another name of a segment, and is removed when the journal is opened.
            guard try spare.read(at: 0, count: SegmentHeader.size).allSatisfy({ $0 == 0 }) else { return nil }
            return max(try spare.size() - SegmentHeader.size, 0) / Slot.size
        }
    }

    /// Audits the journal in `storage`.
    ///
    /// - Parameters:
    ///   - rootKey: verifies the chain too.
    ///   - visitor: called with every sound record, in order.
    ///   - progress: called now and then with the places passed and their number.
    public static func run(
        storage: any JournalStorage, rootKey: ChainKey? = nil, visitor: (StoredRecord) -> Void = { _ in },
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(AuditError) -> AuditSummary {
        try JournalAudit(storage: storage, rootKey: rootKey).run(visitor: visitor, progress: progress)
    }

    /// Audits the journal; see ``run(storage:rootKey:visitor:progress:)``.
    public func run(
        visitor: (StoredRecord) -> Void = { _ in }, progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(AuditError) -> AuditSummary {
        try withoutActuallyEscaping(visitor) { (visitor) throws(AuditError) in
            let start = segments.first?.first ?? floor.addingSaturated(1)
            var walk = Walk(
                storage: storage, segments: segments, epoch: epoch,
                next: cursor.map { min(start, $0.sequence.addingSaturated(1)) } ?? start,
                chain: rootKey.map { AuditChain(keys: ChainKeys(root: $0, epoch: epoch)) }, visitor: visitor)
            try walk.passOver(floor: floor, progress)
            if try walk.lastDoubtful() != nil {
                usleep(Self.writerPause)
                if let doubtful = try walk.lastDoubtful() {
                    try walk.settle(before: doubtful.addingSaturated(1))
                    _ = try walk.lastDoubtful()
                }
            }
            // What was recycled meanwhile is below the cursor as it is by now.
            var reached = acknowledged
            if let latest = try AuditState.cursor(of: storage), latest.epoch == epoch {
                reached = max(reached, latest.sequence)
                try walk.settle(before: reached.addingSaturated(1))
            }
            return try summary(of: walk, acknowledged: reached)
        }
    }

    private func summary(of walk: Walk, acknowledged: UInt64) throws(AuditError) -> AuditSummary {
        var summary = AuditSummary(epoch: epoch, next: walk.next, acknowledged: acknowledged)
        summary.terminal = terminal
        summary.records = walk.records
        summary.first = walk.first
        summary.last = walk.last
        summary.tornSlots = walk.torn
        summary.gaps = walk.gaps.map { AuditSummary.Gap($0.record, sequence: $0.sequence) }
        summary.cursor = cursor == nil ? .lost : .sound
        for stretch in walk.lost { judge(stretch, &summary) }
        var unknownHeader = false
        for segment in segments where segment.header == nil {
            guard try reading({ () throws(StorageError) in try storage.openIfThere(segment.name) }) != nil else {
                continue
            }
            summary.damagedHeaders.append(segment.first)
            if max(segment.first, segment.end - 1) > summary.acknowledged { unknownHeader = true }
        }
        if var chain = walk.chain {
            chain.finish(walk.gaps)
            summary.firstBreak = chain.firstBreak
            summary.unverified = chain.unverified
            summary.chain = chain.firstBreak == nil ? .verified : .broken
        }
        if !summary.damage.isEmpty || unknownHeader || summary.firstBreak != nil || cursor == nil {
            summary.status = .damaged
        }
        return summary
    }

    /// Sorts a lost stretch by who knows of it, cut where the cursor or a gap record begins or ends.
    private func judge(_ stretch: AuditSummary.Stretch, _ summary: inout AuditSummary) {
        var ends: Set = [stretch.to, summary.acknowledged]
        for gap in summary.gaps { ends.formUnion([gap.from &- 1, gap.to]) }
        var part = stretch
        for end in ends.sorted() where end >= stretch.from && end <= stretch.to {
            part.to = end
            let isKnown = end <= summary.acknowledged
            let isReported = summary.gaps.contains { $0.from <= part.from && part.to <= $0.to }
            switch (isReported, isKnown) {
            // Segments that the ledger has are recycled.
            case (_, true) where part.kind == .missing: break
            case (true, _): summary.reported.append(part)
            case (false, true): summary.acknowledgedDamage.append(part)
            case (false, false): summary.damage.append(part)
            }
            part.from = end &+ 1
        }
    }
}

extension JournalAudit {
    /// What the pass over the slots knows so far.
    fileprivate struct Walk {
        let storage: any JournalStorage
        let segments: [AuditSegment]
        let epoch: UInt32
        /// The sequence after the last that was taken or is known to be lost.
        var next: UInt64
        var chain: AuditChain?
        let visitor: (StoredRecord) -> Void

        var records: UInt64 = 0
        var first: UInt64 = 0
        var last: UInt64 = 0
        var torn = 0
        var gaps: [AuditGap] = []
        var lost: [AuditSummary.Stretch] = []
        /// What is left of the slot before ``next``, when that one is lost.
        private var left: [UInt8]?

        init(
            storage: any JournalStorage, segments: [AuditSegment], epoch: UInt32, next: UInt64, chain: AuditChain?,
            visitor: @escaping (StoredRecord) -> Void
        ) {
            self.storage = storage
            self.segments = segments
            self.epoch = epoch
            self.next = next
            self.chain = chain
            self.visitor = visitor
        }

        /// Takes all sound records; `floor` is before the end, whatever is there.
        mutating func passOver(floor: UInt64, _ progress: (UInt64, UInt64) -> Void) throws(AuditError) {
            let places = segments.reduce(0) { $0 + UInt64($1.slots) }
            var passed: UInt64 = 0
            for segment in segments {
                if let header = segment.header {
                    // It proves that everything before it was durable.
                    if segment.first > next { try settle(before: segment.first) }
                    chain?.follow(header)
                }
                try segment.forEachSlot(from: segment.first, before: segment.end, in: storage) {
                    (sequence, bytes) throws(AuditError) in
                    if case .record(let record) = try slot(bytes, at: sequence, of: segment) {
                        if sequence > next { try settle(before: sequence) }
                        take(record)
                    }
                    passed += 1
                    if passed % 4096 == 0 { progress(passed, places) }
                }
            }
            if next <= floor { try settle(before: floor.addingSaturated(1)) }
            progress(places, places)
        }

        /// The last slot after the end that was not just cut short; counts those that were.
        mutating func lastDoubtful() throws(AuditError) -> UInt64? {
            torn = 0
            var doubtful: UInt64?
            for segment in segments {
                try segment.forEachSlot(from: next, before: segment.end, in: storage) {
                    (sequence, bytes) throws(AuditError) in
                    switch try slot(bytes, at: sequence, of: segment) {
                    case .zeros: break
                    case .record(let record):
                        if sequence > next { try settle(before: sequence) }
                        take(record)
                        torn = 0
                        doubtful = nil
                    case .cutShort: torn += 1
                    case .damaged: doubtful = sequence
                    }
                }
            }
            return doubtful
        }

        /// Reads again what was passed over: a writer may have filled or recycled it in the meantime.
        mutating func settle(before end: UInt64) throws(AuditError) {
            for segment in segments {
                try segment.forEachSlot(from: next, before: end, in: storage) {
                    (sequence, bytes) throws(AuditError) in
                    if sequence > next { lose(through: sequence - 1, .missing, left: nil) }
                    if case .record(let record) = try slot(bytes, at: sequence, of: segment) {
                        take(record)
                        return
                    }
                    let isThere =
                        try reading { () throws(StorageError) in try storage.openIfThere(segment.name) } != nil
                    let kind: AuditSummary.Kind = bytes == Slot.zeros ? .unwritten : .damaged
                    lose(through: sequence, isThere ? kind : .missing, left: isThere ? bytes : nil)
                }
            }
            if next < end { lose(through: end - 1, .missing, left: nil) }
        }

        private mutating func take(_ record: StoredRecord) {
            chain?.follow(record, damaged: left)
            left = nil
            next = record.slot.sequence.addingSaturated(1)
            last = record.slot.sequence
            if first == 0 { first = last }
            records += 1
            if record.slot.type == .gap, let gap = GapRecord(decoding: record.slot.payload) {
                gaps.append(AuditGap(sequence: last, record: gap))
            }
            visitor(record)
        }

        private mutating func lose(through sequence: UInt64, _ kind: AuditSummary.Kind, left bytes: [UInt8]?) {
            if let index = lost.indices.last, lost[index].to == next - 1, lost[index].kind == kind {
                lost[index].to = sequence
            } else {
                lost.append(AuditSummary.Stretch(from: next, to: sequence, kind: kind))
            }
            next = sequence.addingSaturated(1)
            left = bytes
        }

        private enum Finding {
            case record(StoredRecord)
            case zeros
            /// As a write that was never answered for may leave it.
            case cutShort
            case damaged
        }

        private func slot(
            _ bytes: [UInt8]?, at sequence: UInt64, of segment: AuditSegment
        ) throws(AuditError) -> Finding {
            guard let bytes else { return .damaged }
            do throws(SlotDamage) {
                let slot = try Slot(decoding: bytes)
                let isOwn = slot.sequence == sequence && slot.epoch == epoch
                return isOwn ? .record(StoredRecord(slot: slot, bytes: bytes)) : .cutShort
            } catch {
                switch error {
                case .empty: return .zeros
                case .version(let version) where version > 0:
                    throw .journal(.unknownFormat(file: segment.name, version: Int(version)))
                default: return bytes.suffix(4).allSatisfy { $0 == 0 } ? .cutShort : .damaged
                }
            }
        }
    }
}
