import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("What waits in suspense", .onBothDatabases)
struct SuspenseTests {
    private let account = Int64(TestBooks.account(1))

    @Test("A sale in suspense is charged or written off once, and what has no money is dismissed")
    func resolving() throws {
        let books = try TestBooks()
        let desk = books.desk()
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 700, account: 1_999_999)
        terminal.sale(1, fen: 50, account: 1_999_999)
        terminal.append(0x77, [1])
        try books.upload(terminal.slots, first: 1)
        _ = try desk.topUp(account: account, fen: 500, reference: "t")
        let items = try desk.suspense()
        #expect(items.map(\.record) == ["1/7/4", "1/7/6", "1/7/7"])
        #expect(items.map(\.isSale) == [true, true, false])
        try #expect(refusal { try desk.resolve(record: "1/7/4", as: .dismiss, note: "n") } == "L-RESOLUTION")
        try #expect(refusal { try desk.resolve(record: "1/7/7", as: .writeOff, note: "n") } == "L-RESOLUTION")
        try #expect(refusal { try desk.resolve(record: "1/7/5", as: .writeOff, note: "n") } == "L-NO-SUSPENSE")
        try #expect(
            refusal { try desk.resolve(record: "1/7/4", as: .charge(account: 1_888_888), note: "n") } == "L-NO-ACCOUNT")
        for record in ["", "1/7", "1/7/0", "x/7/4", "1/7/4/5", "-1/7/4", "1/7/9999999999999999999"] {
            try #expect(refusal { try desk.resolve(record: record, as: .dismiss, note: "n") } == "L-MALFORMED")
        }
        for _ in 0..<2 { try desk.resolve(record: "1/7/4", as: .charge(account: account), note: "found out") }
        try #expect(refusal { try desk.resolve(record: "1/7/4", as: .writeOff, note: "n") } == "L-RESOLVED")
        let view = try desk.show(account: account)
        #expect(view.balanceFen == 0 && view.debtFen == 200)
        try #expect(desk.statement(account: account).items.contains { $0.kind == "suspense-charge" && $0.fen == -700 })
        try desk.resolve(record: "1/7/6", as: .writeOff, note: "no such account")
        try desk.resolve(record: "1/7/7", as: .dismiss, note: "a test")
        try #expect(desk.suspense() == [])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A charge that goes wholly into a debt is in the statement")
    func debtOnly() throws {
        let books = try TestBooks()
        let desk = books.desk()
        var terminal = TestTerminal()
        terminal.sale(1, fen: 70, account: 1_999_999)
        try books.upload(terminal.slots, first: 1)
        try desk.resolve(record: "1/7/2", as: .charge(account: account), note: "found out")
        try #expect(desk.statement(account: account).items.map(\.fen) == [-70])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }
}
