import FoundationEssentials
import Glibc
import Journal
import Measuring
import Platform

/// Opening a journal that nobody has acknowledged anything of, in a process of its own.
struct RecoveryFigures {
    private static let large = 1_000_000, small = 100_000
    private static let openings = 3

    static func figures(in directory: String) throws -> [Figure] {
        let smaller = directory + "/recovery-small", larger = directory + "/recovery-large"
        try make(smaller, small)
        try make(larger, large)
        _ = try read(larger)
        var floors: [Double] = []
        var warm: [Opening] = []
        for _ in 0..<openings {
            floors.append(try read(larger))
            warm.append(try Opening.inChild(larger, expecting: large))
        }
        let few = try Opening.inChild(smaller, expecting: small)
        try forget(larger)
        let cold = try Opening.inChild(larger, expecting: large)
        try forget(larger)
        let coldFloor = try read(larger)
        note(
            "openings of \(large) records, s: " + warm.map { short($0.seconds) }.joined(separator: ", ")
                + "; peak memory, MB: " + warm.map { short($0.peakMegabytes) }.joined(separator: ", "))
        let peak = warm.map(\.peakMegabytes).max() ?? .nan
        return [
            Figure(
                "recovery of 1,000,000 records", warm.map(\.seconds).median, "s", floor: floors.median, budget: 1),
            Figure("recovery of 1,000,000 records, nothing cached", cold.seconds, "s", floor: coldFloor),
            Figure("recovery of 100,000 records", few.seconds, "s"),
            Figure(
                "peak memory of it, beside 100,000 records'", peak, "MB", floor: few.peakMegabytes, times: 1.1),
        ]
    }

    /// A journal of `count` records, synced once at the end instead of once a record.
    private static func make(_ directory: String, _ count: Int) throws {
        let writer = try JournalWriter.open(
            storage: UnsyncedStorage(base: try storage(in: directory)), terminal: 1, key: sampleKey,
            time: SystemTime())
        for _ in 0..<count { _ = try writer.append(type: sampleType, payload: samplePayload) }
        sync()
    }

    /// Seconds that reading all of the directory's bytes in order takes.
    private static func read(_ directory: String) throws -> Double {
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { unsafe buffer.deallocate() }
        let start = nanoseconds()
        try forEachFile(directory) { descriptor in
            while unsafe Glibc.read(descriptor, buffer, 1 << 18) > 0 {}
        }
        return Double(nanoseconds() - start) / 1e9
    }

    /// Drops the files' pages from memory.
    private static func forget(_ directory: String) throws {
        sync()
        try forEachFile(directory) { posix_fadvise($0, 0, 0, POSIX_FADV_DONTNEED) }
    }

    private static func forEachFile(_ directory: String, _ body: (Int32) -> Void) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() {
            let descriptor = openForReading("\(directory)/\(name)")
            guard descriptor >= 0 else { throw Failure.errno("open", "\(directory)/\(name)") }
            body(descriptor)
            close(descriptor)
        }
    }
}

/// The real storage without its syncs, to fill a journal fast.
private struct UnsyncedStorage: JournalStorage {
    let base: FileStorage

    func lock() throws(StorageError) { try base.lock() }
    func list() throws(StorageError) -> [String] { try base.list() }
    func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile {
        UnsyncedFile(base: try base.create(name, size: size))
    }
    func open(_ name: String) throws(StorageError) -> any JournalFile { UnsyncedFile(base: try base.open(name)) }
    func rename(_ name: String, to newName: String) throws(StorageError) { try base.rename(name, to: newName) }
    func remove(_ name: String) throws(StorageError) { try base.remove(name) }
    func syncDirectory() {}
}

private final class UnsyncedFile: JournalFile {
    private let base: any JournalFile
    init(base: any JournalFile) { self.base = base }

    func size() throws(StorageError) -> Int { try base.size() }
    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        try base.read(at: offset, count: count)
    }
    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) { try base.write(bytes, at: offset) }
    func sync() {}
}
