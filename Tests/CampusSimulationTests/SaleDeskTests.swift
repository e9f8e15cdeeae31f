import Canteen
import Crypto
import Health
import Ledger
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import Testing

@testable import Terminal

@Suite("The till's advice")
struct SaleDeskTests {
    /// A ledger that answers one way, after some time, and counts who asked.
    private final class Answers: LedgerClient {
        let answer = Mutex<Result<SaleAnswer, LedgerClientError>>(.failure(timeout))
        let asked = Mutex<[SaleRequest]>([])
        private let time: SimulatedTime

        static let timeout = LedgerClientError(kind: .timeout, code: "curl-28", message: "")

        init(_ time: SimulatedTime) { self.time = time }

        func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
            asked.withLock { $0.append(request) }
            let answer = answer.withLock { $0 }
            if case .failure = answer { time.sleep(until: deadline) }
            return try answer.get()
        }

        func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
            throw Self.timeout
        }
        func upload(
            terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
        ) throws(LedgerClientError) -> UploadResult { throw Self.timeout }
        func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? { nil }
        func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer { throw Self.timeout }
        func status() throws(LedgerClientError) -> LedgerStatus { throw Self.timeout }
    }

    private let time = SimulatedTime()

    private func desk(_ client: Answers, _ health: HealthRegistry, _ feeds: FeedStores) -> SaleDesk {
        SaleDesk(
            terminal: 201, client: client, tagKey: Grounds.shared.ledgerKeys.rosterKey, feeds: feeds, health: health,
            shared: SharedConditions(health), time: time)
    }

    private func stores() -> FeedStores {
        FeedStores(
            storage: SimulatedStorage(seed: 1), key: Grounds.shared.ledgerKeys.signingKey.publicKey)
    }

    private let question = SaleQuestion(
        medium: .card, uid: [1, 2, 3, 4], account: 7, cardSerial: 1, cardSequence: 9, amount: Fen(500), pin: nil,
        dayStart: 1, mealStart: nil)

    @Test("is waited for once, then not again for five seconds: a silent ledger does not slow down every tray")
    func silence() {
        let client = Answers(time)
        let health = HealthRegistry { _ in }
        let desk = desk(client, health, stores())
        func ask() -> Int64 {
            let begun = time.now()
            #expect(desk.ask(question, deadline: begun.advanced(milliseconds: 150)) == nil)
            return time.now().milliseconds(since: begun)
        }
        #expect(ask() == 150 && ask() == 0 && ask() == 0)
        #expect(client.asked.withLock { $0.count } == 1)
        #expect(health.current.map(\.notice) == [.ledgerUnreachable])
        time.advance(milliseconds: 5_000)
        client.answer.withLock { $0 = .success(SaleAnswer(decision: .approved, balanceFen: 900, subsidyFen: 100)) }
        let advice = desk.ask(question, deadline: time.now().advanced(milliseconds: 150))
        #expect(advice == .agreed(SaleAdvice.Agreement(balance: Fen(900), subsidy: Fen(100))))
        #expect(health.current.isEmpty)
    }

    @Test("means the same in the till's words, and nothing where it contradicts itself")
    func words() {
        let client = Answers(time)
        let desk = desk(client, HealthRegistry { _ in }, stores())
        let cases: [(SaleAnswer.Decision, SaleRefusal)] = [
            (.insufficient, .balanceTooLow), (.reportedLost, .reportedLost), (.unknownAccount, .noAccount),
            (.closed, .accountClosed), (.wrongCard, .cardReplaced), (.wrongPin, .pinWrong), (.pinLocked, .pinLocked),
        ]
        for (decision, refusal) in cases {
            client.answer.withLock { $0 = .success(SaleAnswer(decision: decision)) }
            #expect(desk.ask(question, deadline: time.now().advanced(milliseconds: 150)) == .refused(refusal))
        }
        client.answer.withLock { $0 = .success(SaleAnswer(decision: .approved)) }
        #expect(desk.ask(question, deadline: time.now().advanced(milliseconds: 150)) == nil)
        let request = client.asked.withLock { $0.last }
        #expect(request?.uid == "01020304" && request?.cardSequence == 9 && request?.dayStartMilliseconds == 1)
    }

    @Test("in one holder's language is not told to another at the next reader, nor to whoever comes next")
    func languages() {
        let client = Answers(time)
        let desk = desk(client, HealthRegistry { _ in }, stores())
        let (left, right) = (SaleInquiry(desk), SaleInquiry(desk))
        func ask(_ inquiry: SaleInquiry, _ answer: Result<SaleAnswer, LedgerClientError>) {
            client.answer.withLock { $0 = answer }
            _ = inquiry.ask(question, deadline: time.now().advanced(milliseconds: 150))
        }
        ask(left, .success(SaleAnswer(decision: .insufficient, language: "en")))
        ask(right, .success(SaleAnswer(decision: .approved, balanceFen: 900, language: "zh-CN")))
        #expect(left.language == "en" && right.language == "zh-CN")
        ask(right, .success(SaleAnswer(decision: .unknownAccount)))
        #expect(left.language == "en" && right.language == nil)
        left.forget()
        #expect(left.language == nil)
        ask(left, .success(SaleAnswer(decision: .wrongPin, language: "en")))
        ask(left, .failure(Answers.timeout))
        #expect(left.language == nil)
    }

    @Test("says when the hotlist's age makes sales smaller, and that it has none")
    func age() throws {
        let feeds = stores()
        let health = HealthRegistry { _ in }
        let desk = desk(Answers(time), health, feeds)
        desk.noteHotlistAge()
        #expect(health.current.map(\.detail) == ["there is none"])
        _ = try feeds.hotlist.install(
            Hotlist(version: 5, issuedMilliseconds: time.wallMilliseconds(), tags: [])
                .signed(by: Grounds.shared.ledgerKeys.signingKey))
        desk.noteHotlistAge()
        #expect(health.current.isEmpty)
        time.advance(milliseconds: 25 * 3_600_000)
        desk.noteHotlistAge()
        #expect(health.current.map(\.notice) == [.hotlistTooOld])
    }

    @Test("goes by settings and hotlist as they were at the beginning of the sale, by card and by account")
    func terms() throws {
        let feeds = stores()
        let desk = desk(Answers(time), HealthRegistry { _ in }, feeds)
        #expect(desk.terms().hotlistAge == nil && desk.terms().rules.version == 0)
        let keys = Grounds.shared.ledgerKeys
        let lost = CardTag(uid: [9, 9, 9, 9], key: keys.rosterKey)
        let closed = CardTag(account: 8, key: keys.rosterKey)
        _ = try feeds.hotlist.install(
            Hotlist(version: 5, issuedMilliseconds: time.wallMilliseconds() - 1_000, tags: [lost, closed])
                .signed(by: keys.signingKey))
        var settings = TerminalSettings()
        settings.saleLimitFen = 900
        _ = try feeds.settings.install(
            SettingsFeed(version: 6, issuedMilliseconds: 0, settings: settings).signed(by: keys.signingKey))
        let terms = desk.terms()
        #expect(terms.hotlistVersion == 5 && terms.hotlistAge == 1_000)
        #expect(terms.rules.version == 6 && terms.rules.saleLimit == Fen(900))
        #expect(terms.isListed(uid: [9, 9, 9, 9], account: 7) && terms.isListed(uid: [1, 2, 3, 4], account: 8))
        #expect(!terms.isListed(uid: [1, 2, 3, 4], account: 7) && terms.isListed(uid: [], account: 8))
    }
}
