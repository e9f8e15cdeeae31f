import Glibc
import Journal
import Simulator
import Testing

@Suite("Simulated storage")
struct SimulatedStorageTests {
    private func sector(_ value: UInt8) -> [UInt8] { [UInt8](repeating: value, count: 512) }

    /// A disk with one durable file `a` of as many sectors.
    private func disk(_ sectors: [UInt8]) throws -> SimulatedStorage {
        let storage = SimulatedStorage(seed: 1)
        try storage.replace("a", with: sectors.flatMap { sector($0) })
        return storage
    }

    /// What each outcome of a power cut has under `name`: the first byte of each sector; `nil` where it has no file.
    private func outcomes(_ storage: SimulatedStorage, _ name: String = "a") throws -> Set<[UInt8]?> {
        var found: Set<[UInt8]?> = []
        let isExhaustive = try PowerCut(storage.disk).forEachOutcome(upToBits: 12, seed: 1) { disk in
            let bytes = try SimulatedStorage(disk: disk, seed: 1).contents(of: name)
            found.insert(bytes.map { bytes in stride(from: 0, to: bytes.count, by: 512).map { bytes[$0] } })
        }
        #expect(isExhaustive)
        return found
    }

    @Test("after a power cut each unsynced sector is old or new, in every combination, and what was synced is there")
    func sectors() throws {
        let storage = try disk([1, 2, 3])
        let file = try storage.open("a")
        #expect(try outcomes(storage) == [[1, 2, 3]])
        try file.write(sector(7) + sector(8), at: 0)
        #expect(try outcomes(storage) == [[1, 2, 3], [7, 2, 3], [1, 8, 3], [7, 8, 3]])
        try file.sync()
        #expect(try outcomes(storage) == [[7, 8, 3]])
    }

    @Test("a sector written twice without a sync may hold what it was in between")
    func inBetween() throws {
        let storage = try disk([1])
        let file = try storage.open("a")
        for value in [2, 3] as [UInt8] { try file.write(sector(value), at: 0) }
        #expect(try outcomes(storage) == [[1], [2], [3]])
    }

    @Test("a file that grew may have got any part of its length")
    func growth() throws {
        let storage = try disk([1])
        try storage.open("a").write(sector(0) + sector(0), at: 512)
        #expect(try outcomes(storage) == [[1], [1, 0], [1, 0, 0]])
    }

    @Test("names changed since the directory was synced are old or new, each by itself")
    func renamed() throws {
        let storage = try disk([1])
        try storage.rename("a", to: "b")
        var found: Set<[String]> = []
        PowerCut(storage.disk).forEachOutcome(upToBits: 12, seed: 1) {
            found.insert(SimulatedStorage(disk: $0, seed: 1).names)
        }
        #expect(found == [["a"], ["b"], ["a", "b"], []])
        try storage.syncDirectory()
        #expect(try outcomes(storage, "b") == [[1]])
    }

    @Test("a write that the power cut short is there in every part, and a sync that it cut short in none or all")
    func underWay() throws {
        let storage = try disk([1, 2])
        let file = try storage.open("a")
        storage.plan(.powerCut, atOperation: storage.operations + 1)
        #expect(throws: StorageError(call: "pwrite", code: EIO, path: "a")) {
            try file.write(sector(7) + sector(8), at: 0)
        }
        #expect(throws: StorageError.self) { try file.sync() }
        #expect(try outcomes(storage) == [[1, 2], [7, 2], [1, 8], [7, 8]])
    }

    @Test("a failed sync forgets: memory has the bytes, a later sync succeeds, and a power cut may lose them")
    func failedSync() throws {
        let storage = try disk([1])
        let file = try storage.open("a")
        try file.write(sector(2), at: 0)
        storage.plan(.failure(EIO), atOperation: storage.operations + 1)
        #expect(throws: StorageError(call: "fdatasync", code: EIO, path: "a")) { try file.sync() }
        try file.sync()
        #expect(try file.read(at: 0, count: 1) == [2])
        #expect(try outcomes(storage) == [[1], [2]])
        try file.write(sector(2), at: 0)
        try file.sync()
        #expect(try outcomes(storage) == [[2]])
    }

    @Test("an unreadable sector fails reads that touch it and writes of a part of it, until it is written whole")
    func unreadable() throws {
        let storage = try disk([1, 2, 3])
        storage.makeUnreadable("a", sector: 1)
        let file = try storage.open("a")
        let failure = StorageError(call: "pread", code: EIO, path: "a")
        #expect(throws: failure) { try file.read(at: 0, count: 513) }
        #expect(throws: failure) { try file.read(at: 1023, count: 1) }
        #expect(try file.read(at: 0, count: 512) == sector(1))
        #expect(try file.read(at: 1024, count: 512) == sector(3))
        #expect(throws: StorageError(call: "pwrite", code: EIO, path: "a")) { try file.write([7], at: 600) }
        #expect(throws: StorageError.self) { try file.write(sector(7) + [7], at: 0) }
        try file.write(sector(7), at: 512)
        #expect(try file.read(at: 0, count: 1536) == sector(1) + sector(7) + sector(3))
        // Not synced: the old sector may come back, and it is as bad as before.
        let worst = try SimulatedStorage(disk: PowerCut(storage.disk).worst, seed: 1).open("a")
        #expect(throws: failure) { try worst.read(at: 512, count: 1) }
        try file.sync()
        #expect(try outcomes(storage) == [[1, 7, 3]])
    }

    @Test("of more outcomes than the bound a sample is tried, with nothing and everything written among them")
    func sample() throws {
        let storage = try disk([UInt8](repeating: 1, count: 20))
        try storage.open("a").write((1...20).flatMap { _ in sector(2) }, at: 0)
        var found: Set<[UInt8]> = []
        let isExhaustive = try PowerCut(storage.disk).forEachOutcome(upToBits: 6, seed: 1) { disk in
            found.insert(try #require(try SimulatedStorage(disk: disk, seed: 1).contents(of: "a")))
        }
        #expect(!isExhaustive)
        #expect(found.count > 60 && found.count <= 64)
        #expect(found.contains((1...20).flatMap { _ in sector(1) }))
        #expect(found.contains((1...20).flatMap { _ in sector(2) }))
    }
}
