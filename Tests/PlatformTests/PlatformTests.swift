import Platform
import Testing

@Suite("Platform")
struct PlatformTests {
    @Test("hexadecimal reads back what it writes, and refuses half bytes and strangers")
    func hexadecimal() {
        for byte in UInt8.min...UInt8.max { #expect([UInt8](hex: [byte].hex()) == [byte]) }
        #expect([UInt8](hex: "de ad:BE") == [0xDE, 0xAD, 0xBE])
        for wrong in ["a", "abc", "zz", "a b", "0x12"] { #expect([UInt8](hex: wrong) == nil, "\(wrong)") }
    }

    @Test("integers lie little-endian and read back at every width")
    func integers() {
        var bytes = [UInt8](repeating: 0xEE, count: 12)
        bytes.store(UInt32(0x0102_0304), at: 1)
        #expect(bytes[0...5] == [0xEE, 4, 3, 2, 1, 0xEE])
        for value in [Int64.min, -1, 0, 1, Int64.max] {
            bytes.store(value, at: 3)
            #expect(bytes.integer(at: 3, as: Int64.self) == value)
        }
    }

    @Test("money is written in yuan with two decimals, below zero too")
    func money() {
        let cases: [(Int64, String)] = [(0, "0.00"), (5, "0.05"), (350, "3.50"), (-5, "-0.05"), (-1205, "-12.05")]
        for (fen, text) in cases { #expect(Fen(fen).description == text) }
    }

    @Test("money that overflows stops the program instead of wrapping")
    func moneyOverflow() async {
        await #expect(processExitsWith: .failure) { _ = Fen(Int64.max) + Fen(1) }
    }

    @Test("a mailbox hands over everything in order, from many threads to one")
    func mailbox() {
        let mailbox = Mailbox<Int>()
        let senders = (0..<8).map { sender in
            DedicatedThread(name: "sender-\(sender)") { for index in 0..<500 { mailbox.send(sender * 1000 + index) } }
        }
        var last = [Int](repeating: -1, count: 8)
        for _ in 0..<4000 {
            guard let message = mailbox.receive(until: later) else {
                Issue.record("a message is missing")
                return
            }
            #expect(message % 1000 == last[message / 1000] + 1)
            last[message / 1000] = message % 1000
        }
        for sender in senders { #expect(sender.join(until: later)) }
        mailbox.close()
        #expect(!mailbox.send(1) && mailbox.receive() == nil)
    }

    @Test("an answer is given once and a signal stays raised")
    func answers() {
        let answer = Answer<Int>()
        let signal = Signal()
        let thread = DedicatedThread(name: "giver") {
            answer.give(1)
            answer.give(2)
            signal.raise()
        }
        #expect(signal.wait(until: later) && answer.wait(until: later) == 1)
        #expect(thread.join(until: later) && signal.isRaised)
    }

    @Test("waiting for what never comes ends at the deadline")
    func deadlines() {
        let now = SystemTime().now()
        #expect(Mailbox<Int>().receive(until: now) == nil)
        #expect(!Signal().wait(until: now) && Answer<Int>().wait(until: now) == nil)
    }

    private var later: Instant { SystemTime().now().advanced(milliseconds: 60_000) }
}
