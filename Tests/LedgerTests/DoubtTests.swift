import Dispatch
import LedgerProtocol
import Logging
import Platform
import Testing

@testable import Ledger

/// Everything that can be reported of a sale whose card left in the middle, in every order in which it can arrive.
@Suite("Sales in doubt", .onBothDatabases)
struct DoubtTests {
    /// What a terminal reports next, about a card.
    private typealias Step = @Sendable (inout TestTerminal, Int) -> Void

    /// What several terminals report of one card, and what must come of it.
    private struct Story {
        let name: String
        let journals: [[Step]]
        /// What becomes of the sales in doubt, by terminal and sequence.
        let states: [String]
        /// What the holder has paid in the end, in fen.
        let paid: Int64
    }

    private static func use(_ sequence: UInt32, _ fen: UInt32) -> Step {
        { $0.sale($1, fen: fen, cardSequence: sequence) }
    }

    private static func doubt(_ sequence: UInt32, _ fen: UInt32) -> Step {
        { $0.sale($1, fen: fen, result: .inDoubt, cardSequence: sequence) }
    }

    /// The terminal's own word about its sale in doubt, its first outcome.
    private static func word(
        _ result: SaleResult, _ sequence: UInt32, _ fen: UInt32
    ) -> Step {
        { $0.word($1, fen: fen, of: 2, result: result, cardSequence: sequence) }
    }

    private static func takenBack(_ sequence: UInt32, _ fen: UInt32) -> Step {
        { $0.sale($1, fen: fen, result: .voided, related: 2, cardSequence: sequence) }
    }

    private static func refund(_ sequence: UInt32, _ fen: UInt32) -> Step {
        { $0.sale($1, fen: fen, result: .refunded, related: 0, cardSequence: sequence) }
    }

    private static let stories: [Story] = [
        Story(name: "nobody knows", journals: [[doubt(5, 700)]], states: ["open"], paid: 0),
        Story(name: "told done", journals: [[doubt(5, 700), word(.done, 5, 700)]], states: ["told"], paid: 700),
        Story(name: "told undone", journals: [[doubt(5, 700), word(.undone, 5, 700)]], states: ["told"], paid: 0),
        Story(name: "a later use", journals: [[doubt(5, 700)], [use(6, 300)]], states: ["used"], paid: 1_000),
        Story(name: "the same use", journals: [[doubt(5, 700)], [use(5, 300)]], states: ["unused"], paid: 300),
        Story(name: "an earlier use", journals: [[doubt(5, 700)], [use(4, 300)]], states: ["open"], paid: 300),
        Story(
            name: "the same use and a later one", journals: [[doubt(5, 700)], [use(5, 300)], [use(6, 200)]],
            states: ["unused"], paid: 500),
        Story(
            name: "two at one sequence", journals: [[doubt(5, 700)], [doubt(5, 400)], [use(6, 200)]],
            states: ["open", "open"], paid: 200),
        Story(
            name: "two at one sequence, one told undone",
            journals: [[doubt(5, 700)], [doubt(5, 400), word(.undone, 5, 400)], [use(6, 200)]],
            states: ["used", "told"], paid: 900),
        Story(
            name: "two at one sequence, one told done",
            journals: [[doubt(5, 700)], [doubt(5, 400), word(.done, 5, 400)], [use(6, 200)]],
            states: ["unused", "told"], paid: 600),
        Story(
            name: "told done, and a later use", journals: [[doubt(5, 700), word(.done, 5, 700)], [use(6, 200)]],
            states: ["told"], paid: 900),
        Story(
            name: "told undone, and a later use", journals: [[doubt(5, 700), word(.undone, 5, 700)], [use(6, 200)]],
            states: ["told"], paid: 200),
        Story(
            name: "told done, and the same use", journals: [[doubt(5, 700), word(.done, 5, 700)], [use(5, 300)]],
            states: ["told"], paid: 1_000),
        Story(
            name: "a sale taken back at a higher sequence",
            journals: [[doubt(5, 700)], [use(4, 100), takenBack(9, 100)]],
            states: ["open"], paid: 0),
        Story(
            name: "a refund at a higher sequence", journals: [[doubt(5, 700)], [refund(9, 50)]], states: ["open"],
            paid: -50),
        Story(
            name: "one after the other", journals: [[doubt(5, 700)], [doubt(6, 400)], [use(7, 200)]],
            states: ["used", "used"], paid: 1_300),
        Story(
            name: "one after the other, the second did not happen",
            journals: [[doubt(5, 700)], [doubt(6, 400)], [use(6, 200)]], states: ["used", "unused"], paid: 900),
        Story(
            name: "reported twice",
            journals: [[doubt(5, 700), word(.inDoubt, 5, 700)], [use(6, 200)]], states: ["used", "repeated"], paid: 900),
        Story(
            name: "of nothing", journals: [[doubt(5, 0)], [use(6, 200)]], states: ["used"], paid: 200),
    ]

