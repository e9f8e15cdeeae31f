import Dispatch
import LedgerProtocol
import Logging
import Platform
import Testing

@testable import Ledger

@Suite("Subsidies and payment codes", .onBothDatabases)
struct SubsidyTests {
    private func account(_ index: Int) -> Int64 { Int64(TestBooks.account(index)) }

    private func csv(_ rows: [(Int, String)]) -> [UInt8] {
        Array(("holderNumber,subsidyFen\n" + rows.map { "\(TestBooks.holder($0)),\($1)\n" }.joined()).utf8)
    }

    @discardableResult
    private func grant(_ fen: Int64, to holder: Int, _ books: TestBooks, _ reference: String = "g") throws
        -> TableReport
    {
        try books.desk(.cardCentre).importSubsidies(
            csv: csv([(holder, "\(fen)")]), reference: reference, dryRun: false)
    }

    /// Balance, debt and subsidy of a holder.
    private func view(_ holder: Int, _ books: TestBooks) throws -> [Int64] {
        let view = try books.desk().show(account: account(holder))
        return [view.balanceFen, view.debtFen, view.subsidyFen]
    }

    @Test("A file of subsidies is granted once under its reference, and what is new in a longer one too")
    func importing() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        let file = csv([(0, "5000"), (1, "3000")])
        let dry = try desk.importSubsidies(csv: file, reference: "2026-09", dryRun: true)
        #expect(dry.isDryRun && dry.new == 2 && dry.fen == 8_000)
        try #expect(books.count("requests") == 0)
        try #expect(desk.importSubsidies(csv: file, reference: "2026-09", dryRun: false).new == 2)
        let again = try desk.importSubsidies(csv: file, reference: "2026-09", dryRun: false)
        #expect(again.new == 0 && again.unchanged == 2 && again.fen == 0)
        let longer = csv([(0, "5000"), (1, "3000"), (2, "1")])
        try #expect(desk.importSubsidies(csv: longer, reference: "2026-09", dryRun: false).new == 1)
        try #expect(desk.importSubsidies(csv: file, reference: "2026-10", dryRun: false).new == 2)
        try #expect(view(0, books) == [5_000, 0, 10_000])
        try #expect(view(2, books) == [0, 0, 1])
        let lines = try books.desk().statement(account: account(1)).items
        #expect(
            lines.map(\.kind) == ["subsidy", "subsidy"] && lines.allSatisfy { $0.fen == 0 && $0.subsidyFen == 3_000 })
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("Every wrong line of a file of subsidies is named, and nothing is granted")
    func wrongLines() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        try grant(10, to: 3, books)
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(account(2))")
        let rows = [(0, "0"), (0, "1.5"), (0, "-1"), (0, "1000001"), (0, "7"), (0, "8"), (9, "5"), (2, "5"), (3, "11")]
        let problems = try LedgerTests.wrongLines {
            try desk.importSubsidies(csv: csv(rows), reference: "g", dryRun: false)
        }
        let wrong = "subsidyFen: expected 1 to 1000000, whole fen"
        let nobody =
            "holderNumber: no account is open for this number: take the line out, and grant it when there is one"
        #expect(
            problems == [
                "2: \(wrong)", "3: \(wrong)", "4: \(wrong)", "5: \(wrong)", "7: holderNumber: the same as in line 6",
                "8: \(nobody)", "9: \(nobody)",
                "10: 10 fen are granted under this reference already: grant more under another",
            ])
        for reference in ["", "a b", "a:b", String(repeating: "r", count: 65)] {
            try #expect(
                refusal { try desk.importSubsidies(csv: csv([(0, "1")]), reference: reference, dryRun: false) }
                    == "L-MALFORMED")
        }
        try #expect(books.count("requests") == 1)
    }

    @Test("A sale takes the subsidy first, then the balance, and the rest is owed, in one transfer")
    func order() throws {
        let books = try TestBooks()
        try grant(300, to: 1, books)
        _ = try books.desk().topUp(account: account(1), fen: 500, reference: "t")
        var terminal = TestTerminal()
        terminal.activate(1)
        var sent = 0
        for (sale, expected) in [
            (UInt32(100), [Int64(500), 0, 200]), (450, [250, 0, 0]), (400, [0, 150, 0]), (10, [0, 160, 0]),
        ] {
            terminal.sale(1, fen: sale, cardSequence: UInt32(terminal.next))
            try books.upload(terminal.slots[sent...], first: UInt64(sent) + 1)
            sent = terminal.slots.count
            try #expect(view(1, books) == expected, "after \(sale)")
        }
        try #expect(books.count("transfers WHERE kind = 'sale'") == 4)
        let lines = try books.desk().statement(account: account(1)).items
        // Those that the subsidy has paid whole, or that went wholly into the debt, are there too.
        #expect(lines.filter { $0.kind == "sale" }.map(\.fen).sorted() == [-400, -250, -10, 0])
        #expect(lines.reduce(0) { $0 + $1.subsidyFen } == 0)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A sale taken back gives the subsidy its part back, a refund is money, and what is owed is paid first")
    func givingBack() throws {
        for isInOneUpload in [true, false] {
            let books = try TestBooks()
            try grant(300, to: 1, books)
            var terminal = TestTerminal()
            terminal.activate(1)
            let sale = terminal.sale(1, fen: 500)
            if !isInOneUpload { try books.upload(terminal.slots, first: 1) }
            terminal.sale(1, fen: 80, cardSequence: 4)
            terminal.sale(1, fen: 500, result: .voided, related: sale, cardSequence: 4)
            try books.upload(terminal.slots, first: 1)
            // 200 and then 80 were owed: the void pays 200 of them, and returns 300 to the subsidy.
            try #expect(view(1, books) == [0, 80, 300])
            terminal.sale(1, fen: 100, result: .refunded, related: 0, cardSequence: 4)
            try books.upload(terminal.slots, first: 1)
            try #expect(view(1, books) == [20, 0, 300])
            try #expect(LedgerCheck.run(on: books.store).violations == [])
        }
    }

    @Test("A sale from suspense, and one in doubt, take the subsidy first; taken back, it has it again")
    func suspense() throws {
        let books = try TestBooks()
        let desk = books.desk()
        try grant(300, to: 1, books)
        var (first, other) = (TestTerminal(1), TestTerminal(2))
        first.sale(1, fen: 250, account: 1_999_999)
        first.sale(1, fen: 120, result: .inDoubt, cardSequence: 5)
        try books.upload(first.slots, first: 1)
        try desk.resolve(record: "1/7/2", as: .charge(account: account(1)), note: "found out")
        try #expect(view(1, books) == [0, 0, 50])
        other.sale(1, fen: 10, cardSequence: 6)
        try books.upload(other.slots, first: 1, terminal: 2)
        // The sale in doubt came before it: 50 from the subsidy, 70 owed.
        try #expect(view(1, books) == [0, 80, 0])
        first.word(1, fen: 120, of: 4, result: .undone, cardSequence: 5)
        try books.upload(first.slots, first: 1)
        try #expect(view(1, books) == [0, 10, 50])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        // What is no meal never comes from it.
        _ = try desk.topUp(account: account(1), fen: 1_010, reference: "t")
        _ = try desk.replaceCard(account: account(1), cardSerial: 1, reason: .broken, reference: "c")
        try #expect(view(1, books) == [0, 0, 50])
        _ = try desk.reverseTopUp(account: account(1), of: "t", reference: "b")
        try #expect(view(1, books) == [0, 1_010, 50])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A payment code pays once, at one terminal or at two; every further use waits with its money for a person")
    func codes() throws {
        let books = try TestBooks()
        let desk = books.desk()
        _ = try desk.topUp(account: account(1), fen: 1_000, reference: "t")
        var (first, other) = (TestTerminal(1), TestTerminal(2))
        first.codeSale(1, fen: 100, code: .max)
        first.codeSale(1, fen: 100, code: .max)
        first.codeSale(1, fen: 50, code: 7)
        first.codeSale(2, fen: 50, code: 7)
        first.codeSale(1, fen: 1, code: 0)
        first.codeSale(1, fen: 1, code: 0)
        other.codeSale(1, fen: 200, code: .max)
        other.codeSale(1, fen: 60, code: 7, account: 1_999_999)
        other.codeSale(1, fen: 60, code: 8)
        try books.upload(first.slots, first: 1)
        try books.upload(other.slots, first: 1, terminal: 2)
        try #expect(books.reasons() == ["code-used-twice", "code-used-twice", "unknown-account"])
        try #expect(view(1, books) == [1_000 - 100 - 50 - 2 - 60, 0, 0] && view(2, books) == [0, 50, 0])
        let items = try desk.suspense()
        #expect(items.map(\.isSale) == [true, true, true] && items[0].detail.contains("first used for 1/7/1"))
        try desk.resolve(record: "1/7/2", as: .charge(account: account(1)), note: "he has paid for a friend")
        try desk.resolve(record: "2/7/1", as: .writeOff, note: "a copied code")
        try #expect(view(1, books) == [688, 0, 0])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        for damage in [
            "DELETE FROM codes WHERE code_hash = 8", "UPDATE codes SET sequence = 2 WHERE code_hash = 8",
            "UPDATE codes SET code_hash = 9 WHERE code_hash = 8",
        ] {
            #expect(throws: Rollback.self) {
                try books.store.write { transaction in
                    try transaction.execute(damage)
                    try #expect(!LedgerCheck.findings(in: transaction).holds, "\(damage)")
                    throw Rollback()
                }
            }
        }
    }

    private struct Rollback: Error {}

    @Test("A code shown to two instances at the same time pays once")
    func codesAtOnce() throws {
        let books = try TestBooks(terminals: 2)
        let second = try LedgerDatabase.open(books.place, mode: .existing)
        let other = LedgerService(
            store: second, keys: books.keys, time: books.time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var terminals = [TestTerminal(1), TestTerminal(2)]
        for index in 0...1 { for code in UInt64(1)...60 { terminals[index].codeSale(1, fen: 1, code: code) } }
        for number in UInt16(1)...2 {
            try books.store.write { try $0.register(epoch: 7, of: number, reason: "a test", now: 0) }
        }
        let slots = terminals.map(\.slots)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            let service = index == 0 ? books.service : other
            for start in stride(from: 0, to: 60, by: 10) {
                #expect(throws: Never.self) {
                    _ = try service.ingest(
                        terminal: UInt16(index) + 1, token: TestBooks.token, epoch: 7, first: UInt64(start) + 1,
                        body: Array(slots[index][start..<start + 10].joined()))
                }
            }
        }
        try #expect(view(1, books) == [0, 60, 0])
        try #expect(books.count("suspense WHERE reason = 'code-used-twice'") == 60)
        try second.close()
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }
}
