import Journal
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Taking uploads", .onBothDatabases)
struct IngestTests {
    /// Seven records with business in them: two activations with a purse, a confirmation, and one that is unknown.
    private func journal() -> TestTerminal {
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        terminal.activate(2, purse: 20)
        terminal.append(0x77, [1, 2, 3])
        terminal.outcome(1, purse: 350)
        terminal.intent(3)
        return terminal
    }

    @Test("Every way of cutting and repeating the uploads leaves the same books as sending each record once")
    func everySplitAndOverlap() throws {
        let slots = journal().slots
        let reference = try TestBooks()
        try reference.upload(slots, first: 1)
        let expected = try reference.business()
        var tried = 0
        // Each bit says whether an upload ends after that record; each upload begins up to two records early, and is
        // sent a second time as if its answer had been lost.
        for cuts in 0..<(1 << (slots.count - 1)) {
            for overlap in 0...2 {
                let books = try TestBooks()
                var start = 0
                for end in 1...slots.count where end == slots.count || cuts >> (end - 1) & 1 == 1 {
                    let from = max(0, start - overlap)
                    for _ in 0..<2 {
                        let answer = try books.upload(slots[from..<end], first: UInt64(from) + 1)
                        #expect(answer.acknowledged == UInt64(end))
                        #expect(answer.chainHead == Slot.mac(of: slots[end - 1]).bytes.hex())
                    }
                    start = end
                }
                try #expect(books.business() == expected)
                tried += 1
            }
        }
        print("uploads: \(tried) ways of cutting and overlapping \(slots.count) records, all alike")
    }

    @Test("Every stretch of an acknowledged journal can be sent again, and answers with the cursor where it is")
    func resendsBelowTheCursor() throws {
        let slots = journal().slots
        let books = try TestBooks()
        try books.upload(slots, first: 1)
        let expected = try books.business()
        var tried = 0
        for from in 0..<slots.count {
            for end in (from + 1)...slots.count {
                let answer = try books.upload(slots[from..<end], first: UInt64(from) + 1)
                #expect(answer.acknowledged == UInt64(slots.count))
                #expect(answer.chainHead == Slot.mac(of: slots[slots.count - 1]).bytes.hex())
                tried += 1
            }
        }
        try #expect(books.business() == expected)
        print("resends: \(tried) stretches, nothing changed")
    }

    @Test("A gap is refused with the sequence expected, and nothing is stored")
    func gap() throws {
        let slots = journal().slots
        let books = try TestBooks()
        try #expect(books.refusal(slots[1...], first: 2)?.expected == 1)
        try books.upload(slots[..<2], first: 1)
        let refusal = try books.refusal(slots[3...], first: 4)
        #expect(refusal?.code == "L-GAP")
        #expect(refusal?.expected == 3)
        try #expect(books.count("records") == 2)
        try #expect(books.refusal(slots[2...], first: 3) == nil)
    }

    @Test("A journal that says something else about a stored record freezes its terminal, and only that one")
    func fork() throws {
        let books = try TestBooks()
        try books.upload(journal().slots, first: 1)
        var other = TestTerminal()
        other.activate(1, purse: 999)
        try #expect(books.refusal(other.slots, first: 1)?.code == "L-FORK")
        try #expect(books.refusal(journal().slots, first: 1)?.code == "L-FROZEN")
        try #expect(books.count("quarantine") == 1)
        try #expect(books.count("records") == Int64(journal().slots.count))
        var neighbour = TestTerminal(2)
        neighbour.activate(3)
        try #expect(books.refusal(neighbour.slots, first: 1, terminal: 2) == nil)
        try #expect(LedgerCheck.run(on: books.store).holds)
    }

    @Test("A frozen terminal goes on after it was thawed with a journal of a new epoch")
    func thaw() throws {
        let books = try TestBooks()
        try books.upload(journal().slots, first: 1)
        var other = TestTerminal()
        other.activate(2)
        try #expect(books.refusal(other.slots, first: 1)?.code == "L-FORK")
        try #expect(books.terminals.thaw(1))
        try #expect(!books.terminals.thaw(1))
        try #expect(!books.terminals.thaw(99))
        var anew = TestTerminal(1, epoch: 8)
        anew.activate(3)
        try #expect(books.refusal(anew.slots, first: 1, epoch: 8) == nil)
        try #expect(books.count("quarantine") == 1)
    }

