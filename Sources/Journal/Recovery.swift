import Platform

/// A stretch of sequences without a sound record.
struct Damage: Hashable {
    var from: UInt64
    var to: UInt64
    var reason: GapRecord.Reason
    var previous: ChainMAC?
    var resume: ChainLink
}

/// One sequential pass over the slots that the ledger does not have, in constant memory.
///
/// A slot's place fixes its sequence, so stale bytes can never pass for a record and damage never shifts what follows.
struct Recovery {
    /// Slots read at a time: 256 KiB.
    static let chunk = 2048
    /// What can be missing between two segments at most; a name further off is not one of this journal's.
    static let longestStretch: UInt64 = 1 << 32

    let storage: any JournalStorage
    let terminal: UInt16
    let keyIdentifier: [UInt8]
    let cursor: AckCursor?
    let head: JournalHead?

    private(set) var segments: [Segment] = []
    private(set) var epoch: UInt32?
    private(set) var boot: UInt32 = 0
    private(set) var report = RecoveryReport()
    private(set) var damages: [Damage] = []
    private(set) var known: [KnownGap] = []
    /// The chain's end; `nil` when it is lost.
    private(set) var chain: ChainMAC? = .start
    /// The key step of the last record that was read; `nil` when none was.
    private(set) var lastStep: UInt32?
    /// Whether records were lost after that one.
    private(set) var isStepStale = false
    /// The sequence after the end.
    private(set) var next: UInt64 = 1
    /// The last slot after the end that is not all zero.
    private(set) var lastTorn: UInt64?
    /// Whether a segment of the present format was met.
    private(set) var hasPresentFormat = false

    private var keys: ChainKeys?
    private var scanFrom: UInt64 = 0
    private var lastUncertain: UInt64?
    private var pending: Pending?

    /// Unsound slots from `from` on, of which it is not known yet whether anything sound follows.
    private struct Pending {
        var from: UInt64
        var reason = GapRecord.Reason.missing
        /// What the last of them has in its chain MAC's place.
        var lastMAC: ChainMAC?
    }

    init(
        storage: any JournalStorage, terminal: UInt16, keyIdentifier: [UInt8], cursor: AckCursor?, head: JournalHead?
    ) {
        self.storage = storage
        self.terminal = terminal
        self.keyIdentifier = keyIdentifier
        self.cursor = cursor
        self.head = head
        keys = head?.keys
        boot = head?.boot ?? 0
    }

    mutating func run() throws(JournalError) {
        let names = try guarded { () throws(StorageError) in try storage.list() }
        segments = names.compactMap { Segment(name: $0) }.sorted { $0.first < $1.first }
        let epochs = Set(segments.map(\.epoch) + [cursor?.epoch, head?.epoch].compactMap { $0 })
        guard epochs.count <= 1 else { throw .mixedEpochs(epochs.sorted()) }
        epoch = epochs.first
        for (segment, following) in zip(segments, segments.dropFirst())
        where following.first - segment.first > Self.longestStretch {
            throw .strayFile(following.name)
        }
        if let last = segments.last {
            let limit = last.first + Self.longestStretch
            if let cursor, cursor.acknowledged > limit { throw .strayFile(CursorFile.name) }
            if let head, head.sequence > limit { throw .strayFile(HeadFile.name) }
        }
        begin()
        for index in segments.indices {
            let following = index + 1 < segments.count ? segments[index + 1].first : nil
            segments[index] = try scan(segments[index], before: following)
        }
        finish()
    }

    /// What the ledger has is not read again, unless `head` is lost and the last boot and key step have to be found.
    private mutating func begin() {
        let first = segments.first?.first
        if let cursor, head != nil || first.map({ $0 > cursor.acknowledged }) ?? true {
            next = cursor.acknowledged + 1
            chain = cursor.chainHead
        } else if let first {
            next = first
            chain = next == 1 ? .start : nil
        }
        scanFrom = next
    }

