import Canteen
import Crypto
import Health
import Journal
import Ledger
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard
import Sync
import Voice

@testable import Terminal

/// One till of a simulated canteen: its disk, clock, reader and line to the ledger, and the terminal's own rooms on them.
final class CanteenTill: @unchecked Sendable {
    /// The terminal's rooms while it runs.
    struct Running {
        let journal: JournalWriter
        let till: Till
        let station: ReaderStation
        let work: SaleWork
        let uploader: Uploader
        let feedReader: FeedReader
    }

    let number: UInt16
    let clock: BoxClock
    unowned let day: CanteenDay
    /// Whether the network is away.
    var isOffline = false
    private(set) var running: Running?
    /// What the voice was asked to say at the last tap.
    private(set) var said: [ReaderStation.Sentence] = []
    /// How the last sale without a card was told, and in which language.
    private(set) var told: (prompts: [PromptID], language: String?)?
    private(set) var disk: BoxDisk
    private let reader: SimulatedReader
    private var taps: UInt64 = 0
    /// How long is waited for what, so that not even a heartbeat comes by chance.
    private var waits: SplitMix64
    /// Lists and settings: what a power cut does to them is the campus's storms to try.
    private let feedStorage = SimulatedStorage(seed: 1)

    init(day: CanteenDay, number: UInt16) {
        self.day = day
        self.number = number
        clock = BoxClock(day.time)
        reader = SimulatedReader(profile: Grounds.shared.readers[0], time: clock)
        disk = BoxDisk(seed: day.random.next())
        waits = SplitMix64(seed: day.seed &+ UInt64(number) << 32)
    }

    var isOn: Bool { !disk.isOff }

    func planPowerCut(in operations: Int) {
        if !disk.hasFaultAhead { disk.planPowerCut(in: operations) }
    }

    /// Ends whatever runs and starts again.
    func start() {
        while true {
            running = nil
            disk.restart(afterPowerCut: !isOn)
            clock.boot()
            do {
                try run()
                if isOn { return }
            } catch {
                if isOn { return day.violate("till \(number) does not start: \(error)") }
            }
            day.counts.powerCuts += 1
        }
    }

    private func run() throws {
        let grounds = Grounds.shared
        let journal = try JournalWriter.open(
            storage: disk.storage, terminal: number, key: ChainKey(bytes: Grounds.journalKey(number)), time: clock,
            options: JournalOptions(slotsPerSegment: 64, epoch: 1, acknowledgedSegmentsKept: 10_000))
        let feeds = FeedStores(storage: feedStorage, key: grounds.ledgerKeys.signingKey.publicKey)
        _ = feeds.load()
        let health = HealthRegistry { _ in }
        let shared = SharedConditions(health)
        let configuration = grounds.configuration(number, role: .canteen)
        let link = CanteenLink(self)
        let feedReader = FeedReader(
            client: link, stores: feeds, time: clock,
            settings: FeedReader.Settings(
                backoff: Backoff(longest: 15_000, generator: SplitMix64(seed: waits.next())),
                jitter: SplitMix64(seed: waits.next())),
            report: { [clock] in
                Heartbeat(
                    wallMilliseconds: clock.wallMilliseconds(), version: "simulated", epoch: 1, lastSequence: 0,
                    acknowledged: 0, conditions: [])
            }, onEvent: { _ in })
        let till = Till(
            configuration,
            around: Till.Surroundings(
                client: link, signer: grounds.ledgerKeys.signingKey.publicKey, feeds: feeds, journal: journal,
                health: health, shared: shared, time: clock,
                isThere: { true }, recorded: {}, changed: { _, _ in }, serveAgain: {},
                told: { [unowned self] in self.told = (Announcement($0.ending).prompts.map(\.id), $1) },
                closed: { _ in }))
        let rooms = TapRooms(
            configuration: configuration, layout: grounds.layout, keys: day.keys, client: link, feeds: feeds,
            journal: journal, local: LocalActivations(), health: health, shared: shared, time: clock, recorded: {},
            till: till)
        let station = ReaderStation(
            name: "till \(number)", profile: reader.profile,
            around: .init(
                work: { rooms.makeWork() }, time: clock, announce: { [unowned self] in self.said.append($0) },
                publish: { _ in },
                connect: { [unowned self] (_, _) throws(PCSCError) in try self.connect() },
                successAfterMilliseconds: 0))
        guard let work = rooms.makeWork() as? SaleWork else { return day.violate("a till that sells nothing") }
        running = Running(
            journal: journal, till: till, station: station, work: work,
            uploader: Uploader(
                feed: journal, client: link, time: clock,
                settings: .init(backoff: Backoff(generator: SplitMix64(seed: waits.next())))
            ) { _ in }, feedReader: feedReader)
        if till.counter.state.operatorNumber == nil {
            for key in [CounterKey.digit(7), .shift] { till.counter.press(key) }
            till.counter.settle()
        }
    }

