import Glibc
public import Platform
import Synchronization

extension JournalWriter {
    /// Opens the journal in `storage`, recovering what is there; makes it where there is nothing.
    ///
    /// When it returns, everything recovered is durable, torn bytes are set aside, and lost records are reported by
    /// records of the journal's own.
    ///
    /// - Parameter key: the root key; needed only where there is no `head` yet, see ``JournalError/keyMissing``.
    public static func open(
        storage: any JournalStorage, terminal: UInt16, key: ChainKey?, time: any TimeSource,
        options: JournalOptions = JournalOptions()
    ) throws(JournalError) -> JournalWriter {
        do throws(StorageError) {
            try storage.lock()
        } catch {
            if error.code == EWOULDBLOCK { throw .locked }
            throw error.code == ENOENT ? .missingDirectory(error) : JournalError(opening: error)
        }
        let (cursorFile, foundCursor) = try CursorFile.open(storage: storage, terminal: terminal)
        let (headFile, foundHead) = try HeadFile.open(storage: storage, terminal: terminal, root: key)
        guard let identifier = foundHead?.keyIdentifier ?? key?.identifier else { throw .keyMissing }
        var scan = Recovery(
            storage: storage, terminal: terminal, keyIdentifier: identifier, cursor: foundCursor, head: foundHead)
        try scan.run()
        if let epoch = scan.epoch, let expected = options.epoch, epoch != expected {
            throw .otherEpoch(found: epoch, expected: expected)
        }
        if foundCursor == nil && !scan.segments.isEmpty { scan.add(.cursorDamaged) }
        // A journal of format 1 has no head, and that is no damage.
        if foundHead == nil && (scan.hasPresentFormat || scan.segments.isEmpty && foundCursor != nil) {
            scan.add(.headDamaged)
        }

        let files = try clean(storage)
        try moveAside(&scan)
        let quarantine = Quarantine(storage: storage, epoch: scan.epoch ?? 0, segments: scan.segments, present: files)
        let file = try settleTail(&scan, quarantine)
        let epoch = scan.epoch ?? options.epoch ?? UInt32.random(in: 1...UInt32.max)
        let cursor = foundCursor ?? AckCursor(epoch: epoch, acknowledged: 0, chainHead: .start)
        let lost = try setAside(&scan, acknowledged: cursor.acknowledged, quarantine)
        guard let keys = foundHead?.keys ?? key.map({ ChainKeys(root: $0, epoch: epoch) }) else { throw .keyMissing }
        let head = try renewHead(headFile, scan, epoch: epoch, keyIdentifier: identifier, keys: keys)
        if foundCursor != nil || scan.segments.isEmpty {
            // What was found may have come from memory, left by a process that was killed before its sync; segments are
            // given up by it. And a journal's cursor is there before its first segment: a segment without one tells that
            // it was lost.
            try guarded { () throws(StorageError) in try cursorFile.store(cursor) }
        }
        let reader = JournalReader(
            storage: storage, keys: head.keys, epoch: epoch,
            view: JournalReader.View(
                segments: scan.segments, last: scan.next - 1, cursor: cursor, gaps: scan.known,
                hasSpare: try hasSpare(storage, files, options), poison: nil),
            cursorFile: cursorFile, segmentsKept: options.acknowledgedSegmentsKept)
        let writer = JournalWriter(
            terminal: terminal, recovery: scan.report, reader: reader, time: time, options: options,
            headFile: headFile, head: head, lastStep: scan.lastStep,
            active: file.flatMap { file in
                scan.segments.last { $0.contains(scan.next) }.map { ($0, file) }
            })
        try writer.report(lost)
        writer.maintain()
        return writer
    }

