import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import Testing

@Suite("Uploader")
struct UploaderTests {
    @Test("whatever happens to any one message, the ledger ends with each record exactly once")
    func everyMessage() throws {
        var exchanges = 0
        for weather in FakeLedger.Weather.allCases {
            for call in 1...12 {
                let ledger = FakeLedger()
                ledger.state.withLock { $0.weather[call] = weather }
                let terminal = try Terminal(ledger)
                try terminal.append(60)
                let written = try terminal.journal.records(from: 1, limit: .max).map(\.bytes)
                #expect(terminal.run(), "\(weather) at call \(call)")
                #expect(ledger.stored == written, "\(weather) at call \(call)")
                exchanges += 1
            }
        }
        print("sync: \(exchanges) disturbed exchanges, each record exactly once")
    }

    @Test(
        "in a storm, with power cuts of the terminal in it, the ledger ends with exactly what the terminal said yes to")
    func storm() throws {
        var cuts = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            let ledger = FakeLedger()
            ledger.state.withLock { $0.storm = SplitMix64(seed: seed) }
            let time = SimulatedTime()
            var storage = SimulatedStorage(seed: seed)
            var written: [UInt64: [UInt8]] = [:]
            for life in 0..<6 as Range<UInt64> {
                storage.plan(.powerCut, atOperation: Int(20 + (seed &* 37 &+ life &* 61) % 120))
                live(on: storage, ledger, time, seed: seed ^ life, &written)
                storage = storage.afterPowerCut()
                cuts += 1
            }
            let terminal = try Terminal(ledger, storage: storage, time: time, seed: seed)
            try terminal.append(1)
            #expect(terminal.run(steps: 5000), "seed \(seed)")
            #expect(terminal.events.notable.allSatisfy { if case .frozen = $0 { false } else { true } }, "seed \(seed)")
            let stored = try ledger.stored.map { try Slot(decoding: $0) }
            #expect(stored.map(\.sequence) == Array(1...UInt64(stored.count)), "seed \(seed)")
            for (sequence, payload) in written {
                #expect(stored[Int(sequence) - 1].payload == payload, "seed \(seed), record \(sequence)")
            }
        }
        print("sync: 40 storms with \(cuts) power cuts survived")
    }

    /// One life of a terminal: it appends and uploads until its power goes.
    private func live(
        on storage: SimulatedStorage, _ ledger: FakeLedger, _ time: SimulatedTime, seed: UInt64,
        _ written: inout [UInt64: [UInt8]]
    ) {
        guard let terminal = try? Terminal(ledger, storage: storage, time: time, seed: seed) else { return }
        for round in 0..<200 {
            let payload = [UInt8(truncatingIfNeeded: round), UInt8(truncatingIfNeeded: seed)]
            guard let record = try? terminal.journal.append(type: RecordType(rawValue: 1), payload: payload) else {
                return
            }
            written[record.sequence] = payload
            if round % 3 == 0 { time.advance(milliseconds: terminal.uploader.step()) }
        }
    }

    @Test("an acknowledgement whose chain head is not ours moves nothing and stops the upload")
    func foreignChainHead() throws {
        let ledger = FakeLedger()
        ledger.state.withLock {
            $0.insane = { result in
                guard case .acknowledged(var acknowledgement) = result else { return result }
                acknowledgement.chainHead = "0011223344556677"
                return .acknowledged(acknowledgement)
            }
        }
        let terminal = try Terminal(ledger)
        try terminal.append(3)
        #expect(terminal.uploader.step() == 300_000)
        #expect(terminal.events.all == [.frozen(.chainDiffers(at: 3))])
        #expect(terminal.journal.cursor.acknowledged == 0)
        ledger.state.withLock { $0.insane = nil }
        #expect(terminal.run())
        #expect(terminal.events.notable.last == .back)
    }

    @Test("an acknowledgement of what was never written, or of nothing new, is not believed")
    func insaneAcknowledgements() throws {
        for (claimed, event) in [
            (99, SyncEvent.frozen(.ledgerAhead(ledger: 99, ours: 3))),
            (
                0,
                .unreachable(
                    LedgerClientError(
                        kind: .nonsense, code: "answer",
                        message: "0 acknowledged after records from 1 on were sent"))
            ),
        ] as [(UInt64, SyncEvent)] {
            let ledger = FakeLedger()
            ledger.state.withLock {
                $0.insane = { _ in
                    .acknowledged(
                        Acknowledgement(acknowledged: claimed, chainHead: "", timeMilliseconds: 0, rosterVersion: 0))
                }
            }
            let terminal = try Terminal(ledger)
            try terminal.append(3)
            #expect(terminal.uploader.step() > 0)
            #expect(terminal.events.all == [event])
            #expect(terminal.journal.cursor.acknowledged == 0)
        }
    }

    @Test("a ledger that was restored is fed again, as far back as segments are kept")
    func restoredLedger() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger)
        try terminal.append(72)
        #expect(terminal.run())
        ledger.state.withLock { $0.stored.removeLast(6) }
        try terminal.append(1)
        #expect(terminal.run())
        #expect(ledger.stored.count == 73)

        ledger.state.withLock { $0.stored.removeLast(72) }
        try terminal.append(1)
        #expect(!terminal.run(steps: 10))
        let oldest = terminal.journal.firstSequence
        #expect(terminal.events.notable == [.frozen(.cannotGoBack(expected: 2, oldest: oldest))])
    }

    @Test("a terminal that lost its cursor finds its place by the ledger's answer")
    func lostCursor() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger)
        try terminal.append(40)
        #expect(terminal.run())
        for offset in [20, 532] { terminal.storage.damage("cursor", at: offset, mask: 255) }
        let again = try Terminal(ledger, storage: terminal.storage.afterProcessEnd())
        #expect(again.journal.recovery.findings == [.cursorDamaged])
        #expect(again.journal.cursor.acknowledged == 0)
        #expect(again.run())
        #expect(again.events.notable == [])
    }

    @Test("a ledger that names the same gap again and again is not followed in circles")
    func gapLoop() throws {
        let ledger = FakeLedger()
        ledger.state.withLock { state in
            state.insane = { _ in .gap(expected: 2) }
        }
        let terminal = try Terminal(ledger)
        try terminal.append(5)
        var waits: [Int64] = []
        for _ in 0..<20 {
            waits.append(terminal.uploader.step())
            terminal.time.advance(milliseconds: waits.last ?? 0)
        }
        #expect(waits.filter { $0 == 0 }.count < 8)
        #expect(terminal.journal.cursor.acknowledged == 0)
    }

    @Test("fork and freeze stop the upload, and are told once however often they are met")
    func forkAndFreeze() throws {
        for (result, reason) in [
            (UploadResult.fork(message: "at 1"), SyncStop.fork(message: "at 1")),
            (.frozen(message: "by hand"), .frozenByLedger(message: "by hand")),
        ] {
            let ledger = FakeLedger()
            ledger.state.withLock { $0.insane = { _ in result } }
            let terminal = try Terminal(ledger)
            try terminal.append(3)
            for _ in 0..<5 { terminal.time.advance(milliseconds: terminal.uploader.step()) }
            #expect(terminal.events.all == [.frozen(reason)])
        }
    }

    @Test("after a failure nothing is sent before its wait is over, however many records arrive")
    func backoffHolds() throws {
        let ledger = FakeLedger()
        ledger.state.withLock { $0.weather[1] = .requestLost }
        let terminal = try Terminal(ledger)
        try terminal.append(1)
        let wait = terminal.uploader.step()
        #expect((500...1000).contains(wait))
        terminal.time.advance(milliseconds: wait - 1)
        try terminal.append(1)
        #expect(terminal.uploader.step() == 1)
        #expect(ledger.calls == 1)
        terminal.time.advance(milliseconds: 1)
        _ = terminal.uploader.step()
        #expect(terminal.journal.cursor.acknowledged == 2)
        guard case .unreachable = terminal.events.notable.first else { return #expect(Bool(false)) }
        #expect(terminal.events.notable.last == .back)
    }

    @Test("the waits double from one second to one minute, and stay within half and all of it")
    func backoffBounds() {
        for seed in 0..<100 as Range<UInt64> {
            var backoff = Backoff(generator: SplitMix64(seed: seed))
            for whole in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] as [Int64] {
                #expect((whole / 2...whole).contains(backoff.next()))
            }
            for _ in 0..<100 { _ = backoff.next() }
            backoff.reset()
            #expect(backoff.next() <= 1000)
        }
    }

    @Test("a cursor that cannot be written does not stop records from reaching the ledger")
    func cursorFails() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger)
        try terminal.append(20)
        // The first request opens the segment and then writes the cursor.
        terminal.storage.plan(.failure(5), atOperation: terminal.storage.operations + 2)
        for _ in 0..<10 { terminal.time.advance(milliseconds: terminal.uploader.step()) }
        #expect(ledger.stored.count == 20)
        #expect(terminal.journal.cursor.acknowledged == 0)
        #expect(terminal.journal.firstSequence == 1)
    }

    @Test("a damaged record reaches the ledger as a stand-in, and all records after it as they are")
    func damageIsPassedOver() throws {
        let ledger = FakeLedger()
        let before = try Terminal(ledger)
        try before.append(20)
        before.storage.damage("journal-00000005-0000000000000001.seg", at: 512 + 4 * 128 + 40, mask: 1)
        let terminal = try Terminal(ledger, storage: before.storage.afterProcessEnd())
        #expect(terminal.run())
        let stored = try ledger.stored.map { try Slot(decoding: $0) }
        #expect(stored.map(\.sequence) == Array(1...21))
        #expect(stored[4].type == .gap && stored[20].type == .gap)
        #expect(stored[5].payload == [5])
    }

    @Test("on its own thread a nudge is enough")
    func thread() throws {
        let ledger = FakeLedger()
        let journal = try Journal.open(
            storage: SimulatedStorage(seed: 1), terminal: 3, key: Terminal.key, time: SystemTime())
        let arrived = Signal()
        let uploader = Uploader(feed: journal, client: ledger, time: SystemTime()) { event in
            if case .acknowledged(let acknowledgement) = event, acknowledgement.acknowledged == 100 { arrived.raise() }
        }
        uploader.start()
        for _ in 0..<100 {
            _ = try journal.append(type: RecordType(rawValue: 1), payload: [1])
            uploader.nudge()
        }
        #expect(arrived.wait(until: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(uploader.stop(deadline: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(journal.close(deadline: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(ledger.stored.count == 100)
    }
}
