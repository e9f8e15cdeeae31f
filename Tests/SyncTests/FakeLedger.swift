import Crypto
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

    struct State {
        var stored: [[UInt8]] = []
        var calls = 0
        var uploads: [UInt64] = []
        var weather: [Int: Weather] = [:]
        var storm: SplitMix64?
        var roster: (version: UInt64, bytes: [UInt8])?
        /// Replaces the answer to an upload, to play a ledger out of its mind.
        var insane: (@Sendable (UploadResult) -> UploadResult)?
    }

    let state = Mutex(State())

    var stored: [[UInt8]] { state.withLock { $0.stored } }
    var calls: Int { state.withLock { $0.calls } }
    var uploads: [UInt64] { state.withLock { $0.uploads } }

    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        PermitAnswer(decision: .noAccount)
    }

    func status() throws(LedgerClientError) -> LedgerStatus {
        LedgerStatus(version: "fake", timeMilliseconds: 0, rosterVersion: 0)
    }

    func roster(known: UInt64) throws(LedgerClientError) -> [UInt8]? {
        try exchange { state in
            guard let roster = state.roster, roster.version != known else { return nil }
            return roster.bytes
        }
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let slots = stride(from: 0, to: bytes.count, by: Slot.size).map { Array(bytes[$0..<$0 + Slot.size]) }
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
            rosterVersion: state.roster?.version ?? 0)
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
    let roster: RosterStore?

    init(
        _ ledger: any LedgerClient, storage: SimulatedStorage = SimulatedStorage(seed: 1),
        time: SimulatedTime = SimulatedTime(), batch: Int = 7, seed: UInt64 = 1,
        rosterKey: Curve25519.Signing.PublicKey? = nil
    ) throws {
        self.time = time
        self.storage = storage
        journal = try JournalWriter.open(
            storage: storage, terminal: 3, key: Self.key, time: time,
            options: JournalOptions(slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1))
        roster = rosterKey.map { RosterStore(storage: storage, key: $0) }
        uploader = Uploader(
            feed: journal, client: ledger, roster: roster, time: time,
            settings: Uploader.Settings(batch: batch, backoff: Backoff(generator: SplitMix64(seed: seed))),
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
