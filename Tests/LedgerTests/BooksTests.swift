import Crypto
import Foundation
import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("The books", .onBothDatabases)
struct BooksTests {
    @Test("After thousands of random reports, retries and losses the sum is zero and every invariant holds")
    func randomRun() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let holders = 200
        let books = try TestBooks(holders: holders, terminals: 4)
        var terminals = (UInt16(1)...4).map { TestTerminal($0) }
        var sent = [UInt64](repeating: 0, count: 4)
        var operations = 0
        var uploads = 0
        while operations < 4_000 {
            let at = Int.random(in: 0..<4, using: &random)
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                report(&terminals[at], holders: holders, &random)
                operations += 1
            }
            if Int.random(in: 0..<20, using: &random) == 0 {
                let holder = TestBooks.holder(.random(in: 0..<holders, using: &random))
                _ =
                    try Bool.random(using: &random)
                    ? books.administration.reportLost(holderNumber: holder)
                    : books.administration.reportFound(holderNumber: holder)
            }
            // Sometimes the answer is lost: the same records go again, with newer ones behind.
            let from = UInt64.random(in: (sent[at] > 5 ? sent[at] - 5 : 0)...sent[at], using: &random)
            let slots = terminals[at].slots
            let end = UInt64.random(in: max(from + 1, sent[at])...UInt64(slots.count), using: &random)
            let answer = try books.upload(slots[Int(from)..<Int(end)], first: from + 1, terminal: UInt16(at + 1))
            #expect(answer.acknowledged == max(end, sent[at]))
            sent[at] = answer.acknowledged
            uploads += 1
        }
        let findings = try LedgerCheck.run(on: books.store)
        #expect(findings.violations == [], "seed \(seed)")
        #expect(findings.sumFen == 0)
        #expect(findings.records == Int(sent.reduce(0, +)))
        print(
            "random run: seed \(seed), \(operations) reports, \(uploads) uploads, \(findings.cards) cards, "
                + "\(findings.transfers) transfers, \(findings.suspense) in suspense, sum \(findings.sumFen)")
    }

    private func report(_ terminal: inout TestTerminal, holders: Int, _ random: inout SeededGenerator) {
        let card = Int.random(in: 0..<holders + 20, using: &random)
        let purse: Int64? = [nil, 0, 10, 350, 99_999, 100_001, -5].randomElement(using: &random) ?? nil
        let account = Int.random(in: 0..<8, using: &random) == 0 ? TestBooks.account((card + 1) % holders) : nil
        switch Int.random(in: 0..<10, using: &random) {
        case 0: terminal.append(UInt8.random(in: 0...255, using: &random), [1, 2, 3])
        case 1: terminal.outcome(card, account: account, purse: purse, result: .chipDefective)
        case 2...4: terminal.intent(card, account: account)
        default: terminal.outcome(card, account: account, after: terminal.next - 1, purse: purse)
        }
    }

    @Test("A transfer is balanced only with two accounts or more, each once, no empty line, and zero in sum")
    func balanced() {
        let table: [([(Int64, Int64)], Bool)] = [
            ([(1, -5), (2, 5)], true), ([(1, -5), (2, 2), (3, 3)], true), ([(1, -5), (2, 4)], false),
            ([(1, 0), (2, 0)], false), ([(1, -5), (1, 5)], false), ([(1, 5)], false), ([], false),
        ]
        for (lines, isBalanced) in table {
            let transfer = Transfer(
                id: "t", kind: "test", source: nil, reason: "",
                lines: lines.map { Transfer.Line(account: $0.0, fen: $0.1) })
            #expect(transfer.isBalanced == isBalanced, "\(lines)")
        }
    }

    @Test("Records, transfers and postings cannot be changed or removed, whoever tries")
    func immutable() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        try books.upload(terminal.slots, first: 1)
        for sql in [
            "UPDATE postings SET fen = fen + 1", "DELETE FROM postings", "UPDATE transfers SET reason = ''",
            "DELETE FROM transfers", "UPDATE records SET received_ms = 0", "DELETE FROM records",
        ] {
            #expect(throws: (any Error).self, "\(sql)") { try books.execute(sql) }
        }
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("A check finds what somebody did to the books behind the ledger's back")
    func violations() throws {
        let isPostgres = TestDatabase.current == .postgres
        let zeros: (Int) -> String = { count in
            let hex = String(repeating: "00", count: count)
            return isPostgres ? "decode('\(hex)', 'hex')" : "x'\(hex)'"
        }
        let open: (String) -> String = { table in
            isPostgres ? "DROP TRIGGER immutable_\(table) ON \(table)" : "DROP TRIGGER no_update_of_\(table)"
        }
        let account = TestBooks.account(1)
        let damages = [
            "UPDATE accounts SET balance_fen = balance_fen + 1 WHERE number = \(account)",
            "UPDATE accounts SET debt_fen = 7 WHERE number = \(account)",
            "UPDATE accounts SET subsidy_fen = 1 WHERE number = \(account)",
            "UPDATE cursors SET acknowledged = acknowledged + 1", "UPDATE cursors SET chain_head = \(zeros(8))",
            "DELETE FROM outcomes", "DELETE FROM cards", "UPDATE outcomes SET effect = 'confirmed'",
            "UPDATE outcomes SET paid_fen = 0", "UPDATE outcomes SET purse_fen = 349", "DELETE FROM cursors",
            "\(open("postings")); UPDATE postings SET fen = fen + 1 WHERE fen > 0",
            "\(open("records")); UPDATE records SET raw = \(zeros(128))",
            "INSERT INTO transfers (id, kind, reason, created_ms, lines) VALUES ('x', 'x', '', 0, 2)",
            "INSERT INTO postings (transfer, account, fen) SELECT id, \(TestBooks.account(2)), 5 FROM transfers",
            "DELETE FROM sales", "UPDATE sales SET effect = 'undone'", "UPDATE sales SET fen = fen + 1",
        ]
        for damage in damages {
            let books = try TestBooks()
            var terminal = TestTerminal()
            terminal.activate(1, purse: 350)
            terminal.sale(1, fen: 400)
            try books.upload(terminal.slots, first: 1)
            try #expect(LedgerCheck.run(on: books.store).holds)
            for statement in damage.split(separator: "; ") { try books.execute(String(statement)) }
            try #expect(!LedgerCheck.run(on: books.store).holds, "\(damage)")
        }
        print("check: \(damages.count) kinds of damage, all found")
    }

    @Test("The roster says of each account what the books say, and only with the ledger's signature")
    func roster() throws {
        let books = try TestBooks(holders: 5, lost: [3])
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(TestBooks.account(4))")
        let bytes = try #require(try books.feed(.roster))
        let roster = try Roster(verifying: bytes, with: books.keys.signingKey.publicKey)
        #expect(roster.entries.count == 4)
        #expect(roster.entry(of: books.hash(0))?.status == .mayActivate)
        #expect(roster.entry(of: books.hash(0))?.card == CardTag.none)
        #expect(roster.entry(of: books.hash(1))?.status == .active)
        #expect(roster.entry(of: books.hash(1))?.card == CardTag(uid: TestBooks.uid(1), key: books.keys.rosterKey))
        #expect(roster.entry(of: books.hash(1))?.account == TestBooks.account(1))
        #expect(roster.entry(of: books.hash(3))?.status == .reportedLost)
        #expect(roster.entry(of: books.hash(4)) == nil)
        let stranger = Curve25519.Signing.PrivateKey().publicKey
        #expect(throws: FeedError.badSignature) { try Roster(verifying: bytes, with: stranger) }
    }

    @Test("The roster's version rises with each change that it tells, and with age, and not otherwise")
    func rosterVersions() throws {
        let books = try TestBooks()
        func version() throws -> UInt64 {
            try books.roster().version
        }
        let first = try version()
        try #expect(version() == first)
        var terminal = TestTerminal()
        terminal.activate(1)
        let answer = try books.upload(terminal.slots, first: 1)
        // Changes are gathered until somebody asks for the roster.
        #expect(answer.rosterVersion == first)
        let second = try version()
        #expect(second > first)
        try books.upload(terminal.slots, first: 1)
        try #expect(version() == second)
        for _ in 0..<2 { _ = try books.administration.reportLost(holderNumber: TestBooks.holder(1)) }
        let third = try version()
        #expect(third > second)
        _ = try books.administration.reportFound(holderNumber: TestBooks.holder(1))
        let fourth = try version()
        #expect(fourth > third)
        books.time.milliseconds += FeedDesk.reissueAfterMilliseconds + 1
        let fifth = try version()
        #expect(fifth > fourth)
        try #expect(version() == fifth)
    }

    @Test("Losses that books of an earlier program know are put on the hotlist before the ledger serves, once")
    func forgottenLosses() throws {
        let books = try TestBooks(holders: 4)
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        try books.execute("UPDATE accounts SET lost_ms = 7 WHERE number = \(TestBooks.account(1))")
        try #expect(books.count("hotlist") == 0)
        for _ in 0..<2 { try books.service.prepare() }
        let tags = try books.store.read {
            try $0.rows("SELECT tag FROM hotlist WHERE listed = 1").map { try $0.blob(0) }
        }
        let key = books.keys.rosterKey
        #expect(
            Set(tags) == [
                CardTag(uid: TestBooks.uid(1), key: key).bytes, CardTag(account: TestBooks.account(1), key: key).bytes,
            ])
    }

    @Test("An import is taken whole or not at all, and once")
    func imports() throws {
        let books = try TestBooks(holders: 1, terminals: 1)
        let good = try ImportFile(
            json5: Data(
                """
                { // a comment
                    accounts: [{ holderNumber: "T1", name: "Wu", kind: "staff", openingBalanceFen: 12345 }],
                    reportedLost: ["T1"],
                }
                """.utf8))
        let summary = try books.administration.importFile(good)
        #expect(summary.accountsOpened == 1 && summary.openingFen == 12_345 && summary.reportedLost == 1)
        try #expect(books.administration.importFile(good) == Administration.ImportSummary())
        var key = [UInt8](repeating: 1, count: 32).hex()
        let bad: [(ImportFile, String)] = [
            (ImportFile(accounts: [.init(holderNumber: "", name: "", kind: .staff)]), "accounts[0].holderNumber"),
            (
                ImportFile(accounts: [
                    .init(holderNumber: "N1", name: "", kind: .student),
                    .init(holderNumber: "N1", name: "", kind: .student),
                ]), "accounts[1].holderNumber"
            ),
            (
                ImportFile(accounts: [.init(holderNumber: "N1", name: "", kind: .staff, openingBalanceFen: -1)]),
                "accounts[0].openingBalanceFen"
            ),
            (
                ImportFile(accounts: [.init(holderNumber: "N1", name: "", kind: .staff)], reportedLost: ["nobody"]),
                "reportedLost[0]"
            ),
            (
                ImportFile(terminals: [.init(number: 1, name: "", token: TestBooks.token, journalKey: key)]),
                "terminals[0].journalKey"
            ),
            (
                ImportFile(terminals: [.init(number: 9, name: "", token: "short", journalKey: key)]),
                "terminals[0].token"
            ),
        ]
        for (file, path) in bad {
            let error = #expect(throws: ImportError.self) { try books.administration.importFile(file) }
            #expect(error?.path == path)
        }
        key.removeLast()
        #expect(throws: ImportError.self) {
            try books.administration.importFile(
                ImportFile(terminals: [.init(number: 9, name: "", token: TestBooks.token, journalKey: key)]))
        }
        for (text, path) in [
            ("{accounts:[{name:'x',kind:'staff'}]}", "accounts[0]"),
            ("{accounts:[{holderNumber:'1',name:'x',kind:'dog'}]}", "accounts[0].kind"), ("{", ""),
        ] {
            let error = #expect(throws: ImportError.self) { try ImportFile(json5: Data(text.utf8)) }
            #expect(error?.path == path)
        }
        try #expect(books.count("accounts WHERE kind = 'holder'") == 2)
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("Keys are made once, kept from then on, and unreadable ones are told apart from missing ones")
    func keys() throws {
        let parent = FileManager.default.temporaryDirectory.appendingPathComponent("yika-keys-\(UUID())")
        defer { try? FileManager.default.removeItem(at: parent) }
        let directory = parent.path
        let keys = try LedgerKeys.make(in: directory)
        let again = try LedgerKeys.make(in: directory)
        #expect(again.publicKeyHex == keys.publicKeyHex)
        let published = try String(contentsOfFile: "\(directory)/signing.pub", encoding: .utf8)
        #expect(published == keys.publicKeyHex + "\n")
        for name in ["signing.key", "roster.key"] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")[.posixPermissions]
            #expect(mode as? NSNumber == 0o600)
        }
        try Data("12".utf8).write(to: URL(fileURLWithPath: "\(directory)/roster.key"))
        #expect(throws: LedgerKeyError.self) { try LedgerKeys(directory: directory) }
        #expect(throws: LedgerKeyError.self) { try LedgerKeys(directory: "\(directory)/none") }
    }
}
