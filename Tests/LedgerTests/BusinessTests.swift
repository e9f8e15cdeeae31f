import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Posting what terminals report", .onBothDatabases)
struct BusinessTests {
    @Test("A small purse is paid once, though three terminals report the card and each again")
    func purseOnce() throws {
        let books = try TestBooks()
        for number in UInt16(1)...3 {
            var terminal = TestTerminal(number)
            terminal.outcome(1, purse: 350)
            terminal.outcome(1, purse: 350)
            try books.upload(terminal.slots, first: 1, terminal: number)
        }
        try #expect(books.balance(1) == 350)
        try #expect(books.count("transfers WHERE kind = 'small-purse'") == 1)
        try #expect(books.count("outcomes WHERE effect = 'activated'") == 1)
        try #expect(books.count("outcomes WHERE effect = 'confirmed'") == 5)
        try #expect(books.count("suspense") == 0)
        let system = try LedgerReport(.accounts, from: books.store).rows
        #expect(system[0][5] == .integer(-350))
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("A purse that could not be read at first is paid when a later tap reads it")
    func purseReadLater() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.outcome(1, purse: nil)
        terminal.outcome(1, purse: 80)
        terminal.outcome(1, purse: 80)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(1) == 80)
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("An intent is pending until its outcome comes, also from another terminal, also in the wrong order")
    func intents() throws {
        let books = try TestBooks()
        var first = TestTerminal(1)
        var second = TestTerminal(2)
        first.intent(1)
        try books.upload(first.slots, first: 1)
        try #expect(books.count("intents WHERE state = 'pending'") == 1)
        second.outcome(1)
        try books.upload(second.slots, first: 1, terminal: 2)
        try #expect(books.count("intents WHERE state = 'pending'") == 0)
        // A third kiosk was offline all the while: its intent is older than the outcome, and comes after it.
        var third = TestTerminal(3)
        third.intent(1)
        try books.upload(third.slots, first: 1, terminal: 3)
        try #expect(books.count("intents WHERE state = 'pending'") == 0)
        try #expect(books.count("intents WHERE state = 'activated'") == 2)
    }

    @Test("A chip that refused its sectors ends the intent and activates nothing")
    func chipDefective() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        let intent = terminal.intent(1)
        terminal.outcome(1, after: intent, purse: 350, result: .chipDefective)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.count("cards") == 0)
        try #expect(books.balance(1) == 0)
        try #expect(books.count("intents WHERE state = 'chip-defective'") == 1)
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("What cannot be posted goes to suspense with its reason, and the cursor moves on")
    func suspense() throws {
        let books = try TestBooks(holders: 8, lost: [5])
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(TestBooks.account(4))")
        var terminal = TestTerminal()
        terminal.append(0x77, [1, 2, 3])
        terminal.append(ActivationRecordType.intent, [1, 2, 3])
        terminal.append(ActivationRecordType.outcome, [UInt8](repeating: 0xFF, count: ActivationOutcome.size))
        terminal.outcome(1, account: 42, purse: 10)
        terminal.outcome(1, account: .max, purse: 10)
        terminal.outcome(1, account: UInt64(SystemAccount.smallPurses), purse: 10)
        terminal.outcome(4, purse: 10)
        terminal.outcome(5, purse: 10)
        terminal.outcome(1, purse: 10)
        terminal.outcome(9, account: TestBooks.account(1), purse: 10)
        terminal.outcome(1, account: TestBooks.account(2), purse: 10)
        terminal.outcome(3, serial: 2, purse: 10)
        terminal.outcome(6, purse: ActivationPosting.purseLimit + 1)
        terminal.outcome(7, purse: -1)
        terminal.append(0xF7, [])
        let answer = try books.upload(terminal.slots, first: 1)
        #expect(answer.acknowledged == UInt64(terminal.slots.count))
        try #expect(
            books.reasons() == [
                "unknown-type", "undecodable", "undecodable", "unknown-account", "unknown-account", "unknown-account",
                "closed-account", "reported-lost", "active-elsewhere", "card-of-another-account", "serial-mismatch",
                "implausible-purse", "implausible-purse", "unknown-type",
            ])
        try #expect(books.count("cards") == 3)
        try #expect(books.count("transfers WHERE kind = 'small-purse'") == 1)
        let findings = try LedgerCheck.run(on: books.store)
        #expect(findings.violations == [])
        #expect(findings.suspense == 14)
    }

    @Test("An intent for an account that no database can number goes to suspense as well")
    func impossibleIntent() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.intent(1, account: .max)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.reasons() == ["unknown-account"])
    }

    @Test("A card activated while reported lost waits in suspense, and its purse is paid when it is found and tapped")
    func lostThenFound() throws {
        let books = try TestBooks(lost: [1])
        var terminal = TestTerminal()
        terminal.activate(1, purse: 60)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(1) == 0)
        try #expect(books.count("intents WHERE state = 'suspense'") == 1)
        try #expect(books.administration.reportFound(holderNumber: TestBooks.holder(1)) == .changed)
        let end = terminal.next
        terminal.outcome(1, purse: 60)
        try books.upload(terminal.slots[(Int(end) - 1)...], first: end)
        try #expect(books.balance(1) == 60)
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("A gap record that says nothing goes to suspense")
    func undecodableGap() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.append(RecordType.gap.rawValue, [5, 0, 0, 0])
        try books.upload(terminal.slots, first: 1)
        try #expect(books.reasons() == ["undecodable"])
    }

    @Test("Each situation at the reader gets its decision")
    func permits() throws {
        let books = try TestBooks(holders: 6, lost: [3])
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        try books.upload(terminal.slots, first: 1)
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(TestBooks.account(5))")
        let table: [(holder: Int, card: Int, decision: PermitAnswer.Decision, balance: Int64?)] = [
            (0, 0, .granted, 5_000), (2, 2, .granted, 0), (1, 1, .alreadyActive, 350), (1, 8, .activeElsewhere, nil),
            (2, 1, .activeElsewhere, nil), (3, 3, .reportedLost, nil), (5, 5, .noAccount, nil),
            (77, 0, .noAccount, nil),
        ]
        for row in table {
            let answer = try books.service.permit(
                PermitRequest(
                    terminal: 1, uid: TestBooks.uid(row.card).hex(), holder: books.hash(row.holder).bytes.hex()),
                token: TestBooks.token)
            let isNamed = row.decision == .granted || row.decision == .alreadyActive
            #expect(
                answer
                    == PermitAnswer(
                        decision: row.decision, account: isNamed ? TestBooks.account(row.holder) : nil,
                        cardSerial: isNamed ? 1 : nil, balance: row.balance),
                "holder \(row.holder), card \(row.card)")
        }
        for request in [
            PermitRequest(terminal: 1, uid: "04", holder: books.hash(0).bytes.hex()),
            PermitRequest(terminal: 1, uid: "xx", holder: books.hash(0).bytes.hex()),
            PermitRequest(terminal: 1, uid: "04112233", holder: "00"),
        ] {
            #expect(throws: LedgerRefused.self) { try books.service.permit(request, token: TestBooks.token) }
        }
    }
}