    /// Takes a new key if the present one has been used, and destroys the old one.
    private static func renewHead(
        _ file: HeadFile, _ scan: Recovery, epoch: UInt32, keyIdentifier: [UInt8], keys: ChainKeys
    ) throws(JournalError) -> JournalHead {
        var head = JournalHead(
            epoch: epoch, sequence: scan.next - 1, chainMAC: scan.chain ?? .start, boot: scan.boot &+ 1,
            keyIdentifier: keyIdentifier, keys: keys)
        if scan.next > 1, let last = scan.lastStep, last >= keys.present {
            // Where the last records are lost, staying is always allowed and going forward may not be. No journal gets to
            // the last step there is; a damaged header may say so.
            _ = head.keys.move(to: scan.isStepStale || last == .max ? last : last + 1)
        }
        do throws(StorageError) {
            try file.store(head)
        } catch {
            throw JournalError(opening: error)
        }
        return head
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

    /// Takes segments after the end out of the way of those to come, whole and under another name.
    private static func moveAside(_ scan: inout Recovery) throws(JournalError) {
        for segment in scan.beyondTheEnd {
            try guarded { () throws(StorageError) in
                try scan.storage.rename(segment.name, to: segment.quarantineName)
                try scan.storage.syncDirectory()
            }
            scan.forget(segment)
        }
    }

    /// Whether a blank spare lies ready; bits that turned over in it would look like records damaged at the end.
    ///
    /// One with a header was about to become a segment when the power went. Where that left both names standing, it is
    /// that segment's own file: it must not be written again, only its name taken away.
    private static func hasSpare(
        _ storage: any JournalStorage, _ names: Set<String>, _ options: JournalOptions
    ) throws(JournalError) -> Bool {
        guard names.contains(spareName) else { return false }
        return try guarded { () throws(StorageError) in
            let spare = try storage.open(spareName)
            let size = Segment.offset(ofSlot: options.slotsPerSegment)
            guard try spare.size() == size else { return false }
            for offset in stride(from: 0, to: size, by: zeroPiece) {
                let (bytes, unreadable) = try spare.readAround(at: offset, count: zeroPiece)
                guard unreadable.isEmpty, bytes.allSatisfy({ $0 == 0 }) else {
                    try storage.remove(spareName)
                    return false
                }
            }
            return true
        }
    }

    /// Makes the end of the log durable again and clears what was torn after it.
    ///
    /// What was just read may come from memory alone, left there by a process that was killed before its sync, or whose
    /// sync failed and took the pages' dirty marks with it. Only writing the bytes again makes a sync mean something.
    ///
    /// - Returns: the segment that the next record goes to or the last one went to; `nil` when there is none, or none
    ///   that can be written on.
    private static func settleTail(
        _ scan: inout Recovery, _ quarantine: Quarantine
    ) throws(JournalError) -> (any JournalFile)? {
        let next = scan.next
        // A full segment needs settling too, when its last record was the last of all.
        let tail = scan.segments.last { $0.contains(next) } ?? scan.segments.last { $0.end == next }
        guard let segment = tail else { return nil }
        let torn = scan.lastTorn.map { min($0, segment.end - 1) }.flatMap { $0 < next ? nil : $0 }
        var copy: String?
        if let torn { copy = try quarantine.copy(from: next, to: torn) }
        let cleared = torn == nil || copy == nil ? 0 : Int(clamping: (torn ?? next) - next) + 1
        let file = try guarded { () throws(StorageError) in
            let file = try scan.storage.open(segment.name)
            return try rewriteTail(of: segment, file, next: next, cleared: cleared) ? file : nil
        }
        if let torn { scan.add(.tornTail(from: next, to: torn, quarantine: copy)) }
        if file == nil {
            scan.add(.segmentLeft(file: segment.name))
            scan.leave(segment)
        }
        return file
    }

    /// - Returns: false when the file has lost its end, or a sector there cannot be read and so not be written in part.
    private static func rewriteTail(
        of segment: Segment, _ file: any JournalFile, next: UInt64, cleared: Int
    ) throws(StorageError) -> Bool {
        let first = max(segment.first, next - min(next, UInt64(largestBatch)))
        let start = Segment.offset(ofSlot: Int(first - segment.first))
        let aligned = start / SectorPair.sectorSize * SectorPair.sectorSize
        let end = Segment.offset(ofSlot: Int(next - segment.first))
        let size = try file.size()
        guard size >= end else { return false }
        // The page that the next record lies in belongs to it: writing there reads the rest of it first.
        let readEnd = min(size, (end / pageSize + 1) * pageSize)
        let (bytes, unreadable) = try file.readAround(at: aligned, count: readEnd - aligned)
        guard unreadable.isEmpty else { return false }
        if start < end { try file.write(Array(bytes[(start - aligned)..<(end - aligned)]), at: start) }
        if cleared > 0 { try file.write([UInt8](repeating: 0, count: cleared * Slot.size), at: end) }
        try file.sync()
        return true
    }

    /// The page cache's unit; larger ones exist on other processors, where this is merely too careful by less.
    private static let pageSize = 4096

    /// Copies damaged stretches to quarantine files and reports them.
    ///
    /// - Returns: those for which the journal needs a gap record yet.
    private static func setAside(
        _ scan: inout Recovery, acknowledged: UInt64, _ quarantine: Quarantine
    ) throws(JournalError) -> [Damage] {
        var lost: [Damage] = []
        for damage in scan.damages {
            // Acknowledged segments are removed in no order that a crash would keep: their absence is no damage.
            if damage.reason == .missing && damage.to <= acknowledged { continue }
            for part in damage.parts(notIn: scan.known.map(\.gap)) {
                let holdsBytes = part.reason == .damaged || part.reason == .uncertain
                let copy = holdsBytes ? try quarantine.copy(from: part.from, to: part.to) : nil
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
                    before.resume = .lost
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
