import Foundation
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("What a terminal is told of a sale", .onBothDatabases)
struct SaleAdviceTests {
    private let account = Int64(TestBooks.account(1))

    private func ask(
        _ books: TestBooks, fen: UInt32, medium: SaleMedium = .code, day: Int64? = nil, meal: Int64? = nil,
        pin: String? = nil
    ) throws -> SaleAnswer {
        try books.service.authorize(
            SaleRequest(
                terminal: 1, medium: medium, uid: medium == .card ? TestBooks.uid(1).hex() : nil,
                account: TestBooks.account(1), cardSerial: medium == .card ? 1 : 0, amountFen: fen,
                dayStartMilliseconds: day, mealStartMilliseconds: meal, pin: pin), token: TestBooks.token)
    }

    @Test("The balance has to cover what the subsidy does not")
    func subsidy() throws {
        let books = try TestBooks()
        _ = try books.desk().topUp(account: account, fen: 500, reference: "t")
        _ = try books.desk().importSubsidies(
            csv: Array("holderNumber,subsidyFen\n\(TestBooks.holder(1)),300\n".utf8), reference: "g", dryRun: false)
        for (fen, decision, part) in [
            (UInt32(0), SaleAnswer.Decision.approved, Int64(0)), (200, .approved, 200), (800, .approved, 300),
            (801, .insufficient, 300),
        ] {
            try #expect(
                ask(books, fen: fen) == SaleAnswer(decision: decision, balanceFen: 500, subsidyFen: part), "\(fen)")
        }
    }

    @Test("It says what was spent since the day and the meal began, with whatever was taken back or waits left out")
    func spent() throws {
        let books = try TestBooks()
        // The terminal's clock gives record n the time 1_790_000_000_000 + n.
        func since(_ record: Int64) -> Int64 { 1_790_000_000_000 + record }
        var (terminal, other) = (TestTerminal(1), TestTerminal(2))
        terminal.activate(1)
        terminal.sale(1, fen: 1_000, cardSequence: 2)
        let back = terminal.sale(1, fen: 400, cardSequence: 3)
        terminal.sale(1, fen: 400, result: .voided, related: back, cardSequence: 3)
        terminal.codeSale(1, fen: 70, code: 5)
        terminal.codeSale(1, fen: 70, code: 5)
        terminal.sale(1, fen: 20, result: .refunded, related: 0, cardSequence: 3)
        terminal.sale(1, fen: 9, result: .undone, cardSequence: 4)
        terminal.sale(1, fen: 300, result: .inDoubt, cardSequence: 4)
        terminal.sale(1, fen: 8, result: .inDoubt, cardSequence: 6)
        try books.upload(terminal.slots, first: 1)
        other.sale(1, fen: 0, cardSequence: 5)
        try books.upload(other.slots, first: 1, terminal: 2)
        for medium in [SaleMedium.card, .code] {
            let answer = try ask(books, fen: 1, medium: medium, day: since(0), meal: since(5))
            #expect(answer.spentTodayFen == Int64(1_350))
            #expect(answer.spentMealFen == Int64(350))
            try #expect(ask(books, fen: 1, medium: medium, meal: since(5)).spentTodayFen == nil)
            try #expect(ask(books, fen: 1, medium: medium, day: since(1_000)).spentTodayFen == 0)
        }
        try #expect(ask(books, fen: 1).spentTodayFen == nil)
    }

    @Test("A PIN that comes along counts as every guess: a wrong one is told, five lock, and a right one ends the row")
    func pins() throws {
        let books = try TestBooks()
        _ = try books.desk().topUp(account: account, fen: 500, reference: "t")
        try #expect(ask(books, fen: 1, pin: "123456") == SaleAnswer(decision: .wrongPin, pinAccepted: false))
        try books.desk(.app).setPin(account: account, to: "123456")
        for round in 0..<2 {
            for _ in 0..<4 {
                try #expect(ask(books, fen: 1, pin: "000000") == SaleAnswer(decision: .wrongPin, pinAccepted: false))
            }
            let right = try ask(books, fen: 501, pin: "123456")
            #expect(right.pinAccepted == true && right.decision == .insufficient && right.balanceFen == 500, "\(round)")
        }
        for _ in 0..<5 { _ = try ask(books, fen: 1, pin: "000000") }
        let locked = try ask(books, fen: 1, pin: "123456")
        #expect(locked.decision == .pinLocked && locked.pinAccepted == false && locked.balanceFen == nil)
        #expect(locked.pinLockedUntilMilliseconds == books.time.milliseconds + 15 * 60_000)
        // Without a PIN nothing is locked: what a sale needs is the terminal's to decide.
        try #expect(ask(books, fen: 1).decision == .approved)
        // The card centre's guesses and the terminals' are the same row.
        try #expect(refusal { try books.desk(.cardCentre).verifyPin(account: account, "123456") } == "L-PIN-LOCKED")
        books.time.milliseconds += 15 * 60_000
        try #expect(ask(books, fen: 1, pin: "123456").pinAccepted == true)
        for pin in ["", "12345", "１２３４５６", "12345a"] {
            try #expect(refusal { try ask(books, fen: 1, pin: pin) } == "L-MALFORMED")
        }
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("What is refused anyway costs no guess and tells nothing, and no PIN is ever written or shown")
    func secrecy() throws {
        let books = try TestBooks()
        try books.desk(.app).setPin(account: account, to: "918273")
        _ = try books.administration.reportLost(holderNumber: TestBooks.holder(1))
        try #expect(ask(books, fen: 1, pin: "918274") == SaleAnswer(decision: .reportedLost))
        try #expect(books.count("accounts WHERE pin_failures > 0") == 0)
        _ = try books.administration.reportFound(holderNumber: TestBooks.holder(1))
        _ = try ask(books, fen: 1, pin: "918274")
        _ = try ask(books, fen: 1, pin: "918273")
        let entries = try books.desk(.auditor).auditTrail(limit: 200).items
        #expect(entries.count { $0.actor == "terminal 1" && $0.action == "pin-verify" } == 2)
        for secret in ["918273", "918274"] { #expect(!"\(entries)".contains(secret)) }
        var request = SaleRequest(terminal: 1, medium: .card, uid: "04a1b2c3", account: 5, amountFen: 7)
        request.pin = "918273"
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), "\([request])", dumped] {
            #expect(!text.contains("918273") && !text.contains("04a1b2c3"), "\(text)")
        }
    }

    @Test("Terminals and ledgers of before understand each other: what they do not know is absent")
    func olderOnes() throws {
        let old = Data(#"{"terminal":1,"medium":2,"account":5,"cardSerial":0,"amountFen":7}"#.utf8)
        let request = try JSONDecoder().decode(SaleRequest.self, from: old)
        #expect(request == SaleRequest(terminal: 1, medium: .code, account: 5, amountFen: 7))
        let encoded = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
        for name in ["pin", "Start"] { #expect(!encoded.contains(name)) }
        let answer = try JSONDecoder().decode(
            SaleAnswer.self, from: Data(#"{"decision":"approved","balanceFen":3}"#.utf8))
        #expect(answer == SaleAnswer(decision: .approved, balanceFen: 3))
    }
}
