import Canteen
import Crypto
import Health
import LedgerProtocol
import Platform
import Recogniser
import Scanner
import Simulator
import Testing

@testable import Ledger
@testable import Terminal

@Suite("A sale without a card")
struct CodeSaleTests {
    private let day: CanteenDay
    private let phone = Curve25519.Signing.PrivateKey()
    private let certificate: [UInt8]

    init() throws {
        day = try CanteenDay(seed: 1, canteens: 2, tillsEach: 1, holders: 2)
        let now = day.time.wallMilliseconds()
        certificate = try #require(
            AccountCertificate(
                account: day.eaters[0].account, notBeforeMilliseconds: now - 1_000,
                notAfterMilliseconds: now + 86_400_000, offlineCapFen: 4_000,
                deviceKey: Array(phone.publicKey.rawRepresentation))
        ).signed(by: Grounds.shared.ledgerKeys.signingKey)
    }

    private func code() throws -> String {
        try PaymentCode.make(
            certificate: certificate, deviceKey: phone, wallMilliseconds: day.time.wallMilliseconds()
        ).text
    }

    /// Asks for an amount, and lets the scanner read `text`.
    private func scan(_ text: String, at till: CanteenTill, _ fen: Int64 = 1_500) -> SaleEnding? {
        guard till.ask(Fen(fen)), let counter = till.running?.till.counter else { return nil }
        counter.scanned(.code(Scan(text: text)))
        counter.settle()
        if case .ended(let ending, _) = counter.state.phase { return ending }
        return nil
    }

    private func isPaid(_ ending: SaleEnding?) -> Bool {
        if case .paid = ending { true } else { false }
    }

    private func balance(_ account: UInt64) throws -> Int64 {
        try day.house.store.read { try $0.holderAccount(Int64(account))?.balance ?? 0 }
    }

    @Test("by code is made with no network, once, within its minute and its cap, and still once after a restart")
    func offline() throws {
        let till = day.tills[0]
        till.isOffline = true
        let first = try code()
        #expect(isPaid(scan(first, at: till)))
        #expect(scan(first, at: till) == .refused(.codeUsed))
        till.start()
        #expect(scan(first, at: till) == .refused(.codeUsed))
        #expect(isPaid(scan(try code(), at: till)))
        // 30 of 40 yuan are spent, and nobody can be asked.
        let third = try code()
        #expect(scan(third, at: till) == .refused(.codeOverCap))
        #expect(isPaid(scan(third, at: till, 900)), "what was refused is as good as before")
        #expect(scan("https://pay.example/abc", at: till) == .refused(.codeNotOurs))
        #expect(scan(String(first.dropLast()), at: till) == .refused(.codeIncomplete))
        let old = try code()
        day.time.advance(milliseconds: 240_000)
        #expect(scan(old, at: till) == .refused(.codeExpired))
        try arrive()
        #expect(try balance(day.eaters[0].account) == 20_000 - 3_900)
        // What the ledger has confirmed does not count towards the cap any more.
        till.isOffline = true
        #expect(isPaid(scan(try code(), at: till, 3_000)))
    }

    private func arrive() throws {
        try day.evening()
        try day.check(reckoning: false)
        #expect(day.violations.isEmpty, "\(day.violations)")
    }

    @Test(
        "by one code at two tills without a network is found when both have told: one is paid, one waits for a person")
    func twice() throws {
        let text = try code()
        for till in day.tills {
            till.isOffline = true
            #expect(isPaid(scan(text, at: till)))
        }
        try arrive()
        #expect(try balance(day.eaters[0].account) == 20_000 - 1_500)
        let waiting = try day.house.store.read {
            try $0.rows("SELECT reason FROM suspense WHERE resolved_ms IS NULL").map { try $0.text(0) }
        }
        #expect(waiting == ["code-used-twice"])
    }

    @Test("by code is taken back without the telephone, and the code stays used")
    func void() throws {
        let till = day.tills[0]
        let text = try code()
        #expect(isPaid(scan(text, at: till)))
        let counter = try #require(till.running?.till.counter)
        counter.press(.clear)
        counter.press(.void)
        counter.settle()
        guard case .ended(.voided(let receipt), _) = counter.state.phase else {
            Issue.record("\(counter.state.phase)")
            return
        }
        #expect(receipt.amount == Fen(1_500))
        #expect(scan(text, at: till) == .refused(.codeUsed))
        try arrive()
        #expect(try balance(day.eaters[0].account) == 20_000)
    }

    @Test("by face is made with the ledger's word alone, and for the order that was asked")
    func face() throws {
        let till = day.tills[0]
        let counter = try #require(till.running?.till.counter)
        func look(_ order: UInt64?) -> SaleEnding? {
            counter.recognised(
                FaceMatch(account: day.eaters[1].account, score: 990, liveness: 990, milliseconds: 0),
                order: order ?? 0)
            counter.settle()
            if case .ended(let ending, _) = counter.state.phase { return ending }
            return nil
        }
        #expect(till.ask(Fen(800)))
        #expect(look(77) == nil, "a match for another order")
        #expect(isPaid(look(counter.state.order?.number)))
        till.isOffline = true
        #expect(till.ask(Fen(800)))
        #expect(look(counter.state.order?.number) == .refused(.allowanceTooLow))
    }
}
