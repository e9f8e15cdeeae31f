import Glibc
public import Platform
import Synchronization

extension JournalWriter {
    /// Opens the journal in `storage`, recovering what is there; makes it where there is nothing.
    ///
    /// When it returns, everything recovered is durable, torn bytes are set aside, and lost records are reported by
    /// records of the journal's own.
    public static func open(
        storage: any JournalStorage, terminal: UInt16, key: ChainKey, time: any TimeSource,
        options: JournalOptions = JournalOptions()
    ) throws(JournalError) -> JournalWriter {
        do throws(StorageError) {
            try storage.lock()
        } catch {
            if error.code == EWOULDBLOCK { throw .locked }
            throw error.code == ENOENT ? .missingDirectory(error) : JournalError(opening: error)
        }
        let (cursorFile, found) = try CursorFile.open(storage: storage, terminal: terminal)
        var scan = Recovery(storage: storage, terminal: terminal, key: key, cursor: found)
        try scan.run()
        if found == nil && !scan.segments.isEmpty { scan.add(.cursorDamaged) }
        let files = try clean(storage)
        let names = Quarantine(storage: storage, epoch: scan.epoch ?? 0, segments: scan.segments, present: files)
        let active = scan.segments.last { $0.contains(scan.next) }
        // A full segment still needs settling, when its last record was the last of all.
        let tail = active ?? scan.segments.last { $0.end == scan.next }
        let file = try settleTail(&scan, of: tail, quarantine: names)

        let epoch = scan.epoch ?? options.epoch ?? UInt32.random(in: 1...UInt32.max)
        let cursor = found ?? AckCursor(epoch: epoch, acknowledged: 0, chainHead: .start)
        if scan.segments.isEmpty && found == nil {
            // A journal's cursor is there before its first segment: a segment without one tells that it was lost.
            try guarded { () throws(StorageError) in try cursorFile.store(cursor) }
        }
        let lost = try setAside(&scan, acknowledged: cursor.acknowledged, quarantine: names)
        let reader = JournalReader(
            storage: storage, key: key, epoch: epoch,
            view: JournalReader.View(
                segments: scan.segments, last: scan.next - 1, cursor: cursor, gaps: scan.known,
                hasSpare: try hasSpare(storage, files, options), poison: nil),
            cursorFile: cursorFile, segmentsKept: options.acknowledgedSegmentsKept)
        let writer = JournalWriter(
            terminal: terminal, recovery: scan.report, reader: reader, time: time, options: options,
            boot: scan.boot + 1,
            state: State(active: active, file: active == nil ? nil : file, next: scan.next, head: scan.head ?? .start))
        try writer.report(lost)
        writer.prepareSpare()
        return writer
    }

    /// Removes what was never finished, and makes durable every name that is left: a killed process may have renamed
    /// files without coming to sync the directory.
    private static func clean(_ storage: any JournalStorage) throws(JournalError) -> Set<String> {
        try guarded { () throws(StorageError) in
            var names = Set(try storage.list())
            for name in names.sorted() where name.hasSuffix(temporarySuffix) {
                try storage.remove(name)
                names.remove(name)
            }
            try storage.syncDirectory()
            return names
        }
    }

    /// Whether a blank spare lies ready.
    ///
    /// One with a header was about to become a segment when the power went. Where that left both names standing, it is
    /// that segment's own file: it must not be written again, only its name taken away.
    private static func hasSpare(
        _ storage: any JournalStorage, _ names: Set<String>, _ options: JournalOptions
    ) throws(JournalError) -> Bool {
        guard names.contains(spareName) else { return false }
        return try guarded { () throws(StorageError) in
            let spare = try storage.open(spareName)
            guard try spare.read(at: 0, count: Segment.offset(ofSlot: 0)).allSatisfy({ $0 == 0 }) else {
                try storage.remove(spareName)
                return false
            }
            return try spare.size() == Segment.offset(ofSlot: options.slotsPerSegment)
        }
    }

