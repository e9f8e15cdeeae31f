import Glibc
import Platform
import Synchronization

/// What writer and readers share: which segments there are and how far they are durable.
///
/// Readers take a copy of the view and then read files, so a sync in progress never makes them wait, nor they it.
final class JournalReader: Sendable {
    struct View: Sendable {
        var segments: [Segment]
        var last: UInt64
        var cursor: AckCursor
        var gaps: [KnownGap]
        var hasSpare: Bool
        var poison: StorageError?

        /// The gap, and with it the stand-ins, that `sequence` lies in.
        func gap(at sequence: UInt64) -> KnownGap? { gaps.first { $0.gap.standsIn(for: sequence) } }

        /// The oldest sequence that has a record or a stand-in here; `nil` when there is none.
        var first: UInt64? {
            guard var first = segments.first?.first else { return nil }
            while let gap = gaps.first(where: { $0.gap.from < first && $0.gap.to + 1 >= first }) {
                first = gap.gap.from
            }
            return first
        }

        /// Those of which the ledger has everything; the last one is in use, whatever the ledger has of it.
        var acknowledgedSegments: [Segment] { segments.dropLast().filter { $0.end <= cursor.acknowledged + 1 } }

        /// Where the next gap or segment after `sequence` begins.
        func nextStart(after sequence: UInt64) -> UInt64? {
            (segments.map(\.first) + gaps.map(\.gap.from)).filter { $0 > sequence }.min()
        }
    }

    let storage: any JournalStorage
    let keys: ChainKeys
    let epoch: UInt32
    let view: Mutex<View>
    private let cursorFile: CursorFile
    private let acknowledging = Mutex(())
    private let segmentsKept: Int

    init(
        storage: any JournalStorage, keys: ChainKeys, epoch: UInt32, view: View, cursorFile: CursorFile,
        segmentsKept: Int
    ) {
        self.storage = storage
        self.keys = keys
        self.epoch = epoch
        self.view = Mutex(view)
        self.cursorFile = cursorFile
        self.segmentsKept = segmentsKept
    }

    func current() -> View { view.withLock { $0 } }

    func records(from start: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        let view = current()
        var records: [StoredRecord] = []
        var next = max(start, view.first ?? .max)
        while next <= view.last && records.count < limit {
            if let gap = view.gap(at: next) {
                records += try gap.standIns(from: next, limit: limit - records.count, keys: keys)
                next = (records.last?.slot.sequence ?? next) + 1
            } else if let segment = view.segments.last(where: { $0.contains(next) }) {
                let end = min(segment.end, view.nextStart(after: next) ?? .max, view.last + 1)
                let count = min(limit - records.count, Int(clamping: end - next))
                records += try read(segment, from: next, count: count)
                next += UInt64(count)
            } else {
                // No file and no gap record: that is right only for what the ledger has.
                guard next <= view.cursor.acknowledged else { throw .damaged(next) }
                next = min(view.nextStart(after: next) ?? .max, view.cursor.acknowledged + 1)
            }
        }
        return records
    }

    private func read(
        _ segment: Segment, from start: UInt64, count: Int
    ) throws(JournalError) -> [StoredRecord] {
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try readSlots(of: segment, from: start, count: count)
        } catch {
            // Another reader's acknowledgement may have removed the segment since the view was taken.
            if error.code == ENOENT && start <= current().cursor.acknowledged { return [] }
            throw .storage(error)
        }
        var records: [StoredRecord] = []
        records.reserveCapacity(count)
        for index in 0..<count {
            let sequence = start + UInt64(index)
            let raw = Array(bytes.dropFirst(index * Slot.size).prefix(Slot.size))
            if let slot = sound(raw, at: sequence) {
                records.append(StoredRecord(slot: slot, bytes: raw))
            } else if sequence > current().cursor.acknowledged {
                // Looked up anew: since the view was taken, the ledger may have got it and the segment been recycled.
                throw .damaged(sequence)
            }
        }
        return records
    }

    /// The bytes in the place of `sequence`, `nil` where the file has none, and whether they are its record.
    func slot(at sequence: UInt64, in segment: Segment) throws(JournalError) -> (bytes: [UInt8]?, isSound: Bool) {
        let bytes = try guarded { () throws(StorageError) in try readSlots(of: segment, from: sequence, count: 1) }
        guard bytes.count == Slot.size else { return (nil, false) }
        return (bytes, sound(bytes, at: sequence) != nil)
    }

    private func sound(_ bytes: [UInt8], at sequence: UInt64) -> Slot? {
        guard let slot = try? Slot(decoding: bytes), slot.sequence == sequence, slot.epoch == epoch else { return nil }
        return slot
    }

    /// Whole sectors are read, with zeros for those that the disk cannot read.
    private func readSlots(of segment: Segment, from start: UInt64, count: Int) throws(StorageError) -> [UInt8] {
        let offset = Segment.offset(ofSlot: Int(start - segment.first))
        let aligned = offset / SectorPair.sectorSize * SectorPair.sectorSize
        let file = try storage.open(segment.name)
        let bytes = try file.readAround(at: aligned, count: offset - aligned + count * Slot.size).bytes
        return Array(bytes.dropFirst(offset - aligned))
    }

    /// The order is what keeps records: the cursor is durable first, then what lies below it goes.
    ///
    /// One caller at a time from the look to the store: whoever looked before another one's store would put the cursor back
    /// behind what is removed by then.
    func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError) {
        try acknowledging.withLock { _ throws(JournalError) in try acknowledgeAlone(sequence, chainHead) }
    }

    private func acknowledgeAlone(_ sequence: UInt64, _ chainHead: ChainMAC) throws(JournalError) {
        let before = current()
        guard sequence > before.cursor.acknowledged else { return }
        guard sequence <= before.last else {
            throw .acknowledgedBeyondEnd(acknowledged: sequence, last: before.last)
        }
        let cursor = AckCursor(epoch: epoch, acknowledged: sequence, chainHead: chainHead)
        do throws(StorageError) {
            try cursorFile.store(cursor)
        } catch {
            throw .storage(error)
        }
        let removable = view.withLock { view in
            view.cursor = cursor
            // One more than are to be kept: it is recycled as soon as the spare is used.
            let removable = Array(view.acknowledgedSegments.dropLast(segmentsKept + 1))
            view.segments.removeAll { removable.contains($0) }
            return removable
        }
        guard !removable.isEmpty else { return }
        do throws(StorageError) {
            for segment in removable { try storage.remove(segment.name) }
            try storage.syncDirectory()
        } catch {
            throw .storage(error)
        }
    }

    /// Takes the oldest segment that need not be kept out of the view, if it has the size that is wanted.
    func takeRecyclable(slots: Int) -> Segment? {
        view.withLock { view in
            let done = view.acknowledgedSegments
            guard done.count > segmentsKept, let oldest = done.first, oldest.slots == slots else { return nil }
            view.segments.removeAll { $0 == oldest }
            return oldest
        }
    }
}