    /// - Returns: the segment with the slots that it has.
    private mutating func scan(_ named: Segment, before following: UInt64?) throws(JournalError) -> Segment {
        let name = named.name
        let file = try guarded { () throws(StorageError) in try storage.open(name) }
        var segment = named
        segment.slots = try readHeader(of: segment, file)
        if let following { segment.slots = min(segment.slots, Int(clamping: following - segment.first)) }
        if segment.first > next && pending == nil { pending = Pending(from: next) }
        var index = Int(clamping: scanFrom - min(scanFrom, segment.first))
        // The record before tells which key the first one read may be under.
        if index > 0 && index <= segment.slots && lastStep == nil {
            let before = try read(file, from: index - 1, count: 1).bytes
            if before.count == Slot.size, Slot.damage(in: before.span) == nil {
                lastStep = Slot.keyStep(of: before.span)
            }
        }
        while index < segment.slots {
            let count = min(Self.chunk, segment.slots - index)
            let (bytes, unreadable) = try read(file, from: index, count: count)
            let whole = bytes.count / Slot.size
            for position in 0..<whole {
                let slot = bytes.span.extracting(position * Slot.size..<(position + 1) * Slot.size)
                let isReadable = unreadable.isEmpty || !unreadable.contains(Self.sector(index, position))
                try take(slot, isReadable, sequence: segment.first + UInt64(index + position), file: name)
            }
            index += count
            // What a file cut short has no bytes for is missing, and nothing is to be written there any more.
            if whole < count {
                segment.slots = max(0, index - count + whole)
                if pending == nil { pending = Pending(from: segment.end) }
                break
            }
        }
        return segment
    }

    /// Reads slots by whole sectors, around those that the disk cannot read.
    private func read(
        _ file: any JournalFile, from index: Int, count: Int
    ) throws(JournalError) -> (bytes: [UInt8], unreadable: Set<Int>) {
        let offset = Segment.offset(ofSlot: index)
        let start = offset / SectorPair.sectorSize * SectorPair.sectorSize
        let (bytes, unreadable) = try guarded { () throws(StorageError) in
            try file.readAround(at: start, count: count * Slot.size + offset - start)
        }
        return (Array(bytes.dropFirst(offset - start)), unreadable)
    }

    /// The sector that a slot lies in, counted from the one that holds the slot at which reading began.
    private static func sector(_ index: Int, _ position: Int) -> Int {
        let offset = Segment.offset(ofSlot: index)
        return (offset % SectorPair.sectorSize + position * Slot.size) / SectorPair.sectorSize
    }

    /// - Returns: how many slots the segment has.
    private mutating func readHeader(of segment: Segment, _ file: any JournalFile) throws(JournalError) -> Int {
        let (bytes, unreadable) = try guarded { () throws(StorageError) in
            try file.readAround(at: 0, count: SegmentHeader.size)
        }
        let header = unreadable.isEmpty ? try SegmentHeader(decoding: bytes, file: segment.name) : nil
        if let header, header.firstSequence == segment.first, header.epoch == segment.epoch {
            try accept(header, of: segment)
            return Int(header.slots)
        }
        report.findings.append(.headerDamaged(file: segment.name))
        let size = try guarded { () throws(StorageError) in try file.size() }
        return max(0, size - SegmentHeader.size) / Slot.size
    }

    /// A sound header vouches for everything before it: a segment is begun only when that is durable.
    private mutating func accept(_ header: SegmentHeader, of segment: Segment) throws(JournalError) {
        guard header.terminal == terminal else {
            throw .otherTerminal(file: segment.name, found: header.terminal, expected: terminal)
        }
        guard header.keyIdentifier == keyIdentifier else { throw .wrongKey(file: segment.name) }
        boot = max(boot, header.boot)
        if header.version == SegmentHeader.formatVersion { hasPresentFormat = true }
        guard segment.first >= scanFrom else { return }
        if pending == nil && segment.first > next { pending = Pending(from: next) }
        if pending != nil {
            close(before: segment.first, resume: .mac(header.previous))
        } else if let chain, chain != header.previous {
            report.findings.append(.chainBroken(at: segment.first))
        }
        chain = header.previous
        lastStep = header.previousStep
        next = segment.first
    }

    private mutating func take(
        _ slot: Span<UInt8>, _ isReadable: Bool, sequence: UInt64, file: String
    ) throws(JournalError) {
        switch isReadable ? Slot.damage(in: slot) : .checksum {
        case nil:
            if Slot.sequence(of: slot) == sequence && Slot.epoch(of: slot) == epoch {
                sound(slot, sequence: sequence)
            } else {
                unsound(slot, sequence: sequence)
            }
        case .version(let version): throw .unknownFormat(file: file, version: Int(version))
        case .empty: skip(sequence: sequence)
        case .cutShort: unsound(slot, sequence: sequence)
        default:
            unsound(isReadable ? slot : nil, sequence: sequence)
            lastUncertain = sequence
        }
    }