    /// Makes the end of the log durable again and clears what was torn after it.
    ///
    /// What was just read may come from memory alone, left there by a process that was killed before its sync, or whose
    /// sync failed and took the pages' dirty marks with it. Only writing the bytes again makes a sync mean something.
    private static func settleTail(
        _ scan: inout Recovery, of segment: Segment?, quarantine: Quarantine
    ) throws(JournalError) -> (any JournalFile)? {
        guard let segment else { return nil }
        let next = scan.next
        let torn = scan.lastTorn.map { min($0, segment.end - 1) }.flatMap { $0 < next ? nil : $0 }
        var copy: String?
        if let torn { copy = try quarantine.copy(from: next, to: torn) }
        let file = try guarded { () throws(StorageError) in
            let file = try scan.storage.open(segment.name)
            let first = max(segment.first, next - min(next, UInt64(largestBatch)))
            if first < next {
                let offset = Segment.offset(ofSlot: Int(first - segment.first))
                try file.write(try file.read(at: offset, count: Int(next - first) * Slot.size), at: offset)
            }
            if let torn, copy != nil {
                let zeros = [UInt8](repeating: 0, count: Int(torn - next + 1) * Slot.size)
                try file.write(zeros, at: Segment.offset(ofSlot: Int(next - segment.first)))
            }
            try file.sync()
            return file
        }
        if let torn { scan.add(.tornTail(from: next, to: torn, quarantine: copy)) }
        return file
    }

    /// Copies damaged stretches to quarantine files and reports them.
    ///
    /// - Returns: those for which the journal needs a gap record yet.
    private static func setAside(
        _ scan: inout Recovery, acknowledged: UInt64, quarantine: Quarantine
    ) throws(JournalError) -> [Damage] {
        var lost: [Damage] = []
        for damage in scan.damages {
            // Acknowledged segments are removed in no order that a crash would keep: their absence is no damage.
            if damage.reason == .missing && damage.to <= acknowledged { continue }
            for part in damage.parts(notIn: scan.known.map(\.gap)) {
                let copy = part.reason == .damaged ? try quarantine.copy(from: part.from, to: part.to) : nil
                scan.add(.damage(from: part.from, to: part.to, reason: part.reason, quarantine: copy))
                guard part.to > acknowledged else { continue }
                var open = part
                if open.from <= acknowledged {
                    open.from = acknowledged + 1
                    open.previous = scan.cursor?.chainHead
                }
                lost.append(open)
            }
        }
        return lost
    }

    private func report(_ lost: [Damage]) throws(JournalError) {
        for damage in lost {
            let gap = GapRecord(
                from: damage.from, to: damage.to, reason: damage.reason, previous: damage.previous ?? .start,
                resume: damage.resume)
            let appended = try append([Draft(type: .gap, payload: gap.encoded)])[0].get()
            // Stand-ins are made from the report, so it is read back as every later opening will read it.
            guard let record = try records(from: appended.sequence, limit: 1).first else {
                throw .damaged(appended.sequence)
            }
            reader.view.withLock { $0.gaps.append(KnownGap(gap: gap, report: record.slot)) }
        }
    }
}

extension Damage {
    /// What of this damage no gap record covers yet.
    ///
    /// Links into a gap already reported are lost.
    func parts(notIn gaps: [GapRecord]) -> [Damage] {
        var parts = [self]
        for gap in gaps {
            parts = parts.flatMap { part -> [Damage] in
                guard gap.from <= part.to, gap.to >= part.from else { return [part] }
                var left: [Damage] = []
                if part.from < gap.from {
                    var before = part
                    before.to = gap.from - 1
                    before.resume = nil
                    left.append(before)
                }
                if part.to > gap.to {
                    var after = part
                    after.from = gap.to + 1
                    after.previous = nil
                    left.append(after)
                }
                return left
            }
        }
        return parts
    }
}

/// Copies of damaged slots, named by what they should have held.
struct Quarantine {
    let storage: any JournalStorage
    let epoch: UInt32
    let segments: [Segment]
    let present: Set<String>

    /// Copies the slots of these sequences into a file of their own.
    ///
    /// - Returns: its name; `nil` when there is no room for it, or no file to copy from.
    func copy(from: UInt64, to: UInt64) throws(JournalError) -> String? {
        var bytes: [UInt8] = []
        do throws(StorageError) {
            for segment in segments where segment.first <= to && segment.end > from {
                let first = max(from, segment.first)
                let count = Int(min(to, segment.end - 1) - first) + 1
                bytes += try storage.open(segment.name).read(
                    at: Segment.offset(ofSlot: Int(first - segment.first)), count: count * Slot.size)
            }
            guard !bytes.isEmpty else { return nil }
            let stem = "quarantine-\(Segment.padded(epoch))-\(Segment.padded(from))-\(Segment.padded(to))"
            var name = stem + ".bin"
            var number = 2
            while present.contains(name) {
                if try storage.contents(of: name) == bytes { return name }
                name = "\(stem)-\(number).bin"
                number += 1
            }
            try storage.replace(name, with: bytes)
            return name
        } catch {
            if error.isFull { return nil }
            throw JournalError(opening: error)
        }
    }
}
