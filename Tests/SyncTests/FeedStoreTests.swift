import Crypto
import Journal
import LedgerProtocol
import Simulator
import Sync
import Synchronization
import Testing

/// A ledger's hotlist through its versions, with everything that leads from one to another.
struct HotlistHistory {
    let key = Curve25519.Signing.PrivateKey()
    private(set) var versions: [Set<UInt16>] = [[]]
    private var random: SplitMix64

    /// `count` versions after the empty one, each with a few tags more or fewer.
    init(seed: UInt64, count: Int) {
        random = SplitMix64(seed: seed)
        for _ in 0..<count {
            var next = versions[versions.count - 1]
            for _ in 0...random.next() % 4 {
                let tag = UInt16(truncatingIfNeeded: random.next() % 300)
                if next.remove(tag) == nil { next.insert(tag) }
            }
            versions.append(next)
        }
    }

    var newest: UInt64 { UInt64(versions.count - 1) }

    static func tag(_ number: UInt16) -> CardTag {
        // Spread over the shelves, as an HMAC would.
        let spread = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        return CardTag(bytes: (0..<8).map { UInt8(truncatingIfNeeded: spread >> UInt64(56 - 8 * $0)) }) ?? .none
    }

    func snapshot(_ version: UInt64) throws -> [UInt8] {
        try Hotlist(
            version: version, issuedMilliseconds: Int64(version), tags: versions[Int(version)].map(Self.tag)
        ).signed(by: key)
    }

    func delta(_ base: UInt64, _ version: UInt64) throws -> [UInt8] {
        let (before, after) = (versions[Int(base)], versions[Int(version)])
        return try HotlistDelta(
            base: base, version: version, issuedMilliseconds: Int64(version),
            added: after.subtracting(before).map(Self.tag), removed: before.subtracting(after).map(Self.tag),
            totalAfter: after.count
        ).signed(by: key)
    }

    /// Whether `list` is exactly what the ledger had at that version.
    func isRight(_ list: Hotlist?) -> Bool {
        guard let list else { return true }
        return list.tags == versions[Int(list.version)].map(Self.tag).sorted()
    }
}

@Suite("Feed store")
struct FeedStoreTests {
    private let key = Curve25519.Signing.PrivateKey()

    private func roster(_ version: UInt64, by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        try Roster(version: version, issuedMilliseconds: 1000, entries: []).signed(by: key)
    }

    @Test("feeds of a wrong signature, older ones and damaged files are refused, and what was held stays in force")
    func refused() throws {
        let storage = SimulatedStorage(seed: 1)
        let store = RosterStore(storage: storage, key: key.publicKey)
        try store.install(try roster(4, by: key))
        #expect(throws: FeedStoreError.feed(.badSignature)) { try store.install(try roster(5, by: .init())) }
        #expect(throws: FeedStoreError.notNewer(offered: 3, held: 4)) { try store.install(try roster(3, by: key)) }
        #expect(throws: FeedStoreError.notNewer(offered: 4, held: 4)) { try store.install(try roster(4, by: key)) }
        #expect(throws: FeedStoreError.feed(.notAFeed)) { try store.install(Array("<html>".utf8)) }
        let hotlist = try Hotlist(version: 9, issuedMilliseconds: 0, tags: []).signed(by: key)
        #expect(throws: FeedStoreError.feed(.notAFeed)) { try store.install(hotlist) }
        #expect(store.version == 4)
        #expect(store.ageMilliseconds(wallMilliseconds: 5000) == 4000)
        storage.damage("roster", at: 9, mask: 1)
        let again = RosterStore(storage: storage, key: key.publicKey)
        #expect(throws: FeedStoreError.feed(.badSignature)) { try again.load() }
        #expect(again.current == nil && again.since == 0)
    }

    @Test("a power cut at every operation of an installation leaves the old roster or the new one, whole")
    func powerCuts() throws {
        var cuts = 0
        for seed in 1...50 as ClosedRange<UInt64> {
            for operation in 1...6 {
                let storage = SimulatedStorage(seed: seed)
                let store = RosterStore(storage: storage, key: key.publicKey)
                try store.install(try roster(1, by: key))
                storage.plan(.powerCut, atOperation: storage.operations + operation)
                let installed = (try? store.install(try roster(2, by: key))) != nil
                let after = RosterStore(storage: storage.afterPowerCut(), key: key.publicKey)
                try after.load()
                #expect(after.version == 2 || (!installed && after.version == 1))
                cuts += 1
            }
        }
        print("roster: \(cuts) power cuts survived")
    }

