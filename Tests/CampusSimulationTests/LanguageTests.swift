import Canteen
import Crypto
import LedgerProtocol
import Platform
import Recogniser
import Scanner
import Simulator
import Testing
import Voice

@testable import Ledger
@testable import Terminal

/// From what the ledger's books say to what the voice is asked for, with everything between that the real terminal has.
@Suite("The holder's language")
struct LanguageTests {
    private func say(_ language: String?, to account: Int64, _ house: LedgerHouse, _ time: any TimeSource) throws {
        let desk = AccountDesk(
            store: house.store, keys: Grounds.shared.ledgerKeys, time: time,
            caller: Caller(role: .cardCentre, label: "a test"))
        _ = try desk.setLanguage(account: account, to: language)
    }

    @Test("goes from the account to a kiosk's voice, with a refusal too, and to nobody who comes after")
    func kiosk() throws {
        let campus = try Campus(seed: 1)
        campus.isStormy = false
        let kiosk = campus.kiosks[0]
        let holders = campus.holders.filter { $0.hasAccount && !$0.isLost }
        let visitor = try #require(holders.first { $0.cards.count == 2 })
        let other = try #require(holders.first { $0 !== visitor })
        let key = RosterKey(bytes: Grounds.shared.rosterKey)
        let account = try #require(
            campus.house.store.read { try $0.holderAccount(of: HolderHash(holderNumber: visitor.number, key: key)) })
        try say("en", to: account.number, campus.house, campus.time)
        func tap(_ card: HeldCard) -> [String?] {
            _ = campus.tap(card, at: kiosk)
            #expect(!kiosk.said.isEmpty)
            return kiosk.said.map(\.language)
        }
        #expect(tap(visitor.cards[0]).allSatisfy { $0 == "en" })
        #expect(kiosk.said.first?.utterance.id == .activated)
        #expect(tap(visitor.cards[1]) == ["en"])
        #expect(kiosk.said.map(\.utterance.id) == [.activeElsewhere])
        #expect(tap(other.cards[0]).allSatisfy { $0 == nil })
        #expect(tap(visitor.cards[0]) == ["en"])
        let foreign = try #require(campus.cards.first { $0.holder == nil })
        #expect(tap(foreign) == [nil] && kiosk.said.map(\.utterance.id) == [.unknownCard])
        #expect(tap(visitor.cards[0]) == ["en"])
        // The roster names no language: what the ledger said a moment ago may have been about somebody else.
        kiosk.link.isDown = true
        #expect(tap(visitor.cards[0]) == [nil])
        #expect(campus.violations.isEmpty)
    }

    @Test("goes from the account to a till's voice, for card and face, and only where the ledger has just said it")
    func till() throws {
        let day = try CanteenDay(seed: 1, canteens: 1, tillsEach: 1, holders: 2)
        let till = day.tills[0]
        try say("en", to: Int64(day.eaters[0].account), day.house, day.time)
        func pay(_ eater: Int, _ fen: Int64) -> [String?] {
            #expect(till.ask(Fen(fen)))
            _ = till.tap(day.eaters[eater].card)
            #expect(!till.said.isEmpty)
            return till.said.map(\.language)
        }
        #expect(pay(0, 1_500).allSatisfy { $0 == "en" })
        #expect(pay(1, 1_500).allSatisfy { $0 == nil })
        _ = try AccountDesk(
            store: day.house.store, keys: Grounds.shared.ledgerKeys, time: day.time,
            caller: Caller(role: .app, label: "a test")
        ).reportLost(account: Int64(day.eaters[0].account))
        #expect(pay(0, 900) == ["en"] && till.said.map(\.utterance.id) == [.reportedLost])
        #expect(try look(0, till) == "en" && till.told?.prompts == [.reportedLost])
        // From now on the till knows by itself: the ledger is not asked, and what it said before is forgotten.
        // Longer than from one heartbeat to the next.
        day.time.advance(milliseconds: 4_000)
        till.sync()
        #expect(try look(0, till) == nil && till.told?.prompts == [.reportedLost])
        #expect(pay(0, 900) == [nil] && till.said.map(\.utterance.id) == [.reportedLost])
    }

    /// Asks for a meal's price, lets the recogniser know somebody, and answers in which language that was told.
    private func look(_ eater: Int, _ till: CanteenTill) throws -> String? {
        #expect(till.ask(Fen(700)))
        let counter = try #require(till.running?.till.counter)
        counter.recognised(
            FaceMatch(account: till.day.eaters[eater].account, score: 990, liveness: 990, milliseconds: 0),
            order: try #require(counter.state.order?.number))
        counter.settle()
        return till.told?.language
    }

    @Test("comes with a payment code that the ledger was asked about, and not with one that was refused before")
    func code() throws {
        let day = try CanteenDay(seed: 1, canteens: 1, tillsEach: 1, holders: 1)
        let till = day.tills[0]
        try say("en", to: Int64(day.eaters[0].account), day.house, day.time)
        let (now, phone) = (day.time.wallMilliseconds(), Curve25519.Signing.PrivateKey())
        let certificate = try #require(
            AccountCertificate(
                account: day.eaters[0].account, notBeforeMilliseconds: now - 1_000,
                notAfterMilliseconds: now + 86_400_000, offlineCapFen: 4_000,
                deviceKey: Array(phone.publicKey.rawRepresentation))
        ).signed(by: Grounds.shared.ledgerKeys.signingKey)
        let text = try PaymentCode.make(certificate: certificate, deviceKey: phone, wallMilliseconds: now).text
        for (prompt, language) in [(PromptID.paidAmount, "en"), (.codeInvalid, nil as String?)] {
            #expect(till.ask(Fen(1_500)))
            let counter = try #require(till.running?.till.counter)
            counter.scanned(.code(Scan(text: text)))
            counter.settle()
            #expect(till.told?.prompts.first == prompt && till.told?.language == language)
            counter.press(.clear)
        }
    }
}
