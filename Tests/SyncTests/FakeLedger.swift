import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization

/// A ledger in memory that keeps the protocol's promises, over a wire that keeps none.
final class FakeLedger: LedgerClient {
    /// What the wire does to one exchange.
    enum Weather: CaseIterable {
        case fine, requestLost, answerLost, deliveredTwice, captivePortal
    }

    /// The newest version of a feed, whole, and what leads there from earlier ones.
    struct Feed {
        var version: UInt64
        var snapshot: [UInt8]
        var deltas: [UInt64: [UInt8]] = [:]
    }

    struct Fetch: Hashable {
        let kind: FeedKind
        let since: UInt64
    }
    /// How a link fails an upload.
    enum Break { case timeout, broken }

    struct State {
        var stored: [[UInt8]] = []
        var calls = 0
        var uploads: [UInt64] = []
        var weather: [Int: Weather] = [:]
        var storm: SplitMix64?
        var feeds: [FeedKind: Feed] = [:]
        var fetches: [Fetch] = []
        var heartbeats: [Heartbeat] = []
        var wantsUpload = false
        /// Lets time pass for so many records, and says how the wire fails them, if it does.
        var link: (@Sendable (Int) -> Break?)?
        /// Replaces the answer to an upload, to play a ledger out of its mind.
        var insane: (@Sendable (UploadResult) -> UploadResult)?
    }

    let state = Mutex(State())

    var stored: [[UInt8]] { state.withLock { $0.stored } }
    var calls: Int { state.withLock { $0.calls } }
    var uploads: [UInt64] { state.withLock { $0.uploads } }
    var fetches: [Fetch] { state.withLock { $0.fetches } }
    var heartbeats: [Heartbeat] { state.withLock { $0.heartbeats } }

    /// Issues a feed's newest version.
    func issue(_ kind: FeedKind, _ version: UInt64, _ snapshot: [UInt8], deltas: [UInt64: [UInt8]] = [:]) {
        state.withLock { $0.feeds[kind] = Feed(version: version, snapshot: snapshot, deltas: deltas) }
    }

    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        PermitAnswer(decision: .noAccount)
    }

    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        throw LedgerClientError(kind: .unreachable, code: "none", message: "")
    }

    func status() throws(LedgerClientError) -> LedgerStatus {
        LedgerStatus(version: "fake", timeMilliseconds: 0, rosterVersion: 0)
    }

    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? {
        try exchange { state in
            state.fetches.append(Fetch(kind: kind, since: since))
            guard let feed = state.feeds[kind], feed.version != since else { return nil }
            return feed.deltas[since] ?? feed.snapshot
        }
    }

    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        try exchange { state in
            state.heartbeats.append(heartbeat)
            return HeartbeatAnswer(
                timeMilliseconds: 0, rosterVersion: state.feeds[.roster]?.version ?? 0,
                hotlistVersion: state.feeds[.hotlist]?.version ?? 0,
                settingsVersion: state.feeds[.settings]?.version ?? 0, uploadNow: state.wantsUpload ? true : nil)
        }
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let slots = stride(from: 0, to: bytes.count, by: Slot.size).map { Array(bytes[$0..<$0 + Slot.size]) }
        if let link = state.withLock({ $0.link }), let fault = link(slots.count) {
            throw fault == .timeout
                ? LedgerClientError(kind: .timeout, code: "curl-28", message: "")
                : LedgerClientError(kind: .unreachable, code: "curl-56", message: "")
        }
        return try exchange { state in
            state.uploads.append(first)
            let result = Self.take(slots, from: first, &state)
            return state.insane?(result) ?? result
        }
    }

    /// Duplicates are success, gaps are refused, other bytes under a known sequence are a fork.
    private static func take(_ slots: [[UInt8]], from first: UInt64, _ state: inout State) -> UploadResult {
        let expected = UInt64(state.stored.count) + 1
        guard first <= expected else { return .gap(expected: expected) }
        for (sequence, slot) in zip(first..., slots) {
            if sequence < expected {
                guard state.stored[Int(sequence) - 1] == slot else { return .fork(message: "at \(sequence)") }
            } else {
                state.stored.append(slot)
            }
        }
        return .acknowledged(acknowledgement(state))
    }

    static func acknowledgement(_ state: State) -> Acknowledgement {
        Acknowledgement(
            acknowledged: UInt64(state.stored.count),
            chainHead: state.stored.last.map { Slot.mac(of: $0).bytes.hex() } ?? "", timeMilliseconds: 0,
            rosterVersion: state.feeds[.roster]?.version ?? 0, hotlistVersion: state.feeds[.hotlist]?.version ?? 0,
            settingsVersion: state.feeds[.settings]?.version ?? 0)
    }

    private func exchange<R>(_ serve: (inout State) -> R) throws(LedgerClientError) -> R {
        try state.withLock { (state) throws(LedgerClientError) in
            state.calls += 1
            var weather = state.weather[state.calls] ?? .fine
            if let choice = state.storm?.next() {
                weather = Weather.allCases[Int(choice % UInt64(Weather.allCases.count))]
            }
            switch weather {
            case .fine: return serve(&state)
            case .deliveredTwice:
                _ = serve(&state)
                return serve(&state)
            case .requestLost: throw LedgerClientError(kind: .unreachable, code: "curl-7", message: "")
            case .answerLost:
                _ = serve(&state)
                throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
            case .captivePortal: throw LedgerClientError(kind: .nonsense, code: "http-200", message: "")
            }
        }
    }
}

/// Events in the order told.
final class EventLog: Sendable {
    private let list = Mutex<[SyncEvent]>([])
    var all: [SyncEvent] { list.withLock { $0 } }
    func add(_ event: SyncEvent) { list.withLock { $0.append(event) } }

    /// Events other than acknowledgements.
    var notable: [SyncEvent] { all.filter { if case .acknowledged = $0 { false } else { true } } }
}

/// A terminal's journal on a simulated disk with an uploader, to be stepped.
struct Terminal {
    static let key = ChainKey(bytes: [UInt8](repeating: 3, count: 32))

    let time: SimulatedTime
    let storage: SimulatedStorage
    let journal: JournalWriter
    let uploader: Uploader
    let events = EventLog()

    init(
        _ ledger: any LedgerClient, storage: SimulatedStorage = SimulatedStorage(seed: 1),
        time: SimulatedTime = SimulatedTime(), batch: Int = 7, batchMost: Int? = nil, seed: UInt64 = 1
    ) throws {
        self.time = time
        self.storage = storage
        journal = try JournalWriter.open(
            storage: storage, terminal: 3, key: Self.key, time: time,
            options: JournalOptions(slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1))
        uploader = Uploader(
            feed: journal, client: ledger, time: time,
            settings: Uploader.Settings(
                batch: batch, batchMost: batchMost ?? batch, backoff: Backoff(generator: SplitMix64(seed: seed))),
            onEvent: { [events] in events.add($0) })
    }

    func append(_ count: Int) throws {
        for _ in 0..<count {
            _ = try journal.append(type: RecordType(rawValue: 1), payload: [UInt8(journal.lastSequence % 251)])
        }
    }

    /// Steps, letting the time asked for pass, until everything is acknowledged; false when `steps` did not suffice.
    func run(steps: Int = 200) -> Bool {
        for _ in 0..<steps {
            let wait = uploader.step()
            if journal.cursor.acknowledged == journal.lastSequence { return true }
            time.advance(milliseconds: wait)
        }
        return false
    }
}
