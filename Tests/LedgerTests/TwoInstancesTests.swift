import Dispatch
import LedgerProtocol
import Platform
import Synchronization
import Testing

@testable import Ledger

@Suite("Two instances on the same books", .onBothDatabases, .serialized)
struct TwoInstancesTests {
    private let account = Int64(TestBooks.account(1))

    /// What `body` answers at each of `count` callers at once, half of them at each instance: codes, or "done".
    private func atOnce(
        _ books: TestBooks, _ count: Int, role: Role = .technician,
        _ body: @escaping @Sendable (AccountDesk, Int) throws -> Void
    ) throws -> [String] {
        let second = try LedgerDatabase.open(books.place, mode: .existing)
        let desks = [books.desk(role), books.desk(role, on: second)]
        let answers = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let answer: String
            do {
                try body(desks[index % 2], index)
                answer = "done"
            } catch let refused as LedgerRefused {
                answer = refused.refusal.code
            } catch {
                answer = "\(error)"
            }
            answers.withLock { $0.append(answer) }
        }
        try second.close()
        return answers.withLock { $0.sorted() }
    }

    @Test("The same top-up at both at once is one, different ones are all taken")
    func topUps() throws {
        let books = try TestBooks()
        let account = account
        let same = try atOnce(books, 8) { desk, _ in _ = try desk.topUp(account: account, fen: 100, reference: "same") }
        #expect(same == [String](repeating: "done", count: 8))
        let others = try atOnce(books, 8) { desk, index in
            _ = try desk.topUp(account: account, fen: 1, reference: "other-\(index)")
        }
        #expect(others == [String](repeating: "done", count: 8))
        try #expect(books.balance(1) == 108)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("Of wrong PINs at both at once five are looked at, and then the account is locked")
    func pins() throws {
        let books = try TestBooks()
        let account = account
        try books.desk().setPin(account: account, to: "123456")
        let answers = try atOnce(books, 12, role: .app) { desk, _ in try desk.verifyPin(account: account, "000000") }
        #expect(answers.count { $0 == "L-PIN" } == 5)
        #expect(answers.count { $0 == "L-PIN-LOCKED" } == 7)
    }

    @Test("A card is replaced once, though two clerks do it at once, and paid once")
    func replacements() throws {
        let books = try TestBooks()
        let account = account
        _ = try books.desk().topUp(account: account, fen: 5_000, reference: "t")
        let answers = try atOnce(books, 6) { desk, index in
            _ = try desk.replaceCard(account: account, cardSerial: 1, reason: .lost, reference: "c-\(index)")
        }
        #expect(answers.count { $0 == "done" } == 1 && answers.count { $0 == "L-SERIAL" } == 5, "\(answers)")
        try #expect(books.balance(1) == 4_000)
        let same = try atOnce(books, 4) { desk, _ in
            _ = try desk.replaceCard(account: account, cardSerial: 2, reason: .lost, reference: "same")
        }
        #expect(same == [String](repeating: "done", count: 4))
        try #expect(books.balance(1) == 3_000)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("An account is opened once, though its holder taps at both at once; others get other numbers")
    func openings() throws {
        let books = try TestBooks()
        var people = "holderNumber,name,category,pin\n"
        for index in 0..<8 { people += "P\(index),Person,student,123456\n" }
        _ = try books.desk().importPeople(csv: Array(people.utf8), dryRun: false)
        let before = try books.count("accounts")
        let same = try atOnce(books, 6) { desk, _ in _ = try desk.open(holderNumber: "P0", name: "Person") }
        #expect(same == [String](repeating: "done", count: 6))
        let others = try atOnce(books, 7) { desk, index in
            _ = try desk.open(holderNumber: "P\(index + 1)", name: "Person")
        }
        #expect(others == [String](repeating: "done", count: 7))
        try #expect(books.count("accounts") == before + 8)
        try books.desk().verifyPin(account: books.desk().number(ofHolder: "P0"), "123456")
    }

    @Test("A small purse is paid once, though terminal and clerk bring it at once")
    func purses() throws {
        let books = try TestBooks()
        let account = account
        var terminal = TestTerminal()
        terminal.activate(1, purse: 70)
        let slots = terminal.slots
        let answers = try atOnce(books, 4) { desk, index in
            if index == 0 {
                try books.upload(slots, first: 1)
            } else {
                _ = try desk.registerSmallPurse(
                    account: account, uid: TestBooks.uid(1), fen: 70, reference: "p\(index)")
            }
        }
        #expect(answers.count { $0 == "L-PURSE-PAID" } + answers.count { $0 == "done" } == 4, "\(answers)")
        try #expect(books.balance(1) == 70)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A sale in suspense is charged once, though two people do it at once")
    func suspense() throws {
        let books = try TestBooks()
        let account = account
        var terminal = TestTerminal()
        terminal.sale(1, fen: 70, account: 1_999_999)
        try books.upload(terminal.slots, first: 1)
        let answers = try atOnce(books, 4) { desk, index in
            try desk.resolve(
                record: "1/7/2", as: index < 2 ? .charge(account: account) : .writeOff, note: "at once")
        }
        #expect(answers.count { $0 == "done" } >= 1 && answers.allSatisfy { ["done", "L-RESOLVED"].contains($0) })
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }
}
