import Platform
import Testing

@testable import Voice

/// The real libasound with a card that is pulled, busy, asleep, late, or does not return.
@Suite("A sound card that misbehaves")
struct MisbehavingCardTests {
    private let pack: VoicePack
    private let events = Events()

    /// A sentence of a second, and one of 100 ms.
    init() throws { pack = try TestPacks.pack(["long": 50, "short": 5]).pack }

    private func announcer(_ card: ALSAStage.Card, _ style: SpeakingStyle = SpeakingStyle()) -> Announcer {
        Announcer(
            packs: [pack], catalogue: TestPacks.catalogue(["long", "short"]), style: style,
            output: ALSAOutput(device: card.device), time: SystemTime(), events: events.note)
    }

    private func end(_ announcer: Announcer) -> Bool {
        announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 5_000))
    }

    private func samples(_ id: String) -> [Int16] { pack.sound(.sentence(id)) }

    @Test(
        "A card with its own rate and two channels hears each sample once, at its rate, the same on both sides"
    )
    func ownRate() throws {
        let card = try ALSAStage.Card("stereo")
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next(2) == ["started long 0", "finished long 0"])
        #expect(end(announcer))
        let heard = try card.played()
        let expected = TestPacks.converted(samples("long"), to: 48_000, period: 48_000)
        #expect(expected.count == 48_000)
        #expect(heard == expected.flatMap { [$0, $0] })
    }

    @Test("A card that is pulled in a sentence is a condition; plugged in again it is found without a sentence")
    func pulled() throws {
        let card = try ALSAStage.Card("pulled")
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next() == "started long 0")
        try card.become("gone")
        #expect(events.next(2) == ["missing -19", "failed long 0"])
        announcer.say(PromptID(rawValue: "short"), .queue, tag: 1)
        #expect(events.next() == "failed short 1")
        try card.become("ok")
        #expect(events.next() == "back")
        announcer.say(PromptID(rawValue: "short"), .queue, tag: 2)
        #expect(events.next(2) == ["started short 2", "finished short 2"])
        #expect(end(announcer))
        #expect(try card.played().suffix(samples("short").count) == samples("short")[...])
    }

    @Test("A card that another program holds is told of, and speaks when it is let go")
    func busy() throws {
        let card = try ALSAStage.Card("busy", "busy")
        let announcer = announcer(card)
        #expect(events.next() == "missing -16")
        try card.become("ok")
        announcer.say(PromptID(rawValue: "short"), .queue)
        #expect(events.next(3) == ["back", "started short 0", "finished short 0"])
        #expect(end(announcer))
        #expect(try card.played() == samples("short"))
    }

    @Test(
        "After a sleep the sentence goes on where it was, or from what was not heard yet",
        arguments: ["asleep", "slept"])
    func suspended(name: String) throws {
        let card = try ALSAStage.Card(name)
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next() == "started long 0")
        SystemTime().sleep(milliseconds: 200)
        try card.become(name == "asleep" ? "suspended" : "suspended-forever")
        SystemTime().sleep(milliseconds: 200)
        try card.become("ok")
        #expect(events.next(2) == ["interrupted long 0 1", "finished long 0"])
        #expect(end(announcer))
        let heard = try card.played()
        if name == "asleep" {
            #expect(heard == samples("long"))
        } else {
            // What was in the buffer is lost: at most 80 ms.
            #expect(heard.count >= samples("long").count - TestPacks.rate * 81 / 1_000)
            #expect(heard.suffix(1_000) == samples("long").suffix(1_000))
        }
    }

    @Test("A card that ran dry is told of, and the sentence is heard to its end")
    func underrun() throws {
        let card = try ALSAStage.Card("dry")
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next() == "started long 0")
        try card.become("underrun")
        #expect(events.next(2) == ["interrupted long 0 1", "finished long 0"])
        #expect(end(announcer))
        #expect(try card.played().suffix(1_000) == samples("long").suffix(1_000))
    }

    @Test("A card whose clock stands is given up after a second, and found again when it runs")
    func stalled() throws {
        let card = try ALSAStage.Card("stalled")
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "short"), .queue)
        #expect(events.next(2) == ["started short 0", "finished short 0"])
        try card.become("stalled")
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next(3) == ["started long 0", "missing -110", "failed long 0"])
        try card.become("ok")
        announcer.say(PromptID(rawValue: "short"), .queue)
        #expect(events.next(3) == ["back", "started short 0", "finished short 0"])
        #expect(end(announcer))
    }

    @Test("A card that does not return from a write is seen to hang by others, and speaks again when it returns")
    func hanging() throws {
        let card = try ALSAStage.Card("hanging")
        let announcer = announcer(card)
        announcer.say(PromptID(rawValue: "long"), .queue)
        #expect(events.next() == "started long 0")
        try card.become("hang-write")
        SystemTime().sleep(milliseconds: 300)
        #expect(!announcer.hangs)
        for tag in 1...1_000 as ClosedRange<UInt64> { announcer.say(PromptID(rawValue: "short"), .preempt, tag: tag) }
        let limit = SystemTime().now().advanced(milliseconds: 10_000)
        while !announcer.hangs, SystemTime().now() < limit { SystemTime().sleep(milliseconds: 20) }
        #expect(announcer.hangs)
        try card.become("ok")
        var told: [String] = []
        repeat { told.append(events.next()) } while told.last != "finished short 1000" && told.last != "nothing"
        #expect(told.count { $0.hasPrefix("dropped short") } == 999)
        #expect(!announcer.hangs)
        #expect(end(announcer))
    }

    @Test("The card's mixer is set in decibels by the ear's steps, and unmuted")
    func mixer() throws {
        let card = try ALSAStage.Card("loud")
        let output = ALSAOutput(device: card.device)
        _ = try output.open(SoundFormat(sampleRate: 8_000))
        // 50 % is 18.06 dB less: 18 steps by the card, the rest by us.
        let left = output.setVolume(50)
        #expect(try card.mixer() == .init(volume: 46, switch: true))
        #expect(abs(left - 0.993) < 0.002)
        #expect(output.setVolume(0) == 0)
        #expect(try card.mixer().switch == false)
        #expect(output.setVolume(100) == 1)
        #expect(try card.mixer() == .init(volume: 64, switch: true))
        output.close()
    }

    @Test("A mixer that does not tell decibels is set by its steps; without a mixer the samples are made quieter")
    func mixerWithoutDecibels() throws {
        let card = try ALSAStage.Card("steps")
        let output = ALSAOutput(device: card.device)
        _ = try output.open(SoundFormat(sampleRate: 8_000))
        #expect(output.setVolume(50) == 1)
        #expect(try card.mixer().volume == 32)
        output.close()
        #expect(ALSAOutput(device: card.device, control: nil).setVolume(50) == 0.125)
        #expect(ALSAOutput(device: "yikaone").setVolume(50) == 0.125)
    }
}