    private func connect() throws(PCSCError) -> any CardTransport {
        guard isOn, reader.card != nil else { throw PCSCError(call: "SCardConnect", code: .noSmartcard) }
        try reader.reselect()
        return DyingTransport(till: self, reader: reader)
    }

    // MARK: The cashier

    /// Types an amount. False when the till is not where one can.
    func ask(_ amount: Fen) -> Bool {
        guard let counter = running?.till.counter else { return false }
        counter.press(.clear)
        for character in "\(amount)" {
            counter.press(character == "." ? .point : .digit(UInt8(character.wholeNumberValue ?? 0)))
        }
        counter.press(.enter)
        counter.settle()
        return counter.state.order?.amount == amount
    }

    /// The cashier gives up what is under way.
    func giveUp() {
        running?.till.counter.press(.clear)
        running?.till.counter.settle()
    }

    /// Takes the last sale back, with the card that paid it.
    func void(_ card: SimulatedCard) -> SaleEnding? {
        running?.till.counter.press(.clear)
        running?.till.counter.press(.void)
        running?.till.counter.settle()
        return tap(card)
    }

    /// Lays a card down and takes it away; how the till says it ended, `nil` when the power went.
    func tap(_ card: SimulatedCard, fault: CardFault? = nil) -> SaleEnding? {
        guard let running else { return nil }
        said = []
        taps += 1
        reader.layDown(card, fault: fault)
        running.station.cardArrived(tap: taps, at: clock.now())
        running.station.serve(.init(tap: taps, at: clock.now()), running.work)
        reader.lift()
        guard isOn else {
            day.counts.powerCuts += 1
            start()
            return nil
        }
        running.till.counter.settle()
        if case .ended(let ending, _) = running.till.counter.state.phase { return ending }
        return nil
    }

    // MARK: The line

    /// Sends what there is to send, and fetches what there is to fetch.
    func sync() {
        guard let running, isOn else { return }
        for _ in 0..<4 where running.feedReader.step() == 0 {}
        _ = running.uploader.step()
        if !isOn {
            day.counts.powerCuts += 1
            start()
        }
    }
}

/// A reader that is dead when its box is.
private final class DyingTransport: CardTransport {
    private let till: CanteenTill
    private let reader: SimulatedReader
    let atr: [UInt8]

    init(till: CanteenTill, reader: SimulatedReader) {
        self.till = till
        self.reader = reader
        atr = reader.atr
    }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try requirePower("SCardTransmit")
        return try reader.transmit(command)
    }

    func reselect() throws(PCSCError) {
        try requirePower("SCardReconnect")
        try reader.reselect()
    }

    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try requirePower("SCardControl")
        return try reader.control(code: code, command)
    }

    private func requirePower(_ call: String) throws(PCSCError) {
        guard till.isOn else { throw PCSCError(call: call, code: .readerUnavailable) }
    }
}

/// A till's line: it is there or it is not, and sometimes an answer is lost.
final class CanteenLink: LedgerClient, @unchecked Sendable {
    private unowned let till: CanteenTill

    init(_ till: CanteenTill) { self.till = till }

    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        let day = till.day
        if till.isOffline || day.random.oneIn(200) {
            till.clock.sleep(until: deadline)
            throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
        }
        return try ask { try $0.authorize(request, token: Grounds.token) }
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let isLost = till.day.random.oneIn(50)
        do throws(LedgerClientError) {
            let answer = try ask {
                try $0.ingest(terminal: terminal, token: Grounds.token, epoch: epoch, first: first, body: bytes)
            }
            if isLost { throw LedgerClientError(kind: .timeout, code: "curl-28", message: "") }
            return .acknowledged(answer)
        } catch {
            if error.code == "L-GAP" { return .gap(expected: UInt64(error.message) ?? 0) }
            throw error
        }
    }

    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? {
        try ask { [till] in try $0.feed(kind, since: since, terminal: till.number, token: Grounds.token) }
    }

    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        try ask { [till] in try $0.heartbeat(heartbeat, terminal: till.number, token: Grounds.token) }
    }

    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        throw LedgerClientError(kind: .refused, code: "none", message: "a till activates nobody")
    }

    func status() throws(LedgerClientError) -> LedgerStatus { try ask { try $0.status() } }

    private func ask<Answer>(_ question: (LedgerService) throws -> Answer) throws(LedgerClientError) -> Answer {
        guard !till.isOffline, till.isOn else {
            throw LedgerClientError(kind: .unreachable, code: "curl-7", message: "")
        }
        do {
            return try question(till.day.house.service)
        } catch let refused as LedgerRefused {
            throw LedgerClientError(
                kind: .refused, code: refused.refusal.code,
                message: refused.refusal.expected.map { "\($0)" } ?? refused.refusal.message)
        } catch {
            till.day.violate("the ledger failed: \(error)")
            throw LedgerClientError(kind: .refused, code: "L-INTERNAL", message: "\(error)")
        }
    }
}
