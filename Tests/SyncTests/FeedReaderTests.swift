import Crypto
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import Testing

/// A terminal's feeds on a simulated disk with a reader, to be stepped.
private struct Reading {
    let time = SimulatedTime()
    let storage = SimulatedStorage(seed: 1)
    let stores: FeedStores
    let reader: FeedReader
    let events = Log()

    final class Log: Sendable {
        private let list = Mutex<[FeedEvent]>([])
        var all: [FeedEvent] { list.withLock { $0 } }
        func add(_ event: FeedEvent) { list.withLock { $0.append(event) } }

        /// Events other than answers to heartbeats.
        var notable: [FeedEvent] { all.filter { if case .heard = $0 { false } else { true } } }
    }

    init(_ ledger: any LedgerClient, key: Curve25519.Signing.PublicKey, seed: UInt64 = 1) {
        stores = FeedStores(storage: storage, key: key)
        reader = FeedReader(
            client: ledger, stores: stores, time: time,
            settings: .init(
                backoff: Backoff(longest: 15_000, generator: SplitMix64(seed: seed)), jitter: SplitMix64(seed: seed)),
            report: {
                Heartbeat(
                    wallMilliseconds: 0, version: "1", epoch: 5, lastSequence: 9, acknowledged: 8,
                    conditions: ["YK-R02"])
            },
            onEvent: { [events] in events.add($0) })
    }

    /// Steps, letting the time asked for pass, for so long.
    func run(milliseconds: Int64) {
        let end = time.now().advanced(milliseconds: milliseconds)
        while true {
            let due = time.now().advanced(milliseconds: reader.step())
            guard due < end else { return time.sleep(until: end) }
            time.sleep(until: due)
        }
    }
}

@Suite("Feed reader")
struct FeedReaderTests {
    private let key = Curve25519.Signing.PrivateKey()

    private func roster(_ version: UInt64) throws -> [UInt8] {
        try Roster(version: version, issuedMilliseconds: 1000, entries: []).signed(by: key)
    }

    private func hotlist(_ version: UInt64) throws -> [UInt8] {
        try Hotlist(version: version, issuedMilliseconds: 0, tags: []).signed(by: key)
    }

    private func emptyDelta(_ base: UInt64, _ version: UInt64) throws -> [UInt8] {
        try HotlistDelta(
            base: base, version: version, issuedMilliseconds: 0, added: [], removed: [], totalAfter: 0
        ).signed(by: key)
    }

