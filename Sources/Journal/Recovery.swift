import Platform

/// Something that recovery met and that a technician should hear of; records around it are all there.
public enum RecoveryFinding: Hashable, Sendable {
    /// Bytes after the last record were a write cut short; it was never answered for. They were set aside and cleared.
    case tornTail(from: UInt64, to: UInt64, quarantine: String?)
    /// Records between sound ones are lost; a ``GapRecord`` reports those that the ledger does not have.
    case damage(from: UInt64, to: UInt64, reason: GapRecord.Reason, quarantine: String?)
    /// The record does not follow from the one before under our key, although both are sound: tampering, or a bug.
    case chainBroken(at: UInt64)
    /// The header of a segment is damaged; its name was believed.
    case headerDamaged(file: String)
    /// The cursor is gone or unreadable: everything still kept is uploaded again, which the ledger takes as success.
    case cursorDamaged
    /// The journal ends before what the ledger acknowledged, so it was damaged or put back from a copy; it goes on
    /// after.
    case endsBeforeCursor(last: UInt64, acknowledged: UInt64)
}

/// What opening a journal found.
public struct RecoveryReport: Hashable, Sendable {
    /// Sound records read.
    public var records = 0
    /// What was not as it should be, in order.
    public var findings: [RecoveryFinding] = []

    /// Whether anything needs a technician's eye; a torn tail does not.
    public var isClean: Bool {
        findings.allSatisfy { if case .tornTail = $0 { true } else { false } }
    }
}

/// A stretch of sequences without a sound record, with sound ones after it.
struct Damage: Hashable {
    var from: UInt64
    var to: UInt64
    var reason: GapRecord.Reason
    var previous: ChainMAC?
    var resume: ChainMAC?
}

/// One sequential pass over all slots, in constant memory.
///
/// A slot's place fixes its sequence, so stale bytes can never pass for a record and damage never shifts what follows.
struct Recovery {
    /// Slots read at a time: 256 KiB.
    private static let chunk = 2048

    let storage: any JournalStorage
    let terminal: UInt16
    let key: ChainKey
    let cursor: AckCursor?

    private(set) var segments: [Segment] = []
    private(set) var epoch: UInt32?
    private(set) var boot: UInt32 = 0
    private(set) var report = RecoveryReport()
    private(set) var damages: [Damage] = []
    private(set) var known: [KnownGap] = []
    /// The chain's end; `nil` when it is lost.
    private(set) var head: ChainMAC? = .start
    /// The sequence after the last sound record, header or acknowledged one.
    private(set) var next: UInt64 = 1
    /// The last slot after `next` that is not all zero.
    private(set) var lastTorn: UInt64?

    private var pending: Pending?

    /// Unsound slots from `from` on, of which it is not known yet whether anything sound follows.
    private struct Pending {
        var from: UInt64
        var reason = GapRecord.Reason.missing
        var lastBytes: [UInt8] = []
    }

    init(storage: any JournalStorage, terminal: UInt16, key: ChainKey, cursor: AckCursor?) {
        self.storage = storage
        self.terminal = terminal
        self.key = key
        self.cursor = cursor
    }

    mutating func run() throws(JournalError) {
        let names = try guarded { () throws(StorageError) in try storage.list() }
        var found = names.compactMap { Segment(name: $0) }.sorted { $0.first < $1.first }
        let epochs = Set(found.map(\.epoch)).union(cursor.map { [$0.epoch] } ?? [])
        guard epochs.count <= 1 else { throw .mixedEpochs(epochs.sorted()) }
        epoch = epochs.first
        if let cursor, found.first.map({ $0.first > cursor.acknowledged }) ?? true {
            next = cursor.acknowledged + 1
            head = cursor.chainHead
        } else if let first = found.first {
            next = first.first
            head = next == 1 ? .start : nil
        }
        for index in found.indices {
            let following = index + 1 < found.count ? found[index + 1].first : nil
            try scan(&found[index], before: following)
        }
        segments = found
        finish()
    }

