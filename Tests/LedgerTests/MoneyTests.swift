import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Money of people", .onBothDatabases)
struct MoneyTests {
    private func account(_ index: Int) -> Int64 { Int64(TestBooks.account(index)) }

    @Test("A reference is kept for ever: the same request is answered as the first time, another one is refused")
    func references() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        let first = try desk.topUp(account: account(1), fen: 5_000, reference: "r-1")
        #expect(first.balanceFen == 5_000 && first.fen == 5_000)
        _ = try desk.topUp(account: account(1), fen: 1, reference: "r-2")
        books.time.milliseconds += 10 * 365 * 86_400_000
        try #expect(desk.topUp(account: account(1), fen: 5_000, reference: "r-1") == first)
        try #expect(desk.show(account: account(1)).balanceFen == 5_001)
        try #expect(refusal { try desk.topUp(account: account(1), fen: 5_001, reference: "r-1") } == "L-REFERENCE")
        try #expect(refusal { try desk.topUp(account: account(2), fen: 5_000, reference: "r-1") } == "L-REFERENCE")
        try #expect(
            refusal { try books.desk().moveOldBalance(account: account(1), fen: 5_000, reference: "r-1") }
                == "L-REFERENCE")
        // A refusal has done nothing, and is not kept.
        let centre = books.desk(.cardCentre)
        try #expect(
            refusal { try centre.replaceCard(account: account(2), cardSerial: 1, reason: .lost, reference: "r-3") }
                == "L-BALANCE")
        _ = try desk.topUp(account: account(2), fen: 1_500, reference: "r-4")
        let replaced = try centre.replaceCard(account: account(2), cardSerial: 1, reason: .lost, reference: "r-3")
        #expect(replaced.fen == -1_000 && replaced.balanceFen == 500 && replaced.cardSerial == 2)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("What cannot be right is refused before anything moves")
    func limits() throws {
        let books = try TestBooks()
        let desk = books.desk()
        let account = account(1)
        for fen in [0, -1, AccountDesk.topUpLimit + 1, .max, .min] {
            try #expect(
                refusal { try desk.topUp(account: account, fen: fen, reference: "r") } == "L-MALFORMED", "\(fen)")
            try #expect(
                refusal { try desk.moveOldBalance(account: account, fen: fen, reference: "r") } == "L-MALFORMED")
        }
        for reference in ["", "a b", "a:b", "学", String(repeating: "r", count: 65), "a\0"] {
            try #expect(refusal { try desk.topUp(account: account, fen: 1, reference: reference) } == "L-MALFORMED")
        }
        for number: Int64 in [1, 0, -1, .min] {
            try #expect(refusal { try desk.topUp(account: number, fen: 1, reference: "r") } == "L-MALFORMED")
        }
        for number: Int64 in [1_999_999, .max] {
            try #expect(refusal { try desk.topUp(account: number, fen: 1, reference: "r") } == "L-NO-ACCOUNT")
        }
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(account)")
        try #expect(refusal { try desk.topUp(account: account, fen: 1, reference: "r") } == "L-CLOSED")
        // Staff have had their balance carried over.
        try #expect(
            refusal { try desk.moveOldBalance(account: self.account(0), fen: 1, reference: "r") } == "L-STAFF")
        try #expect(books.count("requests") == 0)
    }

    @Test("A top-up pays what is owed first, and taking it back makes a debt of what is spent")
    func debts() throws {
        let books = try TestBooks()
        let desk = books.desk()
        let account = account(1)
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 800)
        try books.upload(terminal.slots, first: 1)
        try #expect(desk.show(account: account).debtFen == 800)
        let topUp = try desk.topUp(account: account, fen: 1_000, reference: "t")
        #expect(topUp.balanceFen == 200 && topUp.debtFen == 0 && topUp.fen == 1_000)
        let back = try desk.reverseTopUp(account: account, of: "t", reference: "b")
        #expect(back.balanceFen == 0 && back.debtFen == 800 && back.fen == -1_000)
        try #expect(desk.reverseTopUp(account: account, of: "t", reference: "b") == back)
        try #expect(refusal { try desk.reverseTopUp(account: account, of: "t", reference: "b2") } == "L-REVERSED")
        try #expect(refusal { try desk.reverseTopUp(account: account, of: "x", reference: "b3") } == "L-NO-TOP-UP")
        try #expect(
            refusal { try desk.reverseTopUp(account: self.account(2), of: "t", reference: "b4") } == "L-NO-TOP-UP")
        try #expect(refusal { try desk.reverseTopUp(account: account, of: "b", reference: "b5") } == "L-NO-TOP-UP")
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A small purse is paid by a terminal or by the card centre, whoever comes first, and never by both")
    func purses() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        try books.upload(terminal.slots, first: 1)
        try #expect(
            refusal {
                try desk.registerSmallPurse(account: account(1), uid: TestBooks.uid(1), fen: 350, reference: "p1")
            } == "L-PURSE-PAID")
        let paid = try desk.registerSmallPurse(account: account(2), uid: TestBooks.uid(2), fen: 80, reference: "p2")
        #expect(paid.balanceFen == 80)
        terminal.activate(2, purse: 80)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(2) == 80)
        // A terminal could not read it: the card centre does.
        terminal.activate(3, purse: nil)
        try books.upload(terminal.slots, first: 1)
        _ = try desk.registerSmallPurse(account: account(3), uid: TestBooks.uid(3), fen: 5, reference: "p3")
        try #expect(
            refusal { try desk.registerSmallPurse(account: account(2), uid: TestBooks.uid(3), fen: 5, reference: "p4") }
                == "L-CARD")
        for uid in [[], [1], [UInt8](repeating: 1, count: 11)] {
            try #expect(
                refusal { try desk.registerSmallPurse(account: account(2), uid: uid, fen: 5, reference: "p5") }
                    == "L-MALFORMED")
        }
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A purse is not paid again though its card comes back under the account's next serial")
    func purseAfterReplacement() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        var terminal = TestTerminal()
        let intent = terminal.intent(1)
        terminal.outcome(1, after: intent, purse: 90, result: .chipDefective)
        try books.upload(terminal.slots, first: 1)
        _ = try desk.registerSmallPurse(account: account(1), uid: TestBooks.uid(1), fen: 90, reference: "p")
        _ = try desk.replaceCard(account: account(1), cardSerial: 1, reason: .broken, reference: "c")
        terminal.outcome(1, serial: 2, purse: 90)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(1) == 90)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A purse that goes into a debt, in part or whole, keeps the books right")
    func purseIntoDebt() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 500)
        terminal.outcome(1, purse: 300)
        terminal.activate(2)
        terminal.sale(2, fen: 100)
        terminal.outcome(2, purse: 300)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(1) == 0 && books.balance(2) == 200)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("The statement names every movement, also those that went wholly into a debt, page by page")
    func statement() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        let account = account(1)
        var terminal = TestTerminal()
        terminal.activate(1, purse: 50)
        terminal.sale(1, fen: 80)
        terminal.sale(1, fen: 20, cardSequence: 4)
        try books.upload(terminal.slots, first: 1)
        for index in 0..<7 {
            books.time.milliseconds += 1_000
            _ = try desk.topUp(account: account, fen: 30, reference: "t\(index)")
        }
        let whole = try desk.statement(account: account)
        #expect(whole.items.count == 10 && whole.next == nil)
        #expect(whole.items.first?.balanceFen == 160)
        try #expect(whole.items.reduce(0) { $0 + $1.fen } == desk.show(account: account).balanceFen)
        #expect(whole.items.filter { $0.kind == "sale" }.map(\.fen).sorted() == [-80, -20])
        for limit in 1...11 {
            var pages: [StatementLine] = []
            var before: String?
            repeat {
                let page = try desk.statement(account: account, before: before, limit: limit)
                pages += page.items
                before = page.next
            } while before != nil
            #expect(pages == whole.items, "\(limit) a page")
        }
        for (limit, before) in [(0, nil), (201, nil), (-1, nil), (1, "x"), (1, "00"), (1, "31"), (1, "312061ff")] {
            try #expect(
                refusal { try desk.statement(account: account, before: before, limit: limit) } == "L-MALFORMED",
                "\(limit) \(before ?? "-")")
        }
        try #expect(refusal { try desk.statement(account: 1_999_999) } == "L-NO-ACCOUNT")
    }

    @Test("After thousands of random operations the sum is zero and every invariant holds")
    func randomRun() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let books = try TestBooks(holders: 12)
        let desk = books.desk()
        var terminal = TestTerminal()
        var sent = 0
        var (done, refused) = (0, 0)
        for _ in 0..<1_200 {
            let index = Int.random(in: 0..<12, using: &random)
            let account = account(index)
            let fen = Int64.random(in: 1...3_000, using: &random)
            // Few references, so that many come back.
            let reference = "r\(Int.random(in: 0..<400, using: &random))"
            do {
                switch Int.random(in: 0..<9, using: &random) {
                case 0...2: _ = try desk.topUp(account: account, fen: fen, reference: reference)
                case 3: _ = try desk.moveOldBalance(account: account, fen: fen, reference: reference)
                case 4:
                    _ = try desk.reverseTopUp(
                        account: account, of: "r\(Int.random(in: 0..<400, using: &random))", reference: reference)
                case 5:
                    _ = try desk.registerSmallPurse(
                        account: account, uid: TestBooks.uid(index), fen: fen, reference: reference)
                case 6:
                    let serial = try desk.show(account: account).cardSerial
                    _ = try desk.replaceCard(
                        account: account, cardSerial: serial,
                        reason: ReplacementReason.allCases.randomElement(using: &random) ?? .lost, reference: reference)
                case 7:
                    let item = try desk.suspense().randomElement(using: &random)
                    guard let item else { continue }
                    let way: SuspenseResolution =
                        !item.isSale ? .dismiss : Bool.random(using: &random) ? .charge(account: account) : .writeOff
                    try desk.resolve(record: item.record, as: way, note: "random")
                default:
                    terminal.activate(index, purse: Int64.random(in: 0...400, using: &random))
                    terminal.sale(
                        index, fen: UInt32.random(in: 0...2_000, using: &random),
                        cardSequence: UInt32(terminal.next))
                    try books.upload(terminal.slots[sent...], first: UInt64(sent) + 1)
                    sent = terminal.slots.count
                }
                done += 1
            } catch is LedgerRefused {
                refused += 1
            }
        }
        let findings = try LedgerCheck.run(on: books.store)
        #expect(findings.violations == [], "seed \(seed)")
        #expect(findings.sumFen == 0)
        var lines: [Int64: Int64] = [:]
        for index in 0..<12 {
            let view = try desk.show(account: account(index))
            var before: String?
            repeat {
                let page = try desk.statement(account: account(index), before: before, limit: 200)
                lines[account(index), default: 0] += page.items.reduce(0) { $0 + $1.fen }
                before = page.next
            } while before != nil
            #expect(lines[account(index)] == view.balanceFen - view.debtFen, "seed \(seed)")
        }
        print(
            "money run on \(TestDatabase.current): seed \(seed), \(done) done, \(refused) refused, "
                + "\(findings.transfers) transfers, sum \(findings.sumFen)")
    }

    @Test("A check finds what somebody did to the money of people behind the ledger's back")
    func violations() throws {
        let damages = [
            "INSERT INTO transfers (id, kind, reason, created_ms, lines) VALUES ('x', 'top-up', '', 0, 2); "
                + "INSERT INTO postings VALUES ('x', 4, -5), ('x', \(account(2)), 5); "
                + "UPDATE accounts SET balance_fen = balance_fen + 5 WHERE number = \(account(2))",
            "INSERT INTO transfers (id, kind, reason, created_ms, lines) "
                + "VALUES ('purse:04:\(account(2)):1', 'small-purse', '', 0, 2); "
                + "INSERT INTO postings VALUES ('purse:04:\(account(2)):1', 1, -5), ('purse:04:\(account(2)):1', \(account(2)), 5); "
                + "UPDATE accounts SET balance_fen = balance_fen + 5 WHERE number = \(account(2))",
            "UPDATE suspense SET resolved_ms = 1", "UPDATE sales SET effect = 'posted'",
            "UPDATE suspense SET resolved_ms = NULL",
        ]
        for damage in damages {
            let books = try TestBooks()
            let desk = books.desk()
            var terminal = TestTerminal()
            terminal.activate(1)
            terminal.sale(1, fen: 40, account: 1_999_999)
            terminal.sale(1, fen: 41, account: 1_999_998)
            try books.upload(terminal.slots, first: 1)
            _ = try desk.topUp(account: account(1), fen: 100, reference: "a")
            try desk.resolve(record: "1/7/4", as: .charge(account: account(1)), note: "found")
            try #expect(LedgerCheck.run(on: books.store).violations == [])
            for statement in damage.split(separator: "; ") { try books.execute(String(statement)) }
            try #expect(!LedgerCheck.run(on: books.store).holds, "\(damage)")
        }
    }
}