    @Test("A record with another key's chain MAC is set aside whole, and freezes the terminal")
    func badMAC() throws {
        let books = try TestBooks()
        var stranger = TestTerminal(2)
        stranger.activate(1)
        try #expect(books.refusal(stranger.slots, first: 1)?.code == "L-FORK")
        try #expect(books.count("quarantine") == 1)
        try #expect(books.count("records") == 0)
        let body = try books.store.read { try $0.first("SELECT body FROM quarantine")?.blob(0) }
        #expect(body == Array(stranger.slots.joined()))
        #expect(throws: LedgerRefused.self) {
            try books.feed(.roster)
        }
    }

    @Test("A record whose chain skips its predecessor freezes the terminal")
    func brokenChain() throws {
        let books = try TestBooks()
        let slots = journal().slots
        try books.upload(slots[..<3], first: 1)
        var rewritten = TestTerminal()
        rewritten.activate(3)
        rewritten.activate(2)
        try #expect(books.refusal(rewritten.slots[3...], first: 4)?.code == "L-FORK")
        try #expect(books.count("records") == 3)
    }

    @Test("Bytes that are no journal records are refused and change nothing")
    func malformed() throws {
        let books = try TestBooks()
        let slots = journal().slots
        var damaged = slots[0]
        damaged[40] ^= 1
        let cases: [(slots: [[UInt8]], first: UInt64, epoch: UInt32)] = [
            ([], 1, 7), ([Array(slots[0].dropLast())], 1, 7), ([slots[0], [1]], 1, 7), ([damaged], 1, 7),
            ([[UInt8](repeating: 0, count: 128)], 1, 7), ([slots[0]], 1, 8), ([slots[0]], 0, 7), ([slots[0]], 2, 7),
            ([slots[0], slots[2]], 1, 7), ([slots[0], slots[0]], 1, 7), ([slots[0]], .max, 7),
            ([slots[0]], UInt64(Int64.max), 7),
        ]
        for item in cases {
            let refusal = try books.refusal(item.slots, first: item.first, epoch: item.epoch)
            #expect(refusal?.code == "L-MALFORMED", "\(item.first) \(item.epoch)")
        }
        try #expect(books.count("records") == 0)
        try #expect(books.count("cursors") == 0)
    }

    @Test("Every single bit of an upload, flipped, is refused and nothing of it is posted")
    func flippedBits() throws {
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        let body = Array(terminal.slots.joined())
        let books = try TestBooks()
        var tried = 0
        for bit in stride(from: 0, to: body.count * 8, by: 1) {
            var flipped = body
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: LedgerRefused.self) {
                try books.service.ingest(
                    terminal: 1, token: TestBooks.token, epoch: 7, first: 1, body: flipped)
            }
            tried += 1
        }
        try #expect(books.count("records") == 0)
        try books.upload(terminal.slots, first: 1)
        print("bits: \(tried) flipped, all refused")
    }

    @Test("Who is not registered, or has not the token, is turned away")
    func strangers() throws {
        let books = try TestBooks()
        let slots = journal().slots
        try #expect(books.refusal(slots, first: 1, terminal: 99)?.code == "L-UNKNOWN-TERMINAL")
        for token in ["", "wrong", TestBooks.token + "x", String(TestBooks.token.dropLast())] {
            #expect(throws: LedgerRefused.denied) {
                try books.service.ingest(
                    terminal: 1, token: token, epoch: 7, first: 1, body: Array(slots.joined()))
            }
        }
        try #expect(books.count("records") == 0)
    }

    @Test("A new epoch begins at its first record while the old one can still be completed")
    func epochs() throws {
        let books = try TestBooks()
        let old = journal()
        var new = TestTerminal(1, epoch: 8)
        new.activate(3)
        try books.upload(old.slots[..<3], first: 1)
        try #expect(books.refusal(new.slots[1...], first: 2, epoch: 8)?.code == "L-GAP")
        try books.upload(new.slots, first: 1, epoch: 8)
        let answer = try books.upload(old.slots[3...], first: 4)
        #expect(answer.acknowledged == UInt64(old.slots.count))
        try #expect(LedgerCheck.run(on: books.store).holds)
    }
}