    @Test("a heartbeat goes out about every three seconds, and says which versions are held")
    func heartbeats() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        ledger.issue(.roster, 4, try roster(4))
        reading.run(milliseconds: 60_000)
        #expect((20...22).contains(ledger.heartbeats.count))
        #expect(ledger.heartbeats.first?.rosterVersion == 0 && ledger.heartbeats.last?.rosterVersion == 4)
        #expect(ledger.heartbeats.last?.conditions == ["YK-R02"])
        #expect(reading.events.notable == [.updated(.roster, version: 4)])
        #expect(ledger.fetches == [.init(kind: .roster, since: 0)])
    }

    @Test(
        "every feed that a heartbeat names newer is fetched, the hotlist first, kept on disk and found again at start")
    func fetched() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        ledger.issue(.roster, 4, try roster(4))
        ledger.issue(.hotlist, 7, try hotlist(7))
        let settings = SettingsFeed(version: 2, issuedMilliseconds: 0, settings: .init(heartbeatMilliseconds: 60_000))
        ledger.issue(.settings, 2, try settings.signed(by: key))
        reading.run(milliseconds: 2000)
        #expect(
            reading.events.notable == [
                .updated(.hotlist, version: 7), .updated(.settings, version: 2), .updated(.roster, version: 4),
            ])
        let after = FeedStores(storage: reading.storage.afterPowerCut(), key: key.publicKey)
        #expect(after.load().isEmpty)
        #expect(after.roster.version == 4 && after.hotlist.version == 7 && after.settings.current == settings)
        // The first interval was the terminal's own, the next ones are the campus's.
        let before = ledger.heartbeats.count
        reading.run(milliseconds: 120_000)
        #expect(ledger.heartbeats.count - before == 3)
    }

    @Test("a loss reported at any moment is in force within five seconds on a terminal that is online")
    func withinFiveSeconds() throws {
        var longest: Int64 = 0
        for offset in stride(from: 0, to: 4000, by: 50) as StrideTo<Int64> {
            let ledger = FakeLedger()
            let reading = Reading(ledger, key: key.publicKey, seed: UInt64(offset))
            ledger.issue(.hotlist, 1, try hotlist(1))
            reading.run(milliseconds: 20_000 + offset)
            ledger.issue(.hotlist, 2, try hotlist(2), deltas: [1: try emptyDelta(1, 2)])
            var waited: Int64 = 0
            while reading.stores.hotlist.version < 2, waited < 10_000 {
                reading.run(milliseconds: 50)
                waited += 50
            }
            longest = max(longest, waited)
        }
        print("loss in force: \(longest) ms at most, the ledger's own time aside")
        #expect(longest <= 5000)
    }

    @Test("the roster is fetched at most once in 30 s, however many acknowledgements name newer ones")
    func fetchedSeldom() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        for version in 1...50 as ClosedRange<UInt64> {
            ledger.issue(.roster, version, try roster(version))
            reading.reader.hear(FeedVersions(roster: version))
            reading.run(milliseconds: 100)
        }
        #expect(reading.stores.roster.version == 1)
        reading.run(milliseconds: 30_000)
        #expect(reading.stores.roster.version == 50)
        #expect(ledger.fetches.count == 2)
    }

    @Test("what an acknowledgement names is fetched without waiting for the next heartbeat")
    func heard() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        reading.run(milliseconds: 1000)
        ledger.issue(.hotlist, 3, try hotlist(3))
        reading.reader.hear(FeedVersions(hotlist: 3))
        _ = reading.reader.step()
        #expect(reading.stores.hotlist.version == 3)
        #expect(ledger.heartbeats.count == 1)
    }

    @Test("a delta that does not follow is refused, said, and a snapshot asked for in its place")
    func snapshotInstead() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        ledger.issue(.hotlist, 1, try hotlist(1))
        reading.run(milliseconds: 100)
        ledger.issue(.hotlist, 3, try hotlist(3), deltas: [1: try emptyDelta(2, 3)])
        reading.run(milliseconds: 6000)
        #expect(
            reading.events.notable == [
                .updated(.hotlist, version: 1), .rejected(.hotlist, .feed(.otherBase(2, held: 1))),
                .updated(.hotlist, version: 3),
            ])
        #expect(ledger.fetches.map(\.since) == [0, 1, 0])
    }

    @Test("a feed that is not the ledger's is refused again and again, ever more seldom, and what is held stays")
    func stranger() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        ledger.issue(.hotlist, 1, try hotlist(1))
        reading.run(milliseconds: 100)
        let strange = try Hotlist(version: 2, issuedMilliseconds: 0, tags: []).signed(by: .init())
        ledger.issue(.hotlist, 2, strange)
        reading.run(milliseconds: 600_000)
        #expect(reading.stores.hotlist.version == 1)
        #expect(reading.events.notable.dropFirst().allSatisfy { $0 == .rejected(.hotlist, .feed(.badSignature)) })
        #expect((40...90).contains(ledger.fetches.count))
        ledger.issue(.hotlist, 2, try hotlist(2))
        reading.run(milliseconds: 15_000)
        #expect(reading.stores.hotlist.version == 2)
    }

    @Test("a version that the ledger names and does not have is not asked for in circles")
    func namedTooEarly() throws {
        let ledger = FakeLedger()
        let reading = Reading(ledger, key: key.publicKey)
        ledger.issue(.hotlist, 1, try hotlist(1))
        reading.run(milliseconds: 100)
        reading.reader.hear(FeedVersions(hotlist: 99))
        reading.run(milliseconds: 60_000)
        #expect(ledger.fetches.count == 2)
        #expect(reading.events.notable == [.updated(.hotlist, version: 1)])
    }

    @Test("while the ledger is away it is tried at most every quarter of a minute, told once, and back is told once")
    func outage() throws {
        let ledger = FakeLedger()
        ledger.state.withLock { state in for call in 1...30 { state.weather[call] = .requestLost } }
        let reading = Reading(ledger, key: key.publicKey)
        reading.run(milliseconds: 240_000)
        #expect((16...30).contains(ledger.calls))
        guard case .unreachable = reading.events.all.first else { return #expect(Bool(false)) }
        #expect(reading.events.all.count == 1)
        reading.run(milliseconds: 240_000)
        #expect(reading.events.notable.count == 2 && reading.events.notable.last == .back)
    }

    @Test("in a storm every feed reaches its newest version, and what is held is always what the ledger had then")
    func storm() throws {
        var steps = 0
        for seed in 1...30 as ClosedRange<UInt64> {
            let history = HotlistHistory(seed: seed, count: 80)
            let ledger = FakeLedger()
            ledger.state.withLock { $0.storm = SplitMix64(seed: seed) }
            let reading = Reading(ledger, key: history.key.publicKey, seed: seed)
            var last: UInt64 = 0
            for version in 1...history.newest {
                // The ledger gives a delta or a snapshot, as it likes.
                var deltas: [UInt64: [UInt8]] = [:]
                for base in 1..<version where (seed + base).isMultiple(of: 3) {
                    deltas[base] = try history.delta(base, version)
                }
                ledger.issue(.hotlist, version, try history.snapshot(version), deltas: deltas)
                reading.run(milliseconds: 4000)
                #expect(history.isRight(reading.stores.hotlist.current) && reading.stores.hotlist.version >= last)
                last = reading.stores.hotlist.version
                steps += 1
            }
            ledger.state.withLock { $0.storm = nil }
            reading.run(milliseconds: 60_000)
            #expect(reading.stores.hotlist.version == history.newest && history.isRight(reading.stores.hotlist.current))
            #expect(!reading.events.all.contains { if case .rejected = $0 { true } else { false } }, "seed \(seed)")
        }
        print("feed reader: \(steps) versions in 30 storms")
    }

    @Test("on its own thread it hears and stops, and hurries an upload when the ledger asks for one")
    func thread() throws {
        let ledger = FakeLedger()
        ledger.state.withLock { $0.wantsUpload = true }
        ledger.issue(.hotlist, 1, try hotlist(1))
        let heard = Signal()
        let updated = Signal()
        let reader = FeedReader(
            client: ledger, stores: FeedStores(storage: SimulatedStorage(seed: 1), key: key.publicKey),
            time: SystemTime(),
            report: {
                Heartbeat(
                    wallMilliseconds: 0, version: "1", epoch: 5, lastSequence: 0, acknowledged: 0, conditions: [])
            },
            onEvent: { event in
                if case .heard(let answer) = event, answer.uploadNow == true { heard.raise() }
                if event == .updated(.hotlist, version: 1) { updated.raise() }
            })
        reader.start()
        #expect(heard.wait(until: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(updated.wait(until: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(reader.stop(deadline: SystemTime().now().advanced(milliseconds: 30_000)))
    }
}
