import Activation
import Crypto
import Health
import Ledger
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

        func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
            throw Self.timeout
        }

        func upload(
            terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
        ) throws(LedgerClientError) -> UploadResult { throw Self.timeout }

        func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? { nil }

        func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer { throw Self.timeout }

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
                configuration: Grounds.shared.configuration(1), client: client, feeds: feeds(),
                local: LocalActivations(), acknowledged: { 0 }, health: health, shared: SharedConditions(health),
                time: SimulatedTime())
            let later = Instant(nanoseconds: .max)
            #expect(desk.decide(uid: uid, holderNumber: "1", deadline: later) == .refused(.rosterTooOld))
            #expect(health.current.map(\.notice.code) == [code, "YK-N04"])
            client.next.withLock { $0 = .success(PermitAnswer(decision: .noAccount)) }
            #expect(desk.decide(uid: uid, holderNumber: "1", deadline: later) == .refused(.noAccount))
            #expect(health.current.map(\.notice.code) == ["YK-N04"])
        }
    }
    private let signer = Grounds.shared.ledgerKeys.signingKey

    private func feeds() -> FeedStores {
        FeedStores(storage: SimulatedStorage(seed: 1), key: signer.publicKey)
    }

    @Test("remembers in which language to speak to the holder, and forgets it with the next answer and the next card")
    func language() throws {
        let health = HealthRegistry { _ in }
        let client = Answers(.success(PermitAnswer(decision: .activeElsewhere, language: "en")))
        let desk = PermitDesk(
            configuration: Grounds.shared.configuration(1), client: client, feeds: feeds(),
            local: LocalActivations(), acknowledged: { 0 }, health: health, shared: SharedConditions(health),
            time: SimulatedTime())
        let uid = try #require(CardUID([1, 2, 3, 4]))
        func ask(_ answer: Result<PermitAnswer, LedgerClientError>) -> String? {
            client.next.withLock { $0 = answer }
            _ = desk.decide(uid: uid, holderNumber: "1", deadline: Instant(nanoseconds: .max))
            return desk.language
        }
        let english = Result<PermitAnswer, LedgerClientError>.success(
            PermitAnswer(decision: .activeElsewhere, language: "en"))
        #expect(desk.language == nil)
        #expect(ask(english) == "en")
        #expect(ask(.success(PermitAnswer(decision: .noAccount))) == nil)
        #expect(ask(english) == "en")
        #expect(ask(.failure(Answers.timeout)) == nil, "the roster names no language")
        #expect(ask(english) == "en")
        desk.forget()
        #expect(desk.language == nil)
    }

    @Test("without a network a card on the hotlist is lost, whatever the roster says of its holder's account")
    func hotlistOffline() throws {
        let key = RosterKey(bytes: Grounds.shared.rosterKey)
        let time = SimulatedTime()
        let lost = try #require(CardUID([1, 2, 3, 4]))
        let kept = try #require(CardUID([5, 6, 7, 8]))
        let feeds = feeds()
        let entry = Roster.Entry(
            holder: HolderHash(holderNumber: "1", key: key), account: 7, cardSerial: 2, status: .mayActivate,
            card: .none)
        let roster = Roster(version: 1, issuedMilliseconds: time.wallMilliseconds(), entries: [entry])
        try feeds.roster.install(try roster.signed(by: signer))
        let health = HealthRegistry { _ in }
        let desk = PermitDesk(
            configuration: Grounds.shared.configuration(1), client: Answers(.failure(Answers.timeout)), feeds: feeds,
            local: LocalActivations(), acknowledged: { 0 }, health: health, shared: SharedConditions(health), time: time
        )
        func decide(_ uid: CardUID) -> PermitDecision {
            desk.decide(uid: uid, holderNumber: "1", deadline: Instant(nanoseconds: .max))
        }
        let grant = Grant(account: 7, cardSerial: 2, source: .roster, rosterVersion: 1)
        #expect(decide(lost) == .granted(grant, balance: nil))
        let tag = CardTag(uid: lost.bytes, key: key)
        let hotlist = Hotlist(version: 1, issuedMilliseconds: time.wallMilliseconds() - 8 * 86_400_000, tags: [tag])
        try feeds.hotlist.install(try hotlist.signed(by: signer))
        #expect(decide(lost) == .refused(.reportedLost))
        #expect(decide(kept) == .granted(grant, balance: nil))
        #expect(health.current.map(\.notice.code) == ["YK-N01", "YK-N05"])
        let newer = HotlistDelta(
            base: 1, version: 2, issuedMilliseconds: time.wallMilliseconds(), added: [], removed: [], totalAfter: 1)
        try feeds.hotlist.install(try newer.signed(by: signer))
        #expect(decide(lost) == .refused(.reportedLost))
        #expect(health.current.map(\.notice.code) == ["YK-N01"])
    }

    @Test("a condition that several rooms meet holds until the last of them is well again")
    func sharedConditions() {
        let health = HealthRegistry { _ in }
        let shared = SharedConditions(health)
        let denied = LedgerClientError(kind: .denied, code: "L-DENIED", message: "token")
        shared.raise(Answers.timeout, from: .upload)
        shared.raise(Answers.timeout, from: .feeds)
        shared.reached(from: .feeds)
        #expect(health.current.map(\.notice.code) == ["YK-N01"])
        shared.raise(denied, from: .upload)
        #expect(health.current.map(\.notice.code) == ["YK-N02"])
        shared.reached(from: .permits)
        #expect(health.current.map(\.notice.code) == ["YK-N02"])
        let frozen = LedgerClientError(kind: .refused, code: "L-FROZEN", message: "by hand")
        shared.raise(frozen, from: .feeds)
        #expect(health.current.map(\.notice.code) == ["YK-N02", "YK-N03"])
        shared.reached(from: .upload)
        shared.raise(Answers.timeout, from: .feeds)
        #expect(health.current.map(\.notice.code) == ["YK-N01", "YK-N03"])
        shared.reached(from: .feeds)
        #expect(health.current.isEmpty)
    }
}