    /// Every order in which the records of `counts` records each can arrive: which journal comes next.
    private func interleavings(_ counts: [Int]) -> [[Int]] {
        guard counts.contains(where: { $0 > 0 }) else { return [[]] }
        return counts.indices.filter { counts[$0] > 0 }.flatMap { next in
            var rest = counts
            rest[next] -= 1
            return interleavings(rest).map { [next] + $0 }
        }
    }

    private struct Outcome: Equatable {
        let states: [String]
        let waiting: Int64
        let paid: Int64
    }

    private func outcome(_ books: TestBooks, _ card: Int, epoch: UInt32) throws -> Outcome {
        try books.store.read { transaction in
            let account = try #require(try transaction.holderAccount(Int64(TestBooks.account(card))))
            return Outcome(
                states: try transaction.rows(
                    "SELECT state FROM doubts WHERE epoch = ? ORDER BY terminal, sequence", [.number(epoch)]
                ).map { try $0.text(0) },
                waiting: try transaction.integer(
                    "SELECT count(*) FROM suspense WHERE epoch = ? AND resolved_ms IS NULL", [.number(epoch)]),
                paid: 1_500 - account.balance + account.debt)
        }
    }

    @Test("Whatever arrives in whatever order, each is settled by what is known of it, and paid once or not at all")
    func everyOrder() throws {
        var tried = 0
        let orders = Self.stories.map { interleavings($0.journals.map(\.count)) }
        let books = try TestBooks(holders: orders.reduce(1) { $0 + $1.count })
        for (story, orders) in zip(Self.stories, orders) {
            for order in orders {
                tried += 1
                let (card, epoch) = (tried, UInt32(tried))
                _ = try books.desk().topUp(account: Int64(TestBooks.account(card)), fen: 1_500, reference: "\(card)")
                var terminals = story.journals.indices.map { TestTerminal(UInt16($0) + 1, epoch: epoch) }
                var done = [Int](repeating: 0, count: terminals.count)
                for index in order {
                    let sent = terminals[index].slots.count
                    story.journals[index][done[index]](&terminals[index], card)
                    done[index] += 1
                    try books.upload(
                        terminals[index].slots[sent...], first: UInt64(sent) + 1, terminal: UInt16(index) + 1,
                        epoch: epoch)
                }
                let expected = Outcome(
                    states: story.states, waiting: Int64(story.states.count { $0 == "open" }), paid: story.paid)
                try #expect(outcome(books, card, epoch: epoch) == expected, "\(story.name) in the order \(order)")
            }
        }
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        print("doubts: \(Self.stories.count) stories in \(tried) orders of arrival on \(TestDatabase.current)")
    }

