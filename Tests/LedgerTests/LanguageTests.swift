import Foundation
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("In which language a holder is spoken to", .onBothDatabases)
struct LanguageTests {
    private func account(_ index: Int) -> Int64 { Int64(TestBooks.account(index)) }

    private func permit(_ holder: Int, _ card: Int, _ books: TestBooks) throws -> PermitAnswer {
        try books.service.permit(
            PermitRequest(terminal: 1, uid: TestBooks.uid(card).hex(), holder: books.hash(holder).bytes.hex()),
            token: TestBooks.token)
    }

    private func advice(_ index: Int, fen: UInt32 = 1, card: Int? = nil, pin: String? = nil, _ books: TestBooks) throws
        -> SaleAnswer
    {
        try books.service.authorize(
            SaleRequest(
                terminal: 1, medium: card == nil ? .code : .card, uid: card.map { TestBooks.uid($0).hex() },
                account: TestBooks.account(index), cardSerial: card == nil ? 0 : 1, amountFen: fen, pin: pin),
            token: TestBooks.token)
    }

    @Test("The app and the card centre set it, others may not; it is shown, written down, and taken away again")
    func setting() throws {
        let books = try TestBooks()
        #expect(try books.desk().show(account: account(1)).language == nil)
        for role in [Role.app, .cardCentre] {
            let desk = books.desk(role)
            try #expect(desk.setLanguage(account: account(1), to: "en").language == "en")
            try #expect(desk.show(account: account(1)).language == "en")
            try #expect(desk.show(account: account(2)).language == nil)
            try #expect(desk.setLanguage(account: account(1), to: nil).language == nil)
        }
        try #expect(
            refusal { try books.desk(.auditor).setLanguage(account: account(1), to: "en") } == "L-ROLE")
        let entries = try books.desk(.auditor).auditTrail(account: account(1), limit: 200).items
        #expect(entries.filter { $0.action == "language-set" }.map(\.detail).sorted() == ["en", "en", "none", "none"])
        try #expect(refusal { try books.desk().setLanguage(account: 1_999_999, to: "en") } == "L-NO-ACCOUNT")
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A tag is kept as voices spell it, whatever the case; what is no tag is refused, by the database too")
    func tags() throws {
        let books = try TestBooks()
        let desk = books.desk()
        for (given, kept) in [
            ("en", "en"), ("ZH-cn", "zh-CN"), ("zh-hans-cn", "zh-Hans-CN"), ("yue", "yue"), ("es-419", "es-419"),
            ("sl-Rozaj-BISKE-x", "sl-rozaj-biske-x"),
        ] {
            try #expect(desk.setLanguage(account: account(1), to: given).language == kept)
        }
        for tag in [
            "", "e", "-", "en-", "-en", "en--GB", "e1", "english!", "englishes", "en_GB", "en-123456789", " en", "中文",
            "en\0", "zh-Hans-CN-x-abcd",
        ] {
            try #expect(refusal { try desk.setLanguage(account: account(1), to: tag) } == "L-MALFORMED", "\(tag)")
        }
        for text in ["e", "zh-Hans-CN-x-abcd"] {
            #expect(throws: (any Error).self) {
                try books.execute("UPDATE accounts SET language = '\(text)' WHERE number = \(account(1))")
            }
        }
        try #expect(desk.show(account: account(1)).language == "sl-rozaj-biske-x")
    }

    @Test("Whatever a kiosk is told about a known account, a refusal too, it is told the language with it")
    func permits() throws {
        let books = try TestBooks(holders: 5, lost: [3])
        for index in 0..<5 where index != 4 { _ = try books.desk().setLanguage(account: account(index), to: "en") }
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        for (holder, card, decision) in [
            (0, 0, PermitAnswer.Decision.granted), (1, 1, .alreadyActive), (1, 9, .activeElsewhere),
            (2, 1, .activeElsewhere), (3, 3, .reportedLost),
        ] {
            let answer = try permit(holder, card, books)
            #expect(answer.decision == decision && answer.language == "en", "\(answer)")
        }
        try #expect(permit(4, 4, books).language == nil, "nobody has said")
        try #expect(permit(77, 7, books) == PermitAnswer(decision: .noAccount))
        try ActivationPeriod.setEnd(0, in: books.store, actor: "a test", time: books.time)
        try #expect(permit(2, 2, books) == PermitAnswer(decision: .activationClosed, language: "en"))
    }

    @Test("Whatever a till is told about a known account, a refusal too, it is told the language with it")
    func sales() throws {
        let books = try TestBooks(holders: 5, lost: [3])
        for index in 0..<5 { _ = try books.desk().setLanguage(account: account(index), to: "en") }
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(account(4))")
        try books.desk(.app).setPin(account: account(0), to: "918273")
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        var answers = [
            try advice(0, books), try advice(1, fen: 9, books), try advice(3, books), try advice(4, books),
            try advice(2, card: 1, books),
        ]
        for _ in 0..<6 { answers.append(try advice(0, pin: "000000", books)) }
        #expect(
            answers.map(\.decision) == [.approved, .insufficient, .reportedLost, .closed, .wrongCard]
                + [SaleAnswer.Decision](repeating: .wrongPin, count: 5) + [.pinLocked])
        #expect(answers.allSatisfy { $0.language == "en" }, "\(answers)")
        try #expect(advice(77, books) == SaleAnswer(decision: .unknownAccount))
        _ = try books.desk().setLanguage(account: account(1), to: nil)
        try #expect(advice(1, fen: 9, books).language == nil)
    }
}
