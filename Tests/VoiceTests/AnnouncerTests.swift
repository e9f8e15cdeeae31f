import Platform
import Synchronization
import Testing
import Voice

@Suite("The announcer")
struct AnnouncerTests {
    /// Everything around one announcer.
    struct Stage {
        let announcer: Announcer
        let output: FakeOutput
        let clock = HandClock()
        let events = Events()
        let pack: VoicePack

        init(
            _ lengths: [String: Int], uncut: Set<String> = [], pacing: Bool = true, missing: Bool = false,
            words: [String] = []
        ) throws {
            pack = try TestPacks.pack(lengths, words: words).pack
            output = FakeOutput(pacing: pacing)
            if missing { output.look { state in state.openFailure = FakeOutput.gone } }
            announcer = Announcer(
                packs: [pack],
                catalogue: TestPacks.catalogue(
                    lengths.keys.sorted() + (words.isEmpty ? [] : ["amount"]), uncut: uncut,
                    texts: ["amount": "{amount}"], words: words),
                output: output, time: clock, events: events.note)
        }

        func samples(_ id: String) -> [Int16] { pack.sound(.sentence(id)) }

        func say(_ id: String, _ rule: SpeakingRule, notBefore: Instant? = nil, tag: UInt64 = 0) {
            announcer.say(PromptID(rawValue: id), rule, notBefore: notBefore, tag: tag)
        }

        func stop() -> Bool { announcer.stop(deadline: clock.now().advanced(milliseconds: 5_000)) }
    }

    @Test("A pre-empting sentence cuts the one being spoken, after the period that was under way")
    func preemptCuts() throws {
        let stage = try Stage(["long": 100, "short": 2])
        stage.say("long", .queue, tag: 1)
        stage.output.permit(3)
        #expect(stage.events.next() == "started long 1")
        for _ in 0..<4 { _ = stage.output.reached.receive() }  // The fourth period waits for the device.
        stage.say("short", .preempt, tag: 2)
        stage.output.permit(3)
        #expect(stage.events.next(3) == ["cut long 1", "started short 2", "finished short 2"])
        let period = TestPacks.rate / 50
        #expect(stage.output.written == Array(stage.samples("long").prefix(4 * period)) + stage.samples("short"))
        #expect(stage.stop())
    }

    @Test("A sentence that may not be cut is spoken to its end before a pre-empting one")
    func uncutIsHeard() throws {
        let stage = try Stage(["activated": 5, "activating": 2], uncut: ["activated"])
        stage.say("activated", .queue)
        stage.output.permit(1)
        #expect(stage.events.next() == "started activated 0")
        stage.say("activating", .preempt)
        stage.output.permit(6)
        #expect(stage.events.next(3) == ["finished activated 0", "started activating 0", "finished activating 0"])
        #expect(stage.output.written == stage.samples("activated") + stage.samples("activating"))
        #expect(stage.stop())
    }