    @Test("However the records of one terminal are cut into uploads, the same transfers come of them")
    func everyCut() throws {
        let steps: [Step] = [
            Self.doubt(5, 700), Self.use(6, 300), Self.doubt(7, 100), Self.use(7, 50), Self.doubt(8, 80),
            Self.use(9, 10),
            Self.use(8, 20), Self.word(.undone, 5, 700),
        ]
        let count = 1 << (steps.count - 1)
        let books = try TestBooks(holders: count + 1)
        var seen: Set<[[SQLValue]]> = []
        for cuts in 0..<count {
            let (card, epoch) = (cuts + 1, UInt32(cuts + 1))
            var terminal = TestTerminal(1, epoch: epoch)
            var sent = 0
            for (index, step) in steps.enumerated() {
                step(&terminal, card)
                guard index == steps.count - 1 || cuts >> index & 1 == 1 else { continue }
                try books.upload(terminal.slots[sent...], first: UInt64(sent) + 1, epoch: epoch)
                sent = terminal.slots.count
            }
            let account = Int64(TestBooks.account(card))
            let rows = try books.store.read { transaction in
                try transaction.rows(
                    "SELECT sequence, state, steps FROM doubts WHERE epoch = ? ORDER BY sequence", [.number(epoch)])
                    + transaction.rows(
                        "SELECT balance_fen, debt_fen, doubts FROM accounts WHERE number = ?", [.integer(account)])
            }
            let lines = try books.desk().statement(account: account).items.map { SQLValue.text("\($0.kind) \($0.fen)") }
            seen.insert(rows.map(\.values) + [lines.sorted { "\($0)" < "\($1)" }])
        }
        #expect(seen.count == 1)
        #expect(seen.first?.prefix(3).map { $0[1] } == [.text("told"), .text("unused"), .text("unused")])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        print("doubts: \(count) ways of cutting \(steps.count) records, all alike")
    }

