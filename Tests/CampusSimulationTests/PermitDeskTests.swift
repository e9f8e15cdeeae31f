import Activation
import Health
import LedgerProtocol
import Mifare
import Platform
import Simulator
import Sync
import Synchronization
import Testing

@testable import Terminal

@Suite("The permit desk")
struct PermitDeskTests {
    /// Answers permissions as told.
    private final class Answers: LedgerClient {
        let next: Mutex<Result<PermitAnswer, LedgerClientError>>

        init(_ first: Result<PermitAnswer, LedgerClientError>) { next = Mutex(first) }

        func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
            try next.withLock { $0 }.get()
        }

        func upload(
            terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
        ) throws(LedgerClientError) -> UploadResult { throw Self.timeout }

        func roster(known: UInt64) throws(LedgerClientError) -> [UInt8]? { nil }

        func status() throws(LedgerClientError) -> LedgerStatus { throw Self.timeout }

        static let timeout = LedgerClientError(kind: .timeout, code: "curl-28", message: "no answer in time")
    }

    @Test("says that it goes by the roster, and why, until the ledger gives a good answer again")
    func fallingBackIsNotSilent() throws {
        let denied = LedgerClientError(kind: .denied, code: "L-DENIED", message: "token")
        let cases: [(Result<PermitAnswer, LedgerClientError>, String)] = [
            (.failure(Answers.timeout), "YK-N01"), (.failure(denied), "YK-N02"),
            // A grant that names no account contradicts itself.
            (.success(PermitAnswer(decision: .granted)), "YK-N02"),
        ]
        let uid = try #require(CardUID([1, 2, 3, 4]))
        for (trouble, code) in cases {
            let health = HealthRegistry { _ in }
            let client = Answers(trouble)
            let desk = PermitDesk(
                configuration: Grounds.shared.configuration(1), client: client, roster: { nil },
                local: LocalActivations(), acknowledged: { 0 }, health: health, time: SimulatedTime())
            let later = Instant(nanoseconds: .max)
            #expect(desk.decide(uid: uid, holderNumber: "1", deadline: later) == .refused(.rosterTooOld))
            #expect(health.current.map(\.notice.code) == [code, "YK-N04"])
            client.next.withLock { $0 = .success(PermitAnswer(decision: .noAccount)) }
            #expect(desk.decide(uid: uid, holderNumber: "1", deadline: later) == .refused(.noAccount))
            #expect(health.current.map(\.notice.code) == ["YK-N04"])
        }
    }
}
