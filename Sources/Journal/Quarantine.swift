import Platform

/// Copies of damaged slots, named by what they should have held.
struct Quarantine {
    /// Slots per file at most: what is copied passes through memory.
    private static let largestPiece: UInt64 = 2048

    let storage: any JournalStorage
    let epoch: UInt32
    let segments: [Segment]
    let present: Set<String>

    /// Copies the slots of these sequences, what the disk cannot read as zeros, into files of their own.
    ///
    /// - Returns: the first file's name; `nil` when there is no room for it, or nothing to copy.
    func copy(from: UInt64, to: UInt64) throws(JournalError) -> String? {
        var name: String?
        do throws(StorageError) {
            for segment in segments where segment.first <= to && segment.end > from {
                var next = max(from, segment.first)
                let end = min(to, segment.end - 1)
                while next <= end {
                    let last = min(end, next + Self.largestPiece - 1)
                    let copy = try copyPiece(of: segment, from: next, to: last)
                    name = name ?? copy
                    next = last + 1
                }
            }
            return name
        } catch {
            if error.isFull { return nil }
            throw JournalError(opening: error)
        }
    }

    private func copyPiece(of segment: Segment, from: UInt64, to: UInt64) throws(StorageError) -> String? {
        let offset = Segment.offset(ofSlot: Int(from - segment.first))
        let start = offset / SectorPair.sectorSize * SectorPair.sectorSize
        let count = Int(to - from) + 1
        let read = try storage.open(segment.name).readAround(at: start, count: offset - start + count * Slot.size)
        let bytes = Array(read.bytes.dropFirst(offset - start))
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
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
    }
}
