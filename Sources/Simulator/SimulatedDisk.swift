import Glibc
import Journal

/// What a ``SimulatedStorage`` holds: files and names as the running system sees them, and as the medium does.
///
/// It is a value, and copies share their bytes until one of them is written: a disk can be kept from before every
/// operation. ``outcomes(upToBits:seed:)`` tells what the medium may hold when the power goes.
public struct SimulatedDisk: Sendable {
    static let sectorSize = 512

    /// The files, by number; those that no name leads to any more stay for who has them open.
    var files: [SimulatedFile] = []
    var names: [String: Int] = [:]
    var durableNames: [String: Int] = [:]
    /// What names led to between their durable and their present meaning, since the directory was synced.
    var earlierNames: [String: [Int?]] = [:]
    var capacity = Int.max

    init() {}

    /// A number for what the system sees; equal disks have equal ones within one run of the program.
    public var fingerprint: UInt64 {
        names.reduce(0) { sum, entry in
            var hasher = Hasher()
            hasher.combine(entry.key)
            files[entry.value].hash(into: &hasher)
            return sum &+ UInt64(truncatingIfNeeded: hasher.finalize())
        }
    }

    /// The length of all files together.
    private var used: Int { names.values.reduce(0) { $0 + files[$1].bytes.count } }

    func number(of name: String, call: String) throws(StorageError) -> Int {
        guard let number = names[name] else { throw StorageError(call: call, code: ENOENT, path: name) }
        return number
    }

    /// Empties the file of this name, or makes it.
    mutating func create(_ name: String) -> Int {
        if let number = names[name] {
            files[number].empty()
            return number
        }
        files.append(SimulatedFile())
        point(name, to: files.count - 1)
        return files.count - 1
    }

    mutating func rename(_ name: String, to newName: String) throws(StorageError) {
        let number = try number(of: name, call: "renameat")
        point(name, to: nil)
        point(newName, to: number)
    }

    mutating func remove(_ name: String) throws(StorageError) {
        _ = try number(of: name, call: "unlinkat")
        point(name, to: nil)
    }

    mutating func syncNames() {
        durableNames = names
        earlierNames = [:]
    }

    mutating func write(_ bytes: ArraySlice<UInt8>, to file: Int, at offset: Int, name: String) throws(StorageError) {
        let growth = max(0, offset + bytes.count - files[file].bytes.count)
        guard growth == 0 || capacity == .max || used + growth <= capacity else {
            throw StorageError(call: "pwrite", code: ENOSPC, path: name)
        }
        guard files[file].canWrite(bytes.count, at: offset) else {
            throw StorageError(call: "pwrite", code: EIO, path: name)
        }
        files[file].write(bytes, at: offset)
    }

    private mutating func point(_ name: String, to number: Int?) {
        let before = names[name]
        if before != durableNames[name] { earlierNames[name, default: []].append(before) }
        names[name] = number
    }
}

/// A file's bytes as the running system sees them, and what of them the medium is sure to hold.
struct SimulatedFile: Sendable {
    /// A sector written and not synced.
    struct UnsyncedSector {
        var sector: Int
        /// What it was meanwhile, between what the medium holds and what the system sees.
        var earlier: [[UInt8]] = []
        /// A sync failed since: the system takes the sector for written, and no later sync will write it.
        var isForgotten = false
    }

    private(set) var bytes: [UInt8] = []
    private(set) var medium: [UInt8] = []
    /// Ascending.
    private(set) var unsynced: [UnsyncedSector] = []
    /// Sectors of the medium that cannot be read, ascending.
    private(set) var unreadable: [Int] = []

    init() {}

    /// A file that is wholly on the medium.
    init(medium: [UInt8], unreadable: [Int]) {
        self.medium = medium
        bytes = medium
        self.unreadable = unreadable
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        if !unreadable.isEmpty { hasher.combine(unreadable) }
    }

    /// The sectors that `count` bytes from `offset` on touch.
    static func sectors(_ count: Int, at offset: Int) -> Range<Int> {
        let size = SimulatedDisk.sectorSize
        return count == 0 ? 0..<0 : offset / size..<(offset + count - 1) / size + 1
    }

    /// Whether all these bytes can be read: a sector overwritten in memory hides the unreadable one below.
    func canRead(_ count: Int, at offset: Int) -> Bool {
        guard !unreadable.isEmpty else { return true }
        let touched = Self.sectors(count, at: offset)
        return !unreadable.contains { bad in
            touched.contains(bad) && !unsynced.contains { $0.sector == bad }
        }
    }

    /// Whether these bytes can be written: a part of a sector needs the rest of it read.
    func canWrite(_ count: Int, at offset: Int) -> Bool {
        guard !unreadable.isEmpty else { return true }
        let size = SimulatedDisk.sectorSize
        let end = offset + count
        return (offset % size == 0 || canRead(1, at: offset))
            && (end % size == 0 || end >= bytes.count || canRead(1, at: end))
    }

    func read(_ count: Int, at offset: Int) -> [UInt8] {
        offset < bytes.count ? Array(bytes[offset..<min(offset + count, bytes.count)]) : []
    }

    mutating func write(_ new: ArraySlice<UInt8>, at offset: Int) {
        guard !new.isEmpty else { return }
        let touched = Self.sectors(new.count, at: offset)
        let start = unsynced.firstIndex { $0.sector >= touched.lowerBound } ?? unsynced.count
        let end = unsynced[start...].firstIndex { $0.sector >= touched.upperBound } ?? unsynced.count
        var marks = touched.map { UnsyncedSector(sector: $0) }
        for mark in unsynced[start..<end] {
            marks[mark.sector - touched.lowerBound].earlier = mark.earlier + [sector(mark.sector, of: bytes)]
        }
        unsynced.replaceSubrange(start..<end, with: marks)
        let length = offset + new.count
        if bytes.count < length { bytes += [UInt8](repeating: 0, count: length - bytes.count) }
        bytes.replaceSubrange(offset..<length, with: new)
    }

    mutating func empty() {
        bytes = []
        unsynced = []
    }

    /// The length reaches the medium, and every sector that is still marked unsynced.
    mutating func sync() {
        if medium.count > bytes.count { medium.removeLast(medium.count - bytes.count) }
        if medium.count < bytes.count { medium += [UInt8](repeating: 0, count: bytes.count - medium.count) }
        for mark in unsynced where !mark.isForgotten {
            let start = mark.sector * SimulatedDisk.sectorSize
            let end = min(start + SimulatedDisk.sectorSize, bytes.count)
            medium.replaceSubrange(start..<end, with: bytes[start..<end])
            unreadable.removeAll { $0 == mark.sector }
        }
        unsynced.removeAll { !$0.isForgotten }
    }

    /// A sync that fails: whether a sector reached the medium cannot be told, and nobody will try again.
    mutating func failSync() {
        for index in unsynced.indices { unsynced[index].isForgotten = true }
    }

    mutating func flip(_ mask: UInt8, at offset: Int) {
        if offset < bytes.count { bytes[offset] ^= mask }
        if offset < medium.count { medium[offset] ^= mask }
    }

    mutating func makeUnreadable(_ sector: Int) {
        unsynced.removeAll { $0.sector == sector }
        if !unreadable.contains(sector) { unreadable = (unreadable + [sector]).sorted() }
    }

    /// A sector of `contents`; shorter at its end.
    func sector(_ sector: Int, of contents: [UInt8]) -> [UInt8] {
        let start = sector * SimulatedDisk.sectorSize
        return start < contents.count
            ? Array(contents[start..<min(start + SimulatedDisk.sectorSize, contents.count)]) : []
    }
}
