import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Journals with damaged records", .onBothDatabases)
struct GapTests {
    private func journal(epoch: UInt32 = 7) -> TestTerminal {
        var terminal = TestTerminal(epoch: epoch)
        for card in 0..<4 { terminal.activate(card, purse: 100) }
        return terminal
    }

    @Test("Every stretch of lost records is taken with its stand-ins, however the ledger stood and the uploads are cut")
    func everyGap() throws {
        // Each trial is an epoch of its own in the same books; business is there too, but once.
        let books = try TestBooks()
        var trials: UInt32 = 0
        for from in UInt64(1)...7 {
            for to in from...7 {
                for known in 0...Int(to) {
                    for batch in [1, 3, 9] {
                        for knowingTheLink in [true, false] {
                            trials += 1
                            let whole = journal(epoch: trials)
                            var damaged = whole
                            damaged.lose(from, to, knowingTheLink: knowingTheLink)
                            if known > 0 { try books.upload(whole.slots[..<known], first: 1, epoch: trials) }
                            try resend(damaged, to: books, from: min(from, UInt64(known) + 1), batch: batch)
                        }
                    }
                }
            }
        }
        let findings = try LedgerCheck.run(on: books.store)
        #expect(findings.violations == [])
        #expect(findings.records == Int(trials) * 9)
        print("gaps: \(trials) damages, positions of the ledger and batch sizes, all taken")
    }

    /// Sends the journal from its sequence `from` on, as a terminal does that has lost the answers.
    private func resend(_ damaged: TestTerminal, to books: TestBooks, from: UInt64, batch: Int) throws {
        var next = from
        while next <= UInt64(damaged.slots.count) {
            let end = min(Int(next) - 1 + batch, damaged.slots.count)
            let answer = try books.upload(
                damaged.slots[(Int(next) - 1)..<end], first: next, epoch: damaged.epoch)
            try #require(answer.acknowledged >= next)
            #expect(answer.chainHead == Slot.mac(of: damaged.slots[Int(answer.acknowledged) - 1]).bytes.hex())
            next = answer.acknowledged + 1
        }
    }

    @Test("A terminal that lost its last records goes on, whatever of them the ledger holds already")
    func lostEnd() throws {
        let books = try TestBooks()
        var trials: UInt32 = 0
        for from in UInt64(1)...8 {
            for known in 0...8 {
                for batch in [1, 3, 20] {
                    trials += 1
                    let whole = journal(epoch: trials)
                    var damaged = whole
                    damaged.loseEnd(from: from)
                    damaged.activate(1)
                    if known > 0 { try books.upload(whole.slots[..<known], first: 1, epoch: trials) }
                    try resend(damaged, to: books, from: min(from, UInt64(known) + 1), batch: batch)
                }
            }
        }
        #expect(try LedgerCheck.run(on: books.store).violations == [])
        print("lost ends: \(trials) of journals, all taken")
    }

    @Test("A record that comes after its stand-in is set aside, and freezes nobody")
    func lateRecords() throws {
        let books = try TestBooks()
        let whole = journal()
        var damaged = whole
        damaged.lose(3, 5, knowingTheLink: true)
        try books.upload(damaged.slots, first: 1)
        for (first, last) in [(3, 5), (1, 8), (2, 4)] {
            try #expect(books.refusal(whole.slots[(first - 1)..<last], first: UInt64(first)) == nil)
        }
        try #expect(books.count("quarantine") == 3)
        try #expect(books.count("terminals WHERE frozen_reason IS NOT NULL") == 0)
        try #expect(books.count("cases") == 1)
        #expect(try LedgerCheck.run(on: books.store).violations == [])
        // Late ones that reach into a gap whose stand-ins have not all arrived.
        let eight = journal(epoch: 8)
        var shorter = eight
        shorter.lose(3, 5, knowingTheLink: true)
        try books.upload(shorter.slots[..<3], first: 1, epoch: 8)
        #expect(try books.upload(eight.slots[2..<5], first: 3, epoch: 8).acknowledged == 3)
        #expect(try books.upload(shorter.slots[3...], first: 4, epoch: 8).acknowledged == 9)
        #expect(try LedgerCheck.run(on: books.store).violations == [])
        // What is kept on both sides still has to be the same.
        var other = journal()
        other.activate(2, purse: 1)
        try #expect(books.refusal(other.slots[8...], first: 9)?.code == "L-FORK")
    }

    @Test("A gap is one case, and a record whose link was lost with it is marked as such")
    func oneCase() throws {
        for knowingTheLink in [true, false] {
            let books = try TestBooks()
            var terminal = journal()
            terminal.lose(3, 6, knowingTheLink: knowingTheLink)
            try books.upload(terminal.slots, first: 1)
            try #expect(books.count("cases WHERE first_lost = 3 AND last_lost = 6 AND reason = 'damaged'") == 1)
            try #expect(books.count("cases") == 1)
            try #expect(books.count("records WHERE verified = 0") == (knowingTheLink ? 0 : 1))
            try #expect(books.count("cards") == 2)
            let findings = try LedgerCheck.run(on: books.store)
            #expect(findings.violations == [])
            #expect(findings.unverified == (knowingTheLink ? 0 : 1))
        }
    }

    @Test("A stand-in that another key made, or that was put after another record, freezes the terminal")
    func forgedStandIns() throws {
        var stranger = TestTerminal(2)
        for card in 0..<4 { stranger.activate(card) }
        stranger.lose(3, 6, knowingTheLink: false)
        let books = try TestBooks()
        try books.upload(journal().slots[..<2], first: 1)
        try #expect(books.refusal(stranger.slots[2...], first: 3)?.code == "L-FORK")

        var other = TestTerminal()
        for card in 4..<8 { other.activate(card % 4, purse: 5) }
        other.lose(3, 6, knowingTheLink: true)
        let second = try TestBooks()
        try second.upload(journal().slots[..<2], first: 1)
        try #expect(second.refusal(other.slots[2...], first: 3)?.code == "L-FORK")
    }
}