    @Test("Two instances that hear of a sale in doubt and of the card's next use at the same time settle it")
    func atOnce() throws {
        let books = try TestBooks(holders: 41)
        let second = try LedgerDatabase.open(books.place, mode: .existing)
        let other = LedgerService(
            store: second, keys: books.keys, time: books.time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for card in 1...40 {
            var (first, later) = (TestTerminal(1, epoch: UInt32(card)), TestTerminal(2, epoch: UInt32(card)))
            first.sale(card, fen: 70, result: .inDoubt, cardSequence: 5)
            later.sale(card, fen: 30, cardSequence: card % 2 == 0 ? 6 : 5)
            for number in UInt16(1)...2 {
                try books.store.write { try $0.register(epoch: UInt32(card), of: number, reason: "a test", now: 0) }
            }
            let slots = [first.slots, later.slots]
            DispatchQueue.concurrentPerform(iterations: 2) { index in
                let service = index == 0 ? books.service : other
                #expect(throws: Never.self) {
                    _ = try service.ingest(
                        terminal: UInt16(index) + 1, token: TestBooks.token, epoch: UInt32(card), first: 1,
                        body: Array(slots[index].joined()))
                }
            }
        }
        try #expect(books.count("doubts WHERE state = 'used'") == 20)
        try #expect(books.count("doubts WHERE state = 'unused'") == 20)
        try #expect(books.count("suspense WHERE resolved_ms IS NULL") == 0)
        try second.close()
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test(
        "A person charges, writes off or dismisses what nobody knows; the terminal's own word corrects that, nothing else"
    )
    func persons() throws {
        for (word, paid) in [(SaleResult.done, Int64(700)), (.undone, 0)] {
            let books = try TestBooks(holders: 5)
            let desk = books.desk()
            var terminals = (1...3).map { TestTerminal(UInt16($0)) }
            for card in 1...3 {
                _ = try desk.topUp(account: Int64(TestBooks.account(card)), fen: 500, reference: "\(card)")
                terminals[card - 1].sale(card, fen: 700, result: .inDoubt, cardSequence: 5)
                try books.upload(terminals[card - 1].slots, first: 1, terminal: UInt16(card))
            }
            let item = try #require(try desk.suspense().first)
            #expect(item.reason == "in-doubt" && item.fen == 700 && !item.isSale)
            let other = Int64(TestBooks.account(4))
            try #expect(
                refusal { try desk.resolve(record: "1/7/2", as: .charge(account: other), note: "n") } == "L-RESOLUTION")
            let account = Int64(TestBooks.account(1))
            for _ in 0..<2 { try desk.resolve(record: "1/7/2", as: .charge(account: account), note: "seen") }
            try #expect(refusal { try desk.resolve(record: "1/7/2", as: .dismiss, note: "n") } == "L-RESOLVED")
            try desk.resolve(record: "2/7/2", as: .writeOff, note: "seen")
            try desk.resolve(record: "3/7/2", as: .dismiss, note: "not seen")
            func debts() throws -> [Int64] {
                try (1...3).map { card in
                    let view = try desk.show(account: Int64(TestBooks.account(card)))
                    return view.debtFen - view.balanceFen + 500
                }
            }
            try #expect(debts() == [700, 0, 0])
            try #expect(
                desk.statement(account: account).items.contains { $0.kind == "suspense-charge" && $0.fen == -700 })
            // A use tells no more than the person knew; the terminal itself does.
            for card in 1...3 { terminals[card - 1].sale(card, fen: 0, cardSequence: card == 1 ? 5 : 6) }
            for card in 1...3 { try books.upload(terminals[card - 1].slots, first: 1, terminal: UInt16(card)) }
            try #expect(debts() == [700, 0, 0])
            try #expect(LedgerCheck.run(on: books.store).violations == [])
            for card in 1...3 {
                terminals[card - 1].word(card, fen: 700, of: 2, result: word, cardSequence: 5)
                try books.upload(terminals[card - 1].slots, first: 1, terminal: UInt16(card))
            }
            try #expect(debts() == [paid, paid, paid])
            try #expect(books.count("doubts WHERE state = 'told'") == 3)
            let lines = try desk.statement(account: account).items
            #expect(lines.reduce(0) { $0 + $1.fen } == 500 - paid)
            try #expect(LedgerCheck.run(on: books.store).violations == [])
        }
    }

    @Test("A person and the card's next use, at two instances at the same time, settle a sale in doubt in one way")
    func personAtOnce() throws {
        let books = try TestBooks(holders: 21)
        let second = try LedgerDatabase.open(books.place, mode: .existing)
        let desk = books.desk(.technician, on: second)
        for card in 1...20 {
            let epoch = UInt32(card)
            var (first, later) = (TestTerminal(1, epoch: epoch), TestTerminal(2, epoch: epoch))
            first.sale(card, fen: 70, result: .inDoubt, cardSequence: 5)
            later.sale(card, fen: 30, cardSequence: 6)
            try books.upload(first.slots, first: 1, epoch: epoch)
            let slots = later.slots
            DispatchQueue.concurrentPerform(iterations: 2) { index in
                #expect(throws: Never.self) {
                    if index == 0 { return _ = try books.upload(slots, first: 1, terminal: 2, epoch: epoch) }
                    let answer = try refusal {
                        try desk.resolve(
                            record: "1/\(card)/2", as: .charge(account: Int64(TestBooks.account(card))), note: "at once"
                        )
                    }
                    #expect([nil, "L-RESOLVED"].contains(answer))
                }
            }
            try #expect(books.desk().show(account: Int64(TestBooks.account(card))).debtFen == 100)
        }
        try #expect(books.count("doubts WHERE state IN ('used', 'charged')") == 20)
        try #expect(books.count("suspense WHERE resolved_ms IS NULL") == 0)
        try second.close()
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("What happened and cannot be charged waits with its reason, until the card is found and used again")
    func objections() throws {
        let books = try TestBooks()
        let desk = books.desk()
        let account = Int64(TestBooks.account(1))
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 90, result: .inDoubt, cardSequence: 5)
        books.time.milliseconds += 2
        try books.upload(terminal.slots.prefix(2), first: 1)
        _ = try desk.reportLost(account: account)
        books.time.milliseconds += 1_000
        terminal.sale(1, fen: 10, cardSequence: 6)
        try books.upload(terminal.slots, first: 1)
        let item = try #require(try desk.suspense().first { $0.reason == "in-doubt" })
        #expect(item.detail.contains("1/7/6") && item.detail.contains("reported-lost"), "\(item.detail)")
        try #expect(desk.show(account: account).debtFen == 0)
        _ = try desk.reportFound(account: account)
        terminal.sale(1, fen: 10, cardSequence: 7)
        try books.upload(terminal.slots, first: 1)
        try #expect(desk.show(account: account).debtFen == 100)
        try #expect(books.count("doubts WHERE state = 'used'") == 1)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A sale in doubt of an account that nobody has, or can have, waits; the terminal's own word ends that too")
    func unknownAccounts() throws {
        let books = try TestBooks()
        for (number, account) in [(UInt16(1), UInt64(1_999_999)), (2, .max)] {
            var terminal = TestTerminal(number)
            terminal.sale(1, fen: 90, account: account, result: .inDoubt, cardSequence: 5)
            try books.upload(terminal.slots, first: 1, terminal: number)
            terminal.sale(1, fen: 10, account: account, cardSequence: 6)
            try books.upload(terminal.slots, first: 1, terminal: number)
        }
        try #expect(books.count("doubts WHERE state = 'open'") == 2)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        var terminal = TestTerminal(3)
        terminal.sale(1, fen: 90, account: 1_999_999, result: .inDoubt, cardSequence: 5)
        let word = SaleRecord(
            uid: TestBooks.uid(1), medium: .card, result: .undone, account: 1_999_999, cardSerial: 1, cardSequence: 5,
            amount: 90, relatedSequence: 1)
        try books.upload(terminal.slots, first: 1, terminal: 3)
        terminal.append(SaleRecordType.outcome, word.encoded)
        try books.upload(terminal.slots, first: 1, terminal: 3)
        try #expect(books.count("doubts WHERE state = 'told'") == 1)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A check finds what a hand at the database has done to sales in doubt")
    func violations() throws {
        let damages = [
            "UPDATE doubts SET state = 'open'", "UPDATE doubts SET state = 'unused' WHERE state = 'used'",
            "UPDATE doubts SET state = 'used' WHERE state = 'unused'",
            "UPDATE doubts SET told_by = '2/7/2' WHERE state = 'told'",
            "UPDATE doubts SET later_by = '1/7/2' WHERE state = 'used'",
            "UPDATE doubts SET same_by = '2/7/2' WHERE state = 'unused'",
            "DELETE FROM doubts WHERE state = 'used'", "DELETE FROM doubts WHERE state = 'told'",
            "UPDATE suspense SET resolved_ms = NULL", "UPDATE doubts SET state = 'charged' WHERE state = 'told'",
            "UPDATE doubts SET state = 'repeated' WHERE state = 'told'",
        ]
        for damage in damages {
            let books = try TestBooks(holders: 6)
            var (first, other) = (TestTerminal(1), TestTerminal(2))
            first.sale(1, fen: 70, result: .inDoubt, cardSequence: 5)
            first.sale(2, fen: 70, result: .inDoubt, cardSequence: 5)
            first.sale(3, fen: 70, result: .inDoubt, cardSequence: 5)
            first.word(3, fen: 70, of: 6, result: .done, cardSequence: 5)
            other.sale(1, fen: 30, cardSequence: 6)
            other.sale(2, fen: 30, cardSequence: 5)
            try books.upload(first.slots, first: 1)
            try books.upload(other.slots, first: 1, terminal: 2)
            try #expect(LedgerCheck.run(on: books.store).violations == [])
            try books.execute(damage)
            try #expect(!LedgerCheck.run(on: books.store).holds, "\(damage)")
        }
    }
}