    private mutating func sound(_ slot: Span<UInt8>, sequence: UInt64) {
        let step = Slot.keyStep(of: slot)
        // Nobody goes forward more often than once per record.
        let isStepAllowed =
            lastStep.map { ChainKeys.allows(step: step, after: $0, lost: sequence - next) } ?? (step <= sequence)
        var isBroken = !isStepAllowed
        if let open = pending {
            close(before: sequence, resume: link(from: open.lastMAC, to: slot))
        } else if let chain, isStepAllowed, keys?.isPresent(slot) == true {
            isBroken = keys?.mac(of: slot, after: chain) != Slot.mac(of: slot)
        }
        if isBroken { report.findings.append(.chainBroken(at: sequence)) }
        chain = Slot.mac(of: slot)
        if isStepAllowed { lastStep = step }
        next = sequence + 1
        boot = max(boot, Slot.boot(of: slot))
        report.records += 1
        if Slot.isGap(slot), let record = try? Slot(decoding: slot), let gap = GapRecord(decoding: record.payload) {
            known.append(KnownGap(gap: gap, report: record))
        }
    }

    /// The damaged slot before a sound one may still hold its MAC; where the key is at hand, it is put to the proof.
    private mutating func link(from mac: ChainMAC?, to slot: Span<UInt8>) -> ChainLink {
        guard let mac else { return .lost }
        guard keys?.isPresent(slot) == true else { return .perhaps(mac) }
        return keys?.mac(of: slot, after: mac) == Slot.mac(of: slot) ? .mac(mac) : .lost
    }

    private mutating func unsound(_ slot: Span<UInt8>?, sequence: UInt64) {
        var open = pending ?? Pending(from: sequence)
        open.reason = .damaged
        open.lastMAC = nil
        if let slot, Slot.mac(of: slot) != .start { open.lastMAC = Slot.mac(of: slot) }
        pending = open
        lastTorn = sequence
    }

    /// A slot of zeros.
    private mutating func skip(sequence: UInt64) {
        var open = pending ?? Pending(from: sequence)
        if open.reason == .missing { open.reason = .unwritten }
        open.lastMAC = nil
        pending = open
    }

    private mutating func close(before sequence: UInt64, resume: ChainLink) {
        if let open = pending, open.from < sequence {
            damages.append(
                Damage(from: open.from, to: sequence - 1, reason: open.reason, previous: chain, resume: resume))
        }
        pending = nil
        lastTorn = nil
        lastUncertain = nil
    }

    /// Moves the end after whatever was durable once, or may have been: its sequences are never given again.
    private mutating func finish() {
        if let cursor, cursor.acknowledged >= next {
            report.findings.append(.endsBeforeCursor(last: next - 1, acknowledged: cursor.acknowledged))
            end(after: cursor.acknowledged, chain: cursor.chainHead)
        }
        if let head, head.sequence >= next {
            let reason = pending?.reason ?? .missing
            damages.append(
                Damage(
                    from: next, to: head.sequence, reason: reason, previous: chain, resume: .mac(head.chainMAC)))
            end(after: head.sequence, chain: head.chainMAC)
        }
        if let last = lastUncertain, last >= next {
            damages.append(
                Damage(
                    from: next, to: last, reason: .uncertain, previous: chain, resume: .mac(chain ?? .start)))
            end(after: last, chain: chain ?? .start)
        }
        if let torn = lastTorn, torn < next { lastTorn = nil }
    }

    private mutating func end(after sequence: UInt64, chain: ChainMAC) {
        next = sequence + 1
        self.chain = chain
        isStepStale = true
    }

    mutating func add(_ finding: RecoveryFinding) { report.findings.append(finding) }

    /// Segments after the end: they were begun, and nothing sound is in them, not even the header.
    var beyondTheEnd: [Segment] { segments.filter { $0.first > next } }

    mutating func forget(_ segment: Segment) { segments.removeAll { $0 == segment } }

    /// Leaves a segment early: its next slot cannot be written.
    mutating func leave(_ segment: Segment) {
        guard let index = segments.firstIndex(of: segment) else { return }
        segments[index].end(before: next)
    }
}

/// Runs a storage call while opening.
func guarded<R>(_ body: () throws(StorageError) -> R) throws(JournalError) -> R {
    do throws(StorageError) {
        return try body()
    } catch {
        throw JournalError(opening: error)
    }
}
