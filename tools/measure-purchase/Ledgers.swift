import Crypto
import Health
import LedgerProtocol
import MeasuringCards
import Platform
import Simulator
import Sync
import Terminal

/// A ledger at the other end of a simulated network: it agrees after a while, or never answers.
final class SimulatedLedger: LedgerClient {
    /// How long an answer takes, in milliseconds; `nil`: for ever.
    private let answersAfter: Int64?
    private let time: SimulatedTime

    init(answersAfter: Int64?, _ time: SimulatedTime) {
        self.answersAfter = answersAfter
        self.time = time
    }

    /// The terminal's own desk before it, with its circuit breaker.
    func desk() -> SaleDesk {
        let health = HealthRegistry { _ in }
        return SaleDesk(
            terminal: Campus.terminal, client: self, tagKey: RosterKey(bytes: [UInt8](repeating: 7, count: 32)),
            feeds: FeedStores(storage: SimulatedStorage(seed: 1), key: Curve25519.Signing.PrivateKey().publicKey),
            health: health, shared: SharedConditions(health), time: time)
    }

    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        let answer = answersAfter.map { time.now().advanced(milliseconds: $0) }
        guard let answer, answer <= deadline else {
            time.sleep(until: deadline)
            throw LedgerClientError(kind: .timeout, code: "simulated", message: "no answer")
        }
        time.sleep(until: answer)
        return SaleAnswer(decision: .approved, balanceFen: 20_000)
    }

    // Nothing else is asked of it.

    private static let unasked = LedgerClientError(kind: .unreachable, code: "simulated", message: "not played")

    func permit(_: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer { throw Self.unasked }
    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult { throw Self.unasked }
    func feed(_: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? { throw Self.unasked }
    func heartbeat(_: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer { throw Self.unasked }
    func status() throws(LedgerClientError) -> LedgerStatus { throw Self.unasked }
}