    private mutating func scan(_ segment: inout Segment, before following: UInt64?) throws(JournalError) {
        let name = segment.name
        let file = try guarded { () throws(StorageError) in try storage.open(name) }
        let bytes = try guarded { () throws(StorageError) in try file.read(at: 0, count: SegmentHeader.size) }
        if let header = try SegmentHeader(decoding: bytes, file: name) {
            try accept(header, of: segment, file: name)
            segment.slots = Int(header.slots)
        } else {
            report.findings.append(.headerDamaged(file: name))
            let size = try guarded { () throws(StorageError) in try file.size() }
            segment.slots = max(0, size - SegmentHeader.size) / Slot.size
        }
        if let following { segment.slots = min(segment.slots, Int(clamping: following - segment.first)) }
        if segment.first > next && pending == nil { pending = Pending(from: next) }
        var index = 0
        while index < segment.slots {
            let count = min(Self.chunk, segment.slots - index)
            let offset = Segment.offset(ofSlot: index)
            let chunk = try guarded { () throws(StorageError) in try file.read(at: offset, count: count * Slot.size) }
            for position in 0..<count {
                let slot = Array(chunk.dropFirst(position * Slot.size).prefix(Slot.size))
                try take(slot, sequence: segment.first + UInt64(index + position), file: name)
            }
            index += count
        }
    }

    /// A sound header vouches for everything before it: a segment is begun only when the one before is full and
    /// durable.
    private mutating func accept(
        _ header: SegmentHeader, of segment: Segment, file: String
    ) throws(JournalError) {
        guard header.terminal == terminal else {
            throw .otherTerminal(file: file, found: header.terminal, expected: terminal)
        }
        guard header.keyIdentifier == key.identifier else { throw .wrongKey(file: file) }
        boot = max(boot, header.boot)
        if pending == nil && segment.first > next { pending = Pending(from: next) }
        if pending != nil {
            close(before: segment.first, resume: header.previous)
        } else if let head, head != header.previous {
            report.findings.append(.chainBroken(at: segment.first))
        }
        head = header.previous
        next = segment.first
    }

    private mutating func take(_ bytes: [UInt8], sequence: UInt64, file: String) throws(JournalError) {
        let slot: Slot
        do {
            slot = try Slot(decoding: bytes)
        } catch {
            if case .version(let version) = error { throw .unknownFormat(file: file, version: Int(version)) }
            unsound(bytes, sequence: sequence)
            return
        }
        guard slot.sequence == sequence, slot.epoch == epoch else {
            unsound(bytes, sequence: sequence)
            return
        }
        if let open = pending {
            // The damaged slot may still hold its MAC; the record after it proves whether it does.
            let candidate = open.lastBytes.count == Slot.size ? Slot.mac(of: open.lastBytes) : nil
            close(before: sequence, resume: candidate.flatMap { key.verifies(bytes, after: $0) ? $0 : nil })
        } else if let head, !key.verifies(bytes, after: head) {
            report.findings.append(.chainBroken(at: sequence))
        }
        head = Slot.mac(of: bytes)
        next = sequence + 1
        boot = max(boot, slot.boot)
        report.records += 1
        if slot.type == .gap, let gap = GapRecord(decoding: slot.payload) {
            known.append(KnownGap(gap: gap, report: slot))
        }
    }

    private mutating func unsound(_ bytes: [UInt8], sequence: UInt64) {
        var open = pending ?? Pending(from: sequence)
        if bytes != Slot.zeros && !bytes.isEmpty {
            open.reason = .damaged
            lastTorn = sequence
        } else if open.reason == .missing {
            open.reason = .unwritten
        }
        open.lastBytes = bytes
        pending = open
    }

    private mutating func close(before sequence: UInt64, resume: ChainMAC?) {
        if let open = pending, open.from < sequence {
            damages.append(
                Damage(from: open.from, to: sequence - 1, reason: open.reason, previous: head, resume: resume))
        }
        pending = nil
        lastTorn = nil
    }

    /// What the ledger has was written, whatever the disk says now: its sequences are never given again.
    private mutating func finish() {
        guard let cursor, cursor.acknowledged >= next else { return }
        report.findings.append(.endsBeforeCursor(last: next - 1, acknowledged: cursor.acknowledged))
        if let torn = lastTorn, torn <= cursor.acknowledged { lastTorn = nil }
        next = cursor.acknowledged + 1
        head = cursor.chainHead
    }

    mutating func add(_ finding: RecoveryFinding) { report.findings.append(finding) }
}

/// Runs a storage call while opening.
func guarded<R>(_ body: () throws(StorageError) -> R) throws(JournalError) -> R {
    do throws(StorageError) {
        return try body()
    } catch {
        throw JournalError(opening: error)
    }
}