    @Test("Pre-empting forgets what waits and may be cut, and keeps what may not")
    func preemptDropsTheQueue() throws {
        let stage = try Stage(["a": 5, "b": 1, "keep": 1, "urgent": 1], uncut: ["keep"])
        stage.say("a", .queue)
        stage.output.permit(1)
        #expect(stage.events.next() == "started a 0")
        for id in ["b", "keep", "b"] { stage.say(id, .queue) }
        stage.say("urgent", .preempt)
        stage.output.permit(10)
        #expect(
            stage.events.next(7) == [
                "dropped b 0", "dropped b 0", "cut a 0", "started keep 0", "finished keep 0", "started urgent 0",
                "finished urgent 0",
            ])
        #expect(stage.stop())
    }

    @Test("A sentence with an earliest time waits for it, and holds back what is queued after it")
    func notBeforeHolds() throws {
        let stage = try Stage(["activated": 1, "top-up-first": 1], pacing: false)
        let due = stage.clock.now().advanced(milliseconds: 3_300)
        stage.say("activated", .queue, notBefore: due)
        stage.say("top-up-first", .queue)
        while stage.clock.sleepers == 0 { SystemTime().sleep(milliseconds: 1) }
        stage.clock.advance(milliseconds: 3_299)
        stage.say("activated", .queue, tag: 9)  // Makes the announcer look at its clock again.
        SystemTime().sleep(milliseconds: 20)
        #expect(stage.events.rest() == [])
        stage.clock.advance(milliseconds: 1)
        #expect(
            stage.events.next(6) == [
                "started activated 0", "finished activated 0", "started top-up-first 0", "finished top-up-first 0",
                "started activated 9", "finished activated 9",
            ])
        #expect(stage.stop())
    }

    @Test("A sentence that waits for its time does not delay a pre-empting one")
    func notBeforeIsOvertaken() throws {
        let stage = try Stage(["activated": 1, "activating": 1], uncut: ["activated"], pacing: false)
        stage.say("activated", .preempt, notBefore: stage.clock.now().advanced(milliseconds: 3_300), tag: 1)
        while stage.clock.sleepers == 0 { SystemTime().sleep(milliseconds: 1) }
        stage.say("activating", .preempt, tag: 2)
        #expect(stage.events.next(2) == ["started activating 2", "finished activating 2"])
        stage.clock.advance(milliseconds: 3_300)
        #expect(stage.events.next(2) == ["started activated 1", "finished activated 1"])
        #expect(stage.stop())
    }

    @Test("A delayed pre-empting sentence cuts when it becomes due")
    func delayedPreemptCuts() throws {
        let stage = try Stage(["activated": 1, "activating": 100], uncut: ["activated"])
        stage.say("activating", .preempt)
        stage.say("activated", .preempt, notBefore: stage.clock.now().advanced(milliseconds: 3_300))
        stage.output.permit(3)
        #expect(stage.events.next() == "started activating 0")
        for _ in 0..<4 { _ = stage.output.reached.receive() }
        #expect(stage.events.rest() == [])
        stage.clock.advance(milliseconds: 3_300)
        stage.output.permit(2)
        #expect(stage.events.next(3) == ["cut activating 0", "started activated 0", "finished activated 0"])
        #expect(stage.stop())
    }

    @Test("A missing device is said once, every sentence fails, and the device is found again by a later one")
    func missingDevice() throws {
        let stage = try Stage(["a": 2], pacing: false, missing: true)
        #expect(stage.events.next() == "missing -2")
        stage.say("a", .queue, tag: 1)
        stage.say("a", .queue, tag: 2)
        #expect(stage.events.next(2) == ["failed a 1", "failed a 2"])
        stage.output.look { state in state.openFailure = nil }
        stage.say("a", .queue, tag: 3)
        #expect(stage.events.next(3) == ["back", "started a 3", "finished a 3"])
        stage.output.look { state in state.writeFailure = FakeOutput.gone }
        stage.say("a", .queue, tag: 4)
        #expect(stage.events.next(2) == ["missing -2", "failed a 4"])
        #expect(stage.output.look { state in state.opens } == 5)
        stage.output.look { state in state.writeFailure = nil }
        while stage.clock.sleepers == 0 { SystemTime().sleep(milliseconds: 1) }
        stage.clock.advance(milliseconds: 5_000)
        #expect(stage.events.next() == "back")  // Nobody had to ask for a sentence.
        #expect(stage.stop())
    }

    @Test("A device that hangs blocks neither asking nor stopping")
    func hangingDevice() throws {
        let stage = try Stage(["a": 2])
        stage.say("a", .queue)
        _ = stage.output.reached.receive()  // It hangs in the first write, and no permit ever comes.
        for tag in 0..<10_000 { stage.say("a", .preempt, tag: UInt64(tag)) }
        stage.announcer.silence()
        #expect(!stage.announcer.stop(deadline: stage.clock.now().advanced(milliseconds: 50)))
        stage.output.permits.close()
    }

    @Test("Silence cuts what may be cut, and what may not goes on")
    func silence() throws {
        let stage = try Stage(["a": 50, "keep": 3], uncut: ["keep"])
        stage.say("a", .queue)
        stage.say("a", .queue, tag: 1)
        stage.say("keep", .queue)
        stage.output.permit(1)
        #expect(stage.events.next() == "started a 0")
        stage.announcer.silence()
        stage.output.permit(10)
        #expect(stage.events.next(4) == ["dropped a 1", "cut a 0", "started keep 0", "finished keep 0"])
        #expect(stage.stop())
    }

    @Test("Stopping still says what may not be cut, without waiting for its time, and closes the device")
    func stopSaysWhatMatters() throws {
        let stage = try Stage(["a": 1, "activated": 2], uncut: ["activated"], pacing: false)
        stage.say("a", .queue)
        #expect(stage.events.next(2) == ["started a 0", "finished a 0"])
        stage.say("activated", .queue, notBefore: stage.clock.now().advanced(milliseconds: 3_000))
        stage.say("a", .queue, tag: 1)
        #expect(stage.stop())
        #expect(stage.events.rest() == ["dropped a 1", "started activated 0", "finished activated 0"])
        #expect(!stage.output.look { state in state.isOpen })
        stage.say("a", .queue, tag: 2)  // Refused: nobody listens any more.
        #expect(stage.events.rest() == [])
    }

    @Test("At the deadline to stop, even what may not be cut is")
    func stopHasADeadline() throws {
        let stage = try Stage(["activated": 100], uncut: ["activated"])
        stage.say("activated", .queue, tag: 1)
        stage.say("activated", .queue, tag: 2)
        stage.output.permit(1)
        #expect(stage.events.next() == "started activated 1")
        stage.clock.advance(milliseconds: 10_000)
        #expect(!stage.announcer.stop(deadline: stage.clock.now()))
        stage.output.permit(1)
        #expect(stage.events.next(2) == ["dropped activated 2", "cut activated 1"])
    }

    @Test("In a second language nobody waits: it gives way to whatever is due, though the first may not be cut")
    func secondLanguageGivesWay() throws {
        let chinese = try TestPacks.pack(["paid": 2, "b": 1]).pack
        let english = try TestPacks.pack(["paid": 100, "b": 1], language: "en", seed: 50).pack
        let (output, events) = (FakeOutput(pacing: true), Events())
        var style = SpeakingStyle()
        style.languages = .all
        let announcer = Announcer(
            packs: [chinese, english], catalogue: TestPacks.catalogue(["paid", "b"], uncut: ["paid"]), style: style,
            output: output, time: HandClock(), events: events.note)
        announcer.say(.paid, .queue, tag: 1)
        output.permit(1)
        #expect(events.next() == "started paid 1")
        // Two periods in Mandarin, 250 ms of pause, and the English ones have begun.
        output.permit(18)
        for _ in 0..<20 { _ = output.reached.receive() }
        announcer.say(PromptID(rawValue: "b"), .queue, tag: 2)
        output.permit(40)
        #expect(events.next(2) == ["finished paid 1", "started b 2"])
        #expect(announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 5_000)))
    }

    @Test("The device's volume is set once, when it changes, and what it cannot do is done to the samples")
    func volume() throws {
        let pack = try TestPacks.pack(["a": 2]).pack
        let (output, events) = (FakeOutput(), Events())
        let percent = Mutex<Int?>(80)
        output.look { $0.gain = 0.5 }
        var style = SpeakingStyle()
        style.volume = { percent.withLock { $0 } }
        let announcer = Announcer(
            packs: [pack], catalogue: TestPacks.catalogue(["a"]), style: style, output: output, time: HandClock(),
            events: events.note)
        for _ in 0..<2 { announcer.say(PromptID(rawValue: "a"), .queue) }
        _ = events.next(4)
        percent.withLock { $0 = 20 }
        announcer.say(PromptID(rawValue: "a"), .queue)
        _ = events.next(2)
        #expect(announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 5_000)))
        #expect(output.look { $0.volumes } == [80, 20])
        let half = pack.sound(.sentence("a")).map { Int16((Double($0) * 0.5).rounded()) }
        #expect(output.written == half + half + half)
    }

    @Test("A sentence is written without a gap: every period is full, whatever pieces it is of")
    func noGaps() throws {
        let stage = try Stage(["a": 3], pacing: false, words: ["十", "二元", "五角"])
        let amount = Utterance(PromptID(rawValue: "amount"), amount: Fen(1_250))
        stage.announcer.say(amount, .queue)
        #expect(stage.events.next(2) == ["started amount 0", "finished amount 0"])
        #expect(stage.stop())
        let pieces = ["十", "二元", "五角"].flatMap { stage.pack.sound(.word($0)) }
        #expect(stage.output.written == pieces)
        let periods = stage.output.reached.drain()
        #expect(periods.dropLast().allSatisfy { $0 == TestPacks.rate / 50 })
    }

    @Test("A device that runs dry is told of; the sentence is still heard")
    func interruptions() throws {
        let stage = try Stage(["a": 2], pacing: false)
        stage.output.look { $0.interruptions = 2 }
        stage.say("a", .queue, tag: 7)
        #expect(stage.events.next(3) == ["started a 7", "interrupted a 7 2", "finished a 7"])
        #expect(stage.stop())
    }

    @Test("A device that has not let go for three seconds hangs, and what waited meanwhile is not said late")
    func hangs() throws {
        let stage = try Stage(["a": 2, "paid": 1], uncut: ["paid"])
        stage.say("a", .queue, tag: 1)
        _ = stage.output.reached.receive()
        #expect(!stage.announcer.hangs)
        stage.say("paid", .queue, tag: 2)
        stage.clock.advance(milliseconds: 3_001)
        #expect(stage.announcer.hangs)
        stage.clock.advance(milliseconds: 8_000)
        stage.output.permits.close()
        #expect(stage.events.next(3) == ["started a 1", "dropped paid 2", "finished a 1"])
        #expect(!stage.announcer.hangs)
        #expect(stage.stop())
    }

    @Test("A sentence that the first pack lacks comes from the next, and both that and a gap are said at the start")
    func fallsBack() throws {
        let chinese = try TestPacks.pack(["a": 1]).pack
        let english = try TestPacks.pack(["a": 1, "b": 1], language: "en", seed: 50).pack
        let (output, events) = (FakeOutput(), Events())
        let announcer = Announcer(
            packs: [chinese, english], catalogue: TestPacks.catalogue(["a", "b", "c"]), output: output,
            time: HandClock(), events: events.note)
        #expect(events.next(2) == ["fellBack b en", "unspoken c"])
        for id in ["b", "c", "a"] { announcer.say(PromptID(rawValue: id), .queue) }
        #expect(events.next(5) == ["started b 0", "finished b 0", "failed c 0", "started a 0", "finished a 0"])
        #expect(output.written == english.sound(.sentence("b")) + chinese.sound(.sentence("a")))
        #expect(announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 5_000)))
    }

    @Test("A file that is damaged after the start is told of, and its sentence comes from the next pack, or as a tone")
    func damagedLater() throws {
        let (chinese, folder) = try TestPacks.pack(["a": 1, "b": 1])
        let english = try TestPacks.pack(["a": 2], language: "en", seed: 50).pack
        let catalogue = TestPacks.catalogue(["a", "b"], tones: true)
        let (output, events) = (FakeOutput(), Events())
        let announcer = Announcer(
            packs: [chinese, english], catalogue: catalogue, output: output, time: HandClock(), events: events.note)
        try folder.write("a.wav", "not a sound")
        try folder.write("b.wav", TestPacks.wav(TestPacks.samples(9, 1_600)))
        for id in ["a", "b"] { announcer.say(PromptID(rawValue: id), .queue) }
        #expect(
            events.next(6) == [
                "fellBack a en", "started a 0", "finished a 0", "unspoken b", "started b 0", "finished b 0",
            ])
        let tone = catalogue.tone(of: PromptID(rawValue: "a"))?.samples(rate: TestPacks.rate) ?? []
        #expect(output.written == tone + english.sound(.sentence("a")) + tone)
        #expect(announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 5_000)))
    }
}
