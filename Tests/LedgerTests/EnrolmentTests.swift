import Crypto
import Foundation
import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Terminals are registered and enrol", .onBothDatabases)
struct EnrolmentTests {
    private let secret = "a-secret-that-the-terminal-made"

    private func hash(_ secret: String) -> String { Array(SHA256.hash(data: Array(secret.utf8))).hex() }

    private func enrol(
        _ token: String, _ secret: String, _ books: TestBooks, terminal: UInt16 = 40
    ) throws -> EnrolAnswer {
        try books.service.enrol(
            EnrolRequest(enrolmentToken: token, terminal: terminal, credentialHash: hash(secret)))
    }

    @Test("A token makes one terminal known, and its answer can be asked for again until it arrives")
    func enrolment() throws {
        let books = try TestBooks()
        let token = try books.terminals.add(40, name: "North 2, counter 4")
        #expect(token.text.count == 29)
        try #expect(refusal { try enrol("ABCDE-FGHJK-00000-11111-22222", secret, books) } == "L-DENIED")
        try #expect(refusal { try enrol(token.text, secret, books, terminal: 1) } == "L-DENIED")
        try #expect(refusal { try enrol(token.text, secret, books, terminal: 999) } == "L-DENIED")
        let answer = try enrol(token.text.lowercased().replacing("-", with: " "), secret, books)
        #expect(answer.name == "North 2, counter 4" && answer.journalEpoch == 1 && answer.expiresMilliseconds == nil)
        #expect(answer.publicKey == books.keys.publicKeyHex)
        #expect([UInt8](hex: answer.rosterKey) == [UInt8](repeating: 0x5A, count: 32))
        try #expect(enrol(token.text, secret, books) == answer)
        try #expect(refusal { try enrol(token.text, "another secret", books) } == "L-ENROLLED")
        try #expect(books.service.feed(.roster, since: 0, terminal: 40, token: secret) != nil)
        #expect(throws: LedgerRefused.self) {
            try books.service.feed(.roster, since: 0, terminal: 40, token: "another secret")
        }
        let key = try books.store.read { try $0.terminal(40)?.journalKeyBytes.hex() }
        #expect(key == answer.journalKey)
        #expect(throws: TerminalRefused.registered(40)) { try books.terminals.add(40, name: "again") }
        try #expect(books.actions() == ["terminal add", "terminal enrol"])
    }

    @Test("Tokens and credentials run out; whoever is late can still bring records, and nothing else")
    func expiry() throws {
        let books = try TestBooks()
        let late = try books.terminals.add(40, name: "North 2", .init(hours: 1))
        books.time.milliseconds += 3_600_000
        try #expect(refusal { try enrol(late.text, secret, books) } == "L-EXPIRED")
        let unused = try books.terminals.renew(40)
        let token = try books.terminals.renew(40, .init(hours: 1, days: 2))
        try #expect(refusal { try enrol(unused.text, secret, books) } == "L-EXPIRED")
        let answer = try enrol(token.text, secret, books)
        #expect(answer.expiresMilliseconds == books.time.milliseconds + 2 * 86_400_000)
        let heartbeat = TestBooks.heartbeat()
        try #expect(
            books.service.heartbeat(heartbeat, terminal: 40, token: secret).credentialExpiresMilliseconds
                == answer.expiresMilliseconds)
        books.time.milliseconds += 2 * 86_400_000
        try #expect(
            refusal { try books.service.heartbeat(heartbeat, terminal: 40, token: secret) } == "L-EXPIRED")
        try #expect(refusal { try enrol(token.text, secret, books) } == "L-EXPIRED")
        let root = try #require([UInt8](hex: answer.journalKey))
        let journal = TestTerminal(40, epoch: 1, root: root)
        try #expect(
            refusal {
                try books.service.ingest(
                    terminal: 40, token: secret, epoch: 1, first: 1, body: Array(journal.activated(1).slots.joined()))
            } == nil)
        let again = try books.terminals.renew(40)
        _ = try enrol(again.text, "the next secret", books)
        try #expect(refusal { try enrol(token.text, secret, books) } == "L-EXPIRED")
        #expect(throws: TerminalRefused.unknown(41)) { try books.terminals.renew(41) }
    }

    @Test("A new journal is a new epoch, and the old one's end becomes a case with what is known of it")
    func newJournal() throws {
        let books = try TestBooks()
        let token = try books.terminals.add(40, name: "North 2")
        let answer = try enrol(token.text, secret, books)
        let root = try #require([UInt8](hex: answer.journalKey))
        let old = TestTerminal(40, epoch: 1, root: root).activated(1)
        func upload(_ terminal: TestTerminal) throws {
            _ = try books.service.ingest(
                terminal: 40, token: secret, epoch: terminal.epoch, first: 1, body: Array(terminal.slots.joined()))
        }
        try upload(old)
        _ = try books.service.heartbeat(TestBooks.heartbeat(epoch: 1, last: 9), terminal: 40, token: secret)
        try #expect(refusal { try upload(TestTerminal(40, epoch: 2, root: root).activated(2)) } == "L-EPOCH")
        let renewed = try books.terminals.renew(40, newJournal: true)
        try #expect(enrol(renewed.text, secret, books).journalEpoch == 2)
        try upload(TestTerminal(40, epoch: 2, root: root).activated(2))
        let lost = try books.store.read {
            try $0.rows("SELECT epoch, first_lost, last_lost, sequence FROM cases").map(\.values)
        }
        #expect(lost == [[.integer(1), .integer(3), .integer(9), .integer(2)]])
        try books.terminals.register(epoch: 5, of: 40, reason: "the disk was changed at the counter")
        #expect(throws: TerminalRefused.knownEpoch(5)) {
            try books.terminals.register(epoch: 5, of: 40, reason: "twice")
        }
        try #expect(books.count("cases") == 2)
        let empty = try books.terminals.add(41, name: "South 3")
        #expect(!empty.text.isEmpty)
        _ = try books.terminals.renew(41, newJournal: true)
        try #expect(books.count("cases WHERE terminal = 41 AND sequence IS NULL") == 1)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("The list tells of each terminal how it stands, what it holds and what ails it")
    func overview() throws {
        let books = try TestBooks(terminals: 1)
        let token = try books.terminals.add(40, name: "North 2")
        func list() throws -> [TerminalOverview] {
            try TerminalOverview.list(from: books.store, now: books.time.milliseconds)
        }
        try #expect(list().map(\.standing) == [.enrolled, .invited])
        let answer = try enrol(token.text, secret, books)
        let root = try #require([UInt8](hex: answer.journalKey))
        _ = try books.service.ingest(
            terminal: 40, token: secret, epoch: 1, first: 1,
            body: Array(TestTerminal(40, epoch: 1, root: root).activated(1).slots.joined()))
        _ = try books.service.heartbeat(
            TestBooks.heartbeat(epoch: 1, last: 7, conditions: ["YK-R02"]), terminal: 40, token: secret)
        let terminal = try #require(try list().last)
        #expect(terminal.standing == .enrolled && terminal.queued == 5 && terminal.conditions == ["YK-R02"])
        #expect(terminal.lastContactMilliseconds == books.time.milliseconds)
        let table = LedgerReport(try list(), now: books.time.milliseconds + 600_000).table
        #expect(table.contains("10 min ago") && table.contains("YK-R02"))
    }
}
