import LedgerProtocol
import Platform
import Simulator
import Sync

@testable import Ledger

/// A terminal's way to the ledger, on which everything can happen that happens to requests.
final class Wire: LedgerClient, @unchecked Sendable {
    /// A copy of an upload that arrives when nobody expects it any more.
    struct Copy {
        let place: Expectation.Place
        let first: UInt64
        let body: [UInt8]
    }

    private unowned let fleet: Fleet
    private unowned let box: Box
    /// Whether it is cut for the time being.
    var isDown = false

    init(fleet: Fleet, box: Box) {
        self.fleet = fleet
        self.box = box
    }

    private enum Weather: CaseIterable {
        case requestLost, answerLost, bodyCut, duplicate, delayed, html, killBefore, killDuring, killAfter, storeFails
        case storeFailsAtCommit, commitUnknown, lostRace, connectionLost
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let copy = Copy(place: .init(terminal: terminal, epoch: epoch), first: first, body: bytes)
        guard box.isOn, !isDown, fleet.isLedgerUp else {
            fleet.tally.count(.unreachable)
            fleet.time.advance(milliseconds: Int64(fleet.random.number(1...3000)))
            throw LedgerClientError(kind: .unreachable, code: "curl-7", message: "")
        }
        if fleet.isStormy, fleet.random.oneIn(6) { fleet.keep(copy) }
        guard fleet.isStormy, fleet.random.oneIn(2) else {
            fleet.time.advance(milliseconds: Int64(fleet.random.number(1...60)))
            return try fleet.deliver(copy)
        }
        let weather = fleet.random.pick(Weather.allCases)
        fleet.note("\(terminal)/\(epoch): \(bytes.count / 128) from \(first): \(weather)")
        return try send(copy, weather)
    }

    private func send(_ copy: Copy, _ weather: Weather) throws(LedgerClientError) -> UploadResult {
        switch weather {
        case .requestLost: fleet.tally.count(.requestLost)
        case .answerLost:
            fleet.tally.count(.answerLost)
            _ = try? fleet.deliver(copy)
        case .bodyCut:
            fleet.tally.count(.bodyCut)
            let part =
                fleet.random.oneIn(3)
                ? fleet.random.number(0...copy.body.count / 128) * 128
                : fleet.random.number(0...copy.body.count)
            let half = Copy(place: copy.place, first: copy.first, body: Array(copy.body.prefix(part)))
            // What the ledger made of it may come back all the same.
            if fleet.random.oneIn(2) { return try fleet.deliver(half) }
            _ = try? fleet.deliver(half)
        case .duplicate:
            fleet.tally.count(.duplicate)
            _ = try? fleet.deliver(copy)
            return try fleet.deliver(copy)
        case .delayed:
            fleet.tally.count(.delayed)
            fleet.delayed.append(copy)
        case .html:
            fleet.tally.count(.html)
            throw LedgerClientError(kind: .nonsense, code: "http-200", message: "text/html")
        case .killBefore:
            fleet.tally.count(.killBefore)
            fleet.house.kill()
        case .killDuring:
            fleet.plan(.atStatement(fleet.random.number(1...45), Fleet.Killed()), killing: true)
            _ = try? fleet.deliver(copy)
        case .killAfter:
            fleet.tally.count(.killAfter)
            _ = try? fleet.deliver(copy)
            fleet.house.kill()
        case .storeFails, .storeFailsAtCommit, .commitUnknown, .lostRace, .connectionLost:
            fleet.plan(storePlan(weather), killing: false)
            return try fleet.deliver(copy)
        }
        fleet.time.advance(milliseconds: 10_000)
        throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
    }

    private func storePlan(_ weather: Weather) -> FaultyStore.Plan {
        let statement = fleet.random.number(1...45)
        switch weather {
        case .lostRace:
            return .atStatement(
                statement, PostgresError(state: fleet.random.pick(["40001", "40P01", "23505", "55P03"]), message: ""))
        case .connectionLost: return .atStatement(statement, PostgresError(state: "57P01", message: ""))
        case .storeFailsAtCommit:
            return .atCommit(PostgresError(state: fleet.random.pick(["40001", "53100"]), message: ""))
        case .commitUnknown:
            return .afterCommit(CommitUnknown(cause: PostgresError(state: "08006", message: "")))
        default: return .atStatement(statement, PostgresError(state: "53100", message: "no space left"))
        }
    }

    // A fleet asks for nothing but uploads.
    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        throw LedgerClientError(kind: .refused, code: "none", message: "")
    }
    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        throw LedgerClientError(kind: .refused, code: "none", message: "")
    }
    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? { nil }
    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        throw LedgerClientError(kind: .refused, code: "none", message: "")
    }
    func status() throws(LedgerClientError) -> LedgerStatus {
        throw LedgerClientError(kind: .refused, code: "none", message: "")
    }
}
