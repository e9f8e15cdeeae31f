import Foundation
import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Sales are advised on, and days are closed", .onBothDatabases)
struct ClosingTests {
    /// What a terminal makes of its own slots.
    private func closing(_ slots: [[UInt8]], from first: UInt64 = 1, epoch: UInt32 = 7) throws -> Closing {
        var tally = ClosingTally()
        for slot in try slots.map(Slot.init(decoding:)) { tally.add(type: slot.type.rawValue, payload: slot.payload) }
        return tally.closing(
            day: "2026-09-01", epoch: epoch, first: first, last: first + UInt64(slots.count) - 1,
            chainHead: slots.last.map { Slot.mac(of: $0).bytes.hex() } ?? ChainMAC.start.bytes.hex())
    }

    private func close(_ closing: Closing, _ books: TestBooks) throws -> ClosingAnswer {
        try books.service.close(closing, terminal: 1, token: TestBooks.token)
    }

    private func day() -> TestTerminal {
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        terminal.sale(1, fen: 1_200)
        let sold = terminal.sale(1, fen: 800)
        terminal.sale(1, fen: 800, result: .voided, related: sold)
        terminal.sale(2, fen: 500, account: 9_999_999)
        return terminal
    }

    @Test("A day that has arrived whole agrees, figure by figure, and is answered the same for ever")
    func whole() throws {
        let books = try TestBooks()
        let terminal = day()
        try books.upload(terminal.slots, first: 1)
        let closing = try closing(terminal.slots)
        let answer = try close(closing, books)
        #expect(answer.agrees && answer.findings.isEmpty && answer.ledger == closing)
        // An account that was never opened: authentic, and nobody's yet.
        #expect(answer.inSuspense == 1)
        let sales = closing.lines.filter { $0.type == SaleRecordType.outcome }
        #expect(sales.map(\.fen) == [2_500, 800] && sales.map(\.count) == [3, 1])
        try #expect(close(closing, books) == answer)
        try #expect(books.count("closings") == 1)
        let nothing = try self.closing([])
        try #expect(close(nothing, books).agrees)
        let stored = try StoredClosing.list(of: 1, day: "2026-09-01", from: books.store)
        #expect(stored.count == 2 && stored.allSatisfy(\.answer.agrees))
    }

    @Test("A difference is explained: not here yet, set aside, declared lost, or not at all")
    func differences() throws {
        let books = try TestBooks()
        var terminal = day()
        let closing = try closing(terminal.slots)
        try books.upload(terminal.slots.prefix(5), first: 1)
        let early = try close(closing, books)
        #expect(!early.agrees && early.findings.map(\.code) == [.notYetHere])
        #expect(early.findings.first?.first == 6 && early.findings.first?.last == closing.last)
        try books.upload(terminal.slots, first: 1)
        try #expect(close(closing, books).agrees)

        var wrong = closing
        wrong.lines[0].fen += 1
        try #expect(close(wrong, books).findings.map(\.code) == [.unexplained])

        terminal.lose(3, 4, knowingTheLink: true)
        try books.upload(terminal.slots.suffix(1), first: UInt64(terminal.slots.count))
        let lossy = try close(try self.closing(terminal.slots), books)
        #expect(!lossy.agrees && lossy.findings.map(\.code) == [.gapDeclared])

        var stranger = TestTerminal()
        stranger.activate(3)
        try #expect(books.refusal(stranger.slots, first: 1)?.code == "L-FORK")
        try #expect(books.terminals.thaw(1))
        let again = try close(try self.closing(Array(terminal.slots.prefix(2))), books)
        #expect(again.agrees && again.findings.map(\.code) == [.quarantined])
    }

    @Test("Nonsense is refused and not stored")
    func nonsense() throws {
        let books = try TestBooks()
        let good = try closing(day().slots)
        for change: (inout Closing) -> Void in [
            { $0.day = "yesterday" }, { $0.day = "2026-13-01" }, { $0.day = "2026-1-01" }, { $0.first = 0 },
            { $0.first = .max }, { $0.last = .max }, { $0.last = 2_000_000 },
            {
                $0.first = 5; $0.last = 3
            },
        ] {
            var bad = good
            change(&bad)
            #expect(throws: LedgerRefused.self) { try close(bad, books) }
        }
        try #expect(books.count("closings") == 0)
    }

    @Test("The ledger says of a sale what it would make of it, and holds nothing")
    func advice() throws {
        let books = try TestBooks(lost: [2])
        var terminal = TestTerminal()
        for card in [0, 1, 2] { terminal.activate(card) }
        terminal.sale(0, fen: 1_000, cardSequence: 3)
        try books.upload(terminal.slots, first: 1)
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(TestBooks.account(3))")
        func ask(
            _ card: Int, fen: UInt32, uid: [UInt8]? = nil, account: UInt64? = nil, serial: UInt32 = 1,
            sequence: UInt32? = nil, medium: SaleMedium = .card
        ) throws -> SaleAnswer {
            try books.service.authorize(
                SaleRequest(
                    terminal: 1, medium: medium, uid: medium == .card ? (uid ?? TestBooks.uid(card)).hex() : nil,
                    account: account ?? TestBooks.account(card), cardSerial: serial, cardSequence: sequence,
                    amountFen: fen), token: TestBooks.token)
        }
        try #expect(ask(0, fen: 4_000) == SaleAnswer(decision: .approved, balanceFen: 4_000, subsidyFen: 0))
        try #expect(ask(0, fen: 4_001) == SaleAnswer(decision: .insufficient, balanceFen: 4_000, subsidyFen: 0))
        try #expect(ask(0, fen: 0, sequence: 4).isSequenceUsed == false)
        try #expect(ask(0, fen: 0, sequence: 3).isSequenceUsed == true)
        try #expect(ask(2, fen: 1).decision == .reportedLost)
        try #expect(ask(3, fen: 1).decision == .closed)
        try #expect(ask(0, fen: 1, account: 5).decision == .unknownAccount)
        try #expect(ask(0, fen: 1, account: .max).decision == .unknownAccount)
        try #expect(ask(0, fen: 1, serial: 2).decision == .wrongCard)
        try #expect(ask(0, fen: 1, uid: TestBooks.uid(1)).decision == .wrongCard)
        try #expect(ask(0, fen: 1, uid: TestBooks.uid(9)).decision == .wrongCard)
        try #expect(ask(0, fen: 1, medium: .code).decision == .approved)
        #expect(throws: LedgerRefused.self) { try ask(0, fen: 1, uid: [1]) }
        let balance = try books.balance(0)
        #expect(balance == 4_000)
    }
}
