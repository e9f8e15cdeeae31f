import Platform
import Testing

@testable import Recogniser

@Suite("What a face may pay")
struct FaceRuleTests {
    private static let shown: Int64 = 1_788_262_800_000
    private let order = FaceOrder(number: 7, amountFen: 1_250, shownMilliseconds: shown)

    @Test(
        "A match has to be sure, living, and of now: each limit to the unit",
        arguments: [
            // score, liveness, taken after the order was shown, looked at after that
            (950, 900, 500, 0, nil), (949, 900, 500, 0, FaceRefusal.scoreTooLow),
            (950, 899, 500, 0, .livenessTooLow), (1000, 1000, 0, 0, nil), (1000, 1000, -1, 0, .beforeOrder),
            (1000, 1000, 500, 3_000, nil), (1000, 1000, 500, 3_001, .tooOld), (1000, 1000, 500, -1, .fromTheFuture),
            (0, 0, -9, 9_999, .scoreTooLow),
        ] as [(UInt16, UInt16, Int64, Int64, FaceRefusal?)])
    func limits(score: UInt16, liveness: UInt16, taken: Int64, age: Int64, expected: FaceRefusal?) {
        let match = FaceMatch(account: 12, score: score, liveness: liveness, milliseconds: Self.shown + taken)
        #expect(FaceRule().refusal(of: match, for: order, at: Self.shown + taken + age) == expected)
    }

    @Test("A face pays up to its cap, and for no times that a clock cannot have")
    func cap() {
        let match = FaceMatch(account: 12, score: 1000, liveness: 1000, milliseconds: Self.shown)
        for (amount, expected) in [(UInt32(1_250), nil), (1_251, FaceRefusal.amountAboveCap)] {
            let order = FaceOrder(number: 1, amountFen: amount, shownMilliseconds: Self.shown)
            #expect(FaceRule(capFen: 1_250).refusal(of: match, for: order, at: Self.shown) == expected)
        }
        let ever = FaceOrder(number: 1, amountFen: 1, shownMilliseconds: .min)
        let old = FaceMatch(account: 12, score: 1000, liveness: 1000, milliseconds: .min)
        #expect(FaceRule().refusal(of: old, for: ever, at: .max) == .tooOld)
        #expect(FaceRule().refusal(of: match, for: ever, at: .min) == .fromTheFuture)
    }
}

@Suite("What till and recogniser say")
struct FaceConversationTests {
    private let wall: Int64 = 1_788_262_800_000

    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func order(_ number: UInt64 = 7, fen: UInt32 = 1_250) -> FaceOrder {
        FaceOrder(number: number, amountFen: fen, shownMilliseconds: wall)
    }