    @Test("snapshot and deltas are replayed at a start, and a delta goes on nothing but its base")
    func replayed() throws {
        let history = HotlistHistory(seed: 7, count: 12)
        let storage = SimulatedStorage(seed: 1)
        let store = HotlistStore(storage: storage, key: history.key.publicKey)
        #expect(throws: FeedStoreError.feed(.otherBase(1, held: 0))) { try store.install(try history.delta(1, 2)) }
        try store.install(try history.snapshot(2))
        for version in [2, 4, 5] as [UInt64] {
            try store.install(try history.delta(version, version == 2 ? 4 : version + 1))
        }
        #expect(store.version == 6 && store.since == 6)
        for (base, version) in [(5, 6), (4, 8), (2, 4), (7, 9)] as [(UInt64, UInt64)] {
            #expect(throws: FeedStoreError.feed(.otherBase(base, held: 6))) {
                try store.install(try history.delta(base, version))
            }
        }
        #expect(history.isRight(store.current))
        #expect(storage.names == ["hotlist", "hotlist.from-2", "hotlist.from-4", "hotlist.from-5"])
        let again = HotlistStore(storage: storage.afterPowerCut(), key: history.key.publicKey)
        try again.load()
        #expect(again.version == 6 && history.isRight(again.current))
        try again.install(try history.snapshot(9))
        #expect(again.version == 9)
        #expect(again.read { $0?.count } == history.versions[9].count)
    }

    @Test("damage in a delta on the disk leaves what came before it in force, and the next delta takes its place")
    func damagedDelta() throws {
        let history = HotlistHistory(seed: 8, count: 6)
        let storage = SimulatedStorage(seed: 1)
        let store = HotlistStore(storage: storage, key: history.key.publicKey)
        try store.install(try history.snapshot(1))
        for base in 1...4 as ClosedRange<UInt64> { try store.install(try history.delta(base, base + 1)) }
        storage.damage("hotlist.from-3", at: 50, mask: 4)
        let again = HotlistStore(storage: storage, key: history.key.publicKey)
        #expect(throws: FeedStoreError.feed(.badSignature)) { try again.load() }
        #expect(again.version == 3 && again.since == 3 && history.isRight(again.current))
        try again.install(try history.delta(3, 6))
        let third = HotlistStore(storage: storage, key: history.key.publicKey)
        try third.load()
        #expect(third.version == 6 && history.isRight(third.current))
    }

    @Test("a snapshot is asked for when deltas pile up, by number or by size, and taken although it is no newer")
    func compaction() throws {
        let history = HotlistHistory(seed: 9, count: 70)
        let storage = SimulatedStorage(seed: 1)
        let store = HotlistStore(storage: storage, key: history.key.publicKey)
        try store.install(try history.snapshot(1))
        for base in 1...65 as ClosedRange<UInt64> {
            #expect(store.since == base)
            try store.install(try history.delta(base, base + 1))
        }
        #expect(store.since == 0 && store.version == 66)
        try store.install(try history.snapshot(66))
        #expect(store.since == 66 && storage.names == ["hotlist"])

        let tags = (0..<UInt16(4000)).map(HotlistHistory.tag)
        let large = HotlistDelta(
            base: 66, version: 67, issuedMilliseconds: 0, added: tags, removed: [],
            totalAfter: Set(tags).union(store.current?.tags ?? []).count)
        try store.install(try large.signed(by: history.key))
        #expect(store.since == 0)
    }

    @Test(
        "whatever power cuts and disk failures do at whichever operation, a start finds a version that the ledger signed, whole, and none older than the last one installed"
    )
    func everyOperation() throws {
        let history = HotlistHistory(seed: 3, count: 9)
        var cuts = 0
        for fault in [SimulatedStorage.Fault.powerCut, .failure(5), .failure(28), .short] {
            for seed in 1...12 as ClosedRange<UInt64> {
                for operation in 1...60 {
                    let storage = SimulatedStorage(seed: seed)
                    storage.plan(fault, atOperation: operation)
                    let installed = live(on: storage, history)
                    let after = HotlistStore(storage: storage.afterPowerCut(), key: history.key.publicKey)
                    try after.load()
                    #expect(after.version >= installed && history.isRight(after.current), "\(fault) at \(operation)")
                    // And it goes on from there.
                    if after.version > 0, after.version < history.newest {
                        try after.install(try history.delta(after.version, history.newest))
                    } else if after.version == 0 {
                        try after.install(try history.snapshot(history.newest))
                    }
                    #expect(after.version == history.newest && history.isRight(after.current))
                    cuts += 1
                }
            }
        }
        print("feed store: \(cuts) faults, nothing unsigned believed, nothing forgotten")
    }

    /// Installs one version after the other, by snapshots and by deltas, however often it fails.
    ///
    /// - Returns: the last version of which it was said that it is installed.
    private func live(on storage: SimulatedStorage, _ history: HotlistHistory) -> UInt64 {
        let store = HotlistStore(storage: storage, key: history.key.publicKey)
        var installed: UInt64 = 0
        for (base, version) in [(0, 1), (1, 2), (2, 4), (4, 5), (0, 6), (6, 7), (7, 9)] as [(UInt64, UInt64)] {
            let isWhole = base == 0 || store.version != base
            guard let bytes = try? isWhole ? history.snapshot(version) : history.delta(base, version) else { continue }
            if let version = try? store.install(bytes) { installed = version }
        }
        return installed
    }
}
