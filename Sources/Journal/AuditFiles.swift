import Glibc
import Platform

/// The sound sector of the higher generation of `cursor` or `head`, in what the two have in common.
struct AuditState {
    private static let sectorSize = 512
    private static let version: UInt16 = 1

    let terminal: UInt16
    let epoch: UInt32
    let sequence: UInt64
    private let generation: UInt64

    static func cursor(of storage: any JournalStorage) throws(AuditError) -> AuditState? {
        try read("cursor", magic: "YIKACURS", storage)
    }

    static func head(of storage: any JournalStorage) throws(AuditError) -> AuditState? {
        try read("head", magic: "YIKAHEAD", storage)
    }

    private static func read(
        _ name: String, magic: String, _ storage: any JournalStorage
    ) throws(AuditError) -> AuditState? {
        guard let file = try reading({ () throws(StorageError) in try storage.openIfThere(name) }) else { return nil }
        var best: AuditState?
        for offset in [0, sectorSize] {
            let bytes = try reading { () throws(StorageError) in try file.readIfSound(at: offset, count: sectorSize) }
            guard let bytes, let state = try AuditState(decoding: bytes, magic: magic, file: name) else { continue }
            if best.map({ state.generation > $0.generation }) ?? true { best = state }
        }
        return best
    }

    private init?(decoding bytes: [UInt8], magic: String, file: String) throws(AuditError) {
        guard bytes.count == Self.sectorSize, bytes.starts(with: magic.utf8),
            bytes.integer(at: 508, as: UInt32.self) == CRC32C.checksum(bytes[..<508])
        else { return nil }
        let found = bytes.integer(at: 8, as: UInt16.self)
        guard found <= Self.version else { throw .journal(.unknownFormat(file: file, version: Int(found))) }
        guard found == Self.version else { return nil }
        terminal = bytes.integer(at: 10)
        epoch = bytes.integer(at: 12)
        sequence = bytes.integer(at: 16)
        generation = bytes.integer(at: 24)
        guard sequence <= Slot.sequences.upperBound, Slot.sequences.contains(generation) else { return nil }
    }
}

/// A segment file as an audit sees it: its places as the header tells them or, in its stead, the file's length.
struct AuditSegment {
    /// Slots read at a time: 256 KiB.
    private static let chunk = 2048

    let name: String
    let epoch: UInt32
    let first: UInt64
    /// `nil` when it is damaged, or not this file's.
    let header: SegmentHeader?
    /// The sequence after the last place.
    let end: UInt64
    /// Places that the file really has.
    let slots: Int
    let bytes: Int

    /// The segments in `storage`, ascending.
    static func all(in storage: any JournalStorage) throws(AuditError) -> [AuditSegment] {
        // Twice, since a file that is renamed meanwhile may be missed under both names.
        let names = try reading { () throws(StorageError) in Set(try storage.list() + storage.list()) }
        let found = names.compactMap { name in
            // A name in capitals would be read too, but it is no segment's.
            Segment(name: name).flatMap { $0.name == name ? $0 : nil }
        }.sorted { ($0.first, $0.epoch) < ($1.first, $1.epoch) }
        let epochs = Set(found.map(\.epoch))
        guard epochs.count <= 1 else { throw .journal(.mixedEpochs(epochs.sorted())) }
        for (segment, following) in zip(found, found.dropFirst())
        where following.first - segment.first > Recovery.longestStretch {
            throw .journal(.strayFile(following.name))
        }
        var segments: [AuditSegment] = []
        for (index, segment) in found.enumerated() {
            let following = index + 1 < found.count ? found[index + 1].first : nil
            segments.append(try AuditSegment(segment, before: following, storage))
        }
        return segments
    }

    private init(
        _ segment: Segment, before following: UInt64?, _ storage: any JournalStorage
    ) throws(AuditError) {
        name = segment.name
        epoch = segment.epoch
        first = segment.first
        let (size, sector) = try reading { () throws(StorageError) -> (Int, [UInt8]) in
            // Recycled since it was listed: then it has no places any more.
            guard let file = try storage.openIfThere(segment.name) else { return (0, []) }
            return (try file.size(), try file.readIfSound(at: 0, count: SegmentHeader.size) ?? [])
        }
        bytes = size
        header = try Self.header(sector, of: segment)
        let inFile = max(size - SegmentHeader.size, 0) / Slot.size
        let places = header.map { UInt64($0.slots) } ?? UInt64(inFile)
        end = min(segment.first.addingSaturated(places), following ?? .max)
        slots = Int(clamping: min(UInt64(inFile), end - segment.first))
    }

    private static func header(_ bytes: [UInt8], of segment: Segment) throws(AuditError) -> SegmentHeader? {
        let header: SegmentHeader?
        do throws(JournalError) {
            header = try SegmentHeader(decoding: bytes, file: segment.name)
        } catch {
            if case .unknownFormat(_, version: 0) = error { return nil }
            throw .journal(error)
        }
        return header.flatMap { $0.epoch == segment.epoch && $0.firstSequence == segment.first ? $0 : nil }
    }

    /// Calls `body` with the bytes of each slot that the file has of the places from `start` to before `limit`; `nil`
    /// for what the disk cannot read.
    func forEachSlot(
        from start: UInt64, before limit: UInt64, in storage: any JournalStorage,
        _ body: (UInt64, [UInt8]?) throws(AuditError) -> Void
    ) throws(AuditError) {
        var index = Int(clamping: max(start, first) - first)
        let stop = min(slots, Int(clamping: max(limit, first) - first))
        guard index < stop else { return }
        guard let file = try reading({ () throws(StorageError) in try storage.openIfThere(name) }) else { return }
        while index < stop {
            let offset = Segment.offset(ofSlot: index)
            var size = min(stop - index, Self.chunk) * Slot.size
            var chunk = try reading { () throws(StorageError) in try file.readIfSound(at: offset, count: size) }
            if chunk == nil {
                size = Slot.size
                chunk = try reading { () throws(StorageError) in try file.readIfSound(at: offset, count: size) }
            }
            guard let chunk else {
                try body(first + UInt64(index), nil)
                index += 1
                continue
            }
            guard chunk.count >= Slot.size else { return }
            for offset in stride(from: 0, through: chunk.count - Slot.size, by: Slot.size) {
                try body(first + UInt64(index), Array(chunk[offset..<offset + Slot.size]))
                index += 1
            }
        }
    }
}

/// Runs a storage call of an audit.
func reading<R>(_ body: () throws(StorageError) -> R) throws(AuditError) -> R {
    do throws(StorageError) {
        return try body()
    } catch {
        throw .journal(.storage(error))
    }
}

extension JournalStorage {
    /// The file of this name; `nil` when there is none.
    func openIfThere(_ name: String) throws(StorageError) -> (any JournalFile)? {
        do throws(StorageError) {
            return try open(name)
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }
}

extension JournalFile {
    /// The bytes from `offset` on; `nil` when the disk cannot read them.
    fileprivate func readIfSound(at offset: Int, count: Int) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try read(at: offset, count: count)
        } catch {
            guard error.code == EIO else { throw error }
            return nil
        }
    }
}

extension UInt64 {
    /// The sum, or the greatest value: what a damaged file claims must not stop the program.
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