    private func line(_ account: UInt64 = 12, score: Int = 990, after: Int64 = 100) -> [UInt8] {
        Array(#"{"account":\#(account),"score":\#(score),"liveness":990,"time":\#(wall + after)}"#.utf8) + [10]
    }

    private func match(_ account: UInt64 = 12, score: UInt16 = 990, after: Int64 = 100) -> FaceMatch {
        FaceMatch(account: account, score: score, liveness: 990, milliseconds: wall + after)
    }

    @Test("A sale is announced, a match taken once, and the decision told")
    func wholeSale() {
        var talk = FaceConversation(rule: FaceRule())
        #expect(talk.greet() == [.hello])
        let early = talk.hear(line(), at: at(0), wallMilliseconds: wall + 200)
        #expect(early.replies == [.refused(order: nil, reason: "nobody-asked")])
        #expect(early.events == [.refused(match(), .nobodyAsked)])
        #expect(talk.ask(order()) == [.waiting(order())])
        // Told to a recogniser that comes in the middle, too.
        #expect(talk.greet() == [.hello, .waiting(order())])
        let taken = talk.hear(line(), at: at(0), wallMilliseconds: wall + 200)
        #expect(taken == .init(events: [.matched(match(), order: 7)]))
        let second = talk.hear(line(13), at: at(0), wallMilliseconds: wall + 200)
        #expect(second.replies == [.refused(order: 7, reason: "being-served")])
        #expect(talk.conclude(8, refusal: nil) == [] && talk.conclude(7, refusal: nil) == [.taken(order: 7)])
        #expect(talk.conclude(7, refusal: nil) == [] && talk.greet() == [.hello])
    }

    @Test("A refused match leaves the sale waiting for another one")
    func refusals() {
        var talk = FaceConversation(rule: FaceRule())
        _ = talk.ask(order())
        let unsure = talk.hear(line(score: 10) + line(after: -1), at: at(0), wallMilliseconds: wall + 200)
        #expect(
            unsure.replies == [
                .refused(order: 7, reason: "score-too-low"), .refused(order: 7, reason: "before-order"),
            ])
        #expect(unsure.events == [.refused(match(score: 10), .scoreTooLow), .refused(match(after: -1), .beforeOrder)])
        #expect(
            talk.hear(line(), at: at(0), wallMilliseconds: wall + 200).events == [.matched(match(), order: 7)])
        #expect(talk.conclude(7, refusal: "hotlisted") == [.refused(order: 7, reason: "hotlisted")])
    }

    @Test("The same match pays no second time, whatever it scores then")
    func replay() {
        var talk = FaceConversation(rule: FaceRule())
        _ = talk.ask(order())
        _ = talk.hear(line(), at: at(0), wallMilliseconds: wall + 200)
        _ = talk.conclude(7, refusal: nil)
        // A second sale that was shown at the same millisecond, so that no other rule helps.
        _ = talk.ask(order(8))
        let again = talk.hear(line(score: 1000), at: at(0), wallMilliseconds: wall + 200)
        #expect(again.replies == [.refused(order: 8, reason: "already-used")])
        #expect(
            talk.hear(line(after: 150), at: at(0), wallMilliseconds: wall + 200).events
                == [.matched(match(after: 150), order: 8)])
    }

    @Test("A sale that is dearer than a face may pay is not announced, and replaces the one before")
    func aboveCap() {
        var talk = FaceConversation(rule: FaceRule(capFen: 1_000))
        #expect(talk.ask(order(fen: 1_001)) == [] && talk.greet() == [.hello])
        _ = talk.ask(order(1, fen: 1_000))
        #expect(talk.ask(order(2, fen: 1_001)) == [.idle(order: 1)])
        let reaction = talk.hear(line(), at: at(0), wallMilliseconds: wall + 200)
        #expect(reaction.replies == [.refused(order: nil, reason: "nobody-asked")])
    }

    @Test("A sale that was paid otherwise waits no longer, also while a match is being served")
    func withdrawn() {
        var talk = FaceConversation(rule: FaceRule())
        #expect(talk.withdraw() == [])
        _ = talk.ask(order())
        #expect(talk.withdraw() == [.idle(order: 7)] && talk.withdraw() == [])
        _ = talk.ask(order(8))
        _ = talk.hear(line(), at: at(0), wallMilliseconds: wall + 200)
        #expect(talk.withdraw() == [.idle(order: 8)] && talk.conclude(8, refusal: nil) == [])
    }

    @Test(
        "What is no match is answered with an error and counted",
        arguments: [
            "", "hello", "{}", "[]", "null", "{\"account\":12}",
            "{\"account\":0,\"score\":1,\"liveness\":1,\"time\":1}",
            "{\"account\":-1,\"score\":1,\"liveness\":1,\"time\":1}",
            "{\"account\":1,\"score\":1001,\"liveness\":1,\"time\":1}",
            "{\"account\":1,\"score\":1,\"liveness\":1001,\"time\":1}",
            "{\"account\":1,\"score\":1,\"liveness\":-1,\"time\":1}",
            "{\"account\":1,\"score\":1.5,\"liveness\":1,\"time\":1}",
            "{\"account\":1,\"score\":1,\"liveness\":1,\"time\":-1}",
            "{\"account\":1,\"score\":1,\"liveness\":1,\"time\":9e99}",
            "{\"account\":\"1\",\"score\":1,\"liveness\":1,\"time\":1}",
            "{\"account\":18446744073709551616,\"score\":1,\"liveness\":1,\"time\":1}",
            "{account:1,score:1,liveness:1,time:1}", String(repeating: "[", count: 512), "\0\0\0", "\u{FEFF}{}",
        ])
    func malformed(text: String) {
        var talk = FaceConversation(rule: FaceRule())
        _ = talk.ask(order())
        let reaction = talk.hear(Array(text.utf8) + [10], at: at(0), wallMilliseconds: wall)
        #expect(reaction == .init(replies: [.error(.malformed)], events: [.malformed(total: 1)]))
        let bytes = talk.hear([0xFF, 0xFE, 10], at: at(0), wallMilliseconds: wall)
        #expect(bytes.events == [.malformed(total: 2)] && talk.malformed == 2)
    }

    @Test("Names of a later version are passed over")
    func laterVersion() {
        let text = #"{"account":12,"score":1,"liveness":2,"time":3,"camera":"left","box":[1,2]}"#
        let match = FaceMatch(account: 12, score: 1, liveness: 2, milliseconds: 3)
        #expect(FaceLine.match(Array(text.utf8)) == match)
    }

    @Test("Lines are put together however they arrive; one that is too long is dropped and said once")
    func framing() {
        var talk = FaceConversation(rule: FaceRule())
        _ = talk.ask(order())
        let bytes = line()
        var reaction = FaceConversation.Reaction()
        for byte in bytes { reaction = reaction + talk.hear([byte], at: at(0), wallMilliseconds: wall + 200) }
        #expect(reaction.events == [.matched(match(), order: 7)])
        _ = talk.conclude(7, refusal: nil)
        let long = [UInt8](repeating: 0x41, count: 513)
        let dropped = talk.hear(long + long, at: at(0), wallMilliseconds: wall)
        #expect(dropped == .init(replies: [.error(.tooLong)], events: [.malformed(total: 1)]))
        _ = talk.ask(order(8))
        let next = talk.hear([10] + line(after: 5), at: at(0), wallMilliseconds: wall + 200)
        #expect(next.events == [.matched(match(after: 5), order: 8)])
        // A line of exactly 512 bytes is looked at.
        _ = talk.conclude(8, refusal: nil)
        let padded = Array(line().dropLast()) + [UInt8](repeating: 0x20, count: 513 - line().count) + [10]
        #expect(padded.count == 513)
        let looked = talk.hear(padded, at: at(0), wallMilliseconds: wall + 200)
        #expect(looked.replies == [.refused(order: nil, reason: "nobody-asked")])
    }

    @Test("More than 20 lines in a second are passed over, said once; more than 64 KiB end the connection")
    func flood() {
        var talk = FaceConversation(rule: FaceRule())
        let many = (0..<50).flatMap { _ in line() }
        let first = talk.hear(many, at: at(0), wallMilliseconds: wall + 200)
        #expect(first.replies.count == 21 && first.replies.last == .error(.tooMany) && !first.isOver)
        #expect(talk.hear(line(), at: at(999), wallMilliseconds: wall).replies == [])
        #expect(talk.hear(line(), at: at(1000), wallMilliseconds: wall).replies.count == 1)
        var talkative = FaceConversation(rule: FaceRule())
        let chunk = [UInt8](repeating: 0x41, count: 4096)
        for _ in 0..<16 { #expect(!talkative.hear(chunk, at: at(0), wallMilliseconds: wall).isOver) }
        #expect(talkative.hear([0x41], at: at(999), wallMilliseconds: wall).isOver)
        // The next recogniser begins anew.
        _ = talkative.greet()
        #expect(!talkative.hear(chunk, at: at(999), wallMilliseconds: wall).isOver)
    }

    @Test("What the terminal says is what the page prescribes, byte for byte")
    func replies() {
        let replies: [(FaceLine.Reply, String)] = [
            (.hello, #"{"event":"hello","protocol":1}"#),
            (.waiting(order()), #"{"event":"waiting","order":7,"since":1788262800000}"#),
            (.idle(order: 7), #"{"event":"idle","order":7}"#), (.taken(order: 7), #"{"event":"taken","order":7}"#),
            (
                .refused(order: 7, reason: "score-too-low"),
                #"{"event":"refused","order":7,"reason":"score-too-low"}"#
            ),
            (.refused(order: nil, reason: "nobody-asked"), #"{"event":"refused","reason":"nobody-asked"}"#),
            (.refused(order: 7, reason: "a\n\"b"), #"{"event":"refused","order":7,"reason":"a\n\"b"}"#),
            (.error(.malformed), #"{"code":"malformed","event":"error"}"#),
        ]
        for (reply, text) in replies { #expect(String(decoding: reply.bytes, as: UTF8.self) == text + "\n") }
    }
}
