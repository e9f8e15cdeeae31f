import Platform
import Testing

@testable import USBReaders

@Suite("The recovery ladder")
struct RecoveryLadderTests {
    private static let able = RecoverySituation(
        isDeviceKnown: true, isHelperInstalled: true, hubSwitchesPort: true, isCardInHand: false)

    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    /// Asks, takes the step and ends it, all at `second`; which step it was.
    private func climb(_ ladder: inout RecoveryLadder, at second: Int64, in situation: RecoverySituation = able)
        -> RecoveryStep?
    {
        guard case .take(let step) = ladder.next(at: at(second), in: situation).decision else { return nil }
        if step != .askForHuman { _ = ladder.ended(step, isDone: true, why: "", at: at(second)) }
        return step
    }

    @Test("A reader that stays silent is brought up the ladder, ten seconds a step, and then somebody is asked, once")
    func allTheWay() {
        var ladder = RecoveryLadder()
        #expect(climb(&ladder, at: 0) == nil)
        ladder.failed(at: at(1))
        var steps: [RecoveryStep] = []
        for second in 1...41 {
            if let step = climb(&ladder, at: Int64(second)) {
                #expect((second - 1) % 10 == 0)
                steps.append(step)
            }
        }
        #expect(steps == RecoveryStep.allCases)
        #expect(ladder.waitsForHuman)
        #expect(climb(&ladder, at: 100_000) == nil)
        #expect(ladder.works(at: at(100_001))?.outcome == .helped)
        #expect(!ladder.waitsForHuman)
    }

    @Test("Each step that the situation does not offer is left out, and the log says why")
    func skipping() {
        let cases: [(RecoverySituation, [String])] = [
            (
                RecoverySituation(isDeviceKnown: false, isHelperInstalled: true, isCardInHand: false),
                ["nobody knows which USB device it is", "nobody knows which USB device it is"]
            ),
            (
                RecoverySituation(isDeviceKnown: true, isHelperInstalled: false, isCardInHand: false),
                ["the helper for resets is not installed", "the helper for resets is not installed"]
            ),
            (
                RecoverySituation(
                    isDeviceKnown: true, isHelperInstalled: true, hubSwitchesPort: false, isCardInHand: false),
                ["the hub cannot switch this port alone"]
            ),
        ]
        for (situation, reasons) in cases {
            var ladder = RecoveryLadder()
            ladder.failed(at: at(0))
            var log: [RecoveryEntry] = []
            for step in 0...4 {
                let (decision, lines) = ladder.next(at: at(Int64(step) * 10), in: situation)
                log += lines
                if case .take(let step) = decision, step != .askForHuman {
                    log.append(ladder.ended(step, isDone: false, why: "no", at: at(0)))
                }
            }
            #expect(log.filter { $0.outcome == .skipped }.map(\.why) == reasons)
            #expect(log.last?.step == .askForHuman && log.last?.outcome == .begun)
        }
    }

    @Test("A repair that holds for less than a minute was none: the ladder goes on where it was, else it begins anew")
    func flapping() {
        var ladder = RecoveryLadder()
        ladder.failed(at: at(0))
        #expect(climb(&ladder, at: 0) == .reconnect)
        #expect(ladder.works(at: at(1))?.step == .reconnect)
        ladder.failed(at: at(30))
        #expect(climb(&ladder, at: 30) == .unpower)
        _ = ladder.works(at: at(31))
        ladder.failed(at: at(91))
        #expect(climb(&ladder, at: 91) == .reconnect)
        // A reader that comes back by itself has used up nothing.
        _ = ladder.works(at: at(200))
        ladder.failed(at: at(300))
        #expect(ladder.works(at: at(301)) == nil)
        ladder.failed(at: at(302))
        #expect(climb(&ladder, at: 302) == .reconnect)
    }

    @Test("Three resets an hour, then the next step; plugging the reader in anew forgives them")
    func resetsAreCounted() {
        var ladder = RecoveryLadder()
        func steps(from start: Int64) -> [RecoveryStep] {
            ladder.failed(at: at(start))
            let steps = (0...4).compactMap { climb(&ladder, at: start + $0 * 10) }
            _ = ladder.works(at: at(start + 50))
            return steps
        }
        for round in 0..<3 { #expect(steps(from: Int64(round) * 200) == RecoveryStep.allCases) }
        #expect(steps(from: 600) == [.reconnect, .unpower, .askForHuman])
        // The first reset was at second 20.
        #expect(steps(from: 3600) == RecoveryStep.allCases)
        #expect(steps(from: 3720) == [.reconnect, .unpower, .askForHuman])
        ladder.replugged()
        #expect(steps(from: 3900) == RecoveryStep.allCases)
    }

    @Test("Nothing is reset while a card is in hand; a card that never comes free brings a person, and no reset")
    func cardInHand() {
        var busy = Self.able
        busy.isCardInHand = true
        var ladder = RecoveryLadder()
        ladder.failed(at: at(0))
        #expect(ladder.next(at: at(0), in: busy).decision == .notBefore(at(60)))
        #expect(ladder.next(at: at(59), in: busy).decision == .notBefore(at(60)))
        let (decision, log) = ladder.next(at: at(60), in: busy)
        #expect(decision == .take(.askForHuman))
        #expect(log.map(\.outcome) == [.skipped, .skipped, .skipped, .skipped, .begun])
    }
}

/// Every state that a ladder with small limits can reach within some ticks of a millisecond, by everything that can happen.
@Suite("All states of the recovery ladder")
struct RecoveryLadderModelTests {
    private static let limits = RecoveryLadder.Limits(
        pauseMilliseconds: 2, settledMilliseconds: 3, mostOnUSB: 1, windowMilliseconds: 6, cardPatienceMilliseconds: 3)
    private static let ticks: Int64 = 14

    private static let situations: [RecoverySituation] = [true, false].flatMap { known in
        [true, false].flatMap { helper in
            [true, false, nil].flatMap { hub in
                [true, false].map { card in
                    RecoverySituation(
                        isDeviceKnown: known, isHelperInstalled: helper, hubSwitchesPort: hub, isCardInHand: card)
                }
            }
        }
    }

    /// A ladder, the time, and what a witness beside it has seen.
    private struct World: Hashable {
        var ladder = RecoveryLadder(limits: limits)
        var now = Instant(nanoseconds: 0)
        var underWay: RecoveryStep?
        var lastStep: Instant?
        var resets: [Instant] = []
        var powerCycles: [Instant] = []
        var isHumanAsked = false

        /// Asks for the next step and holds the answer against everything that was promised.
        mutating func ask(_ situation: RecoverySituation) -> Bool {
            guard case .take(let step) = ladder.next(at: now, in: situation).decision else { return true }
            var isRight = underWay == nil && !isHumanAsked
            if let lastStep { isRight = isRight && now.milliseconds(since: lastStep) >= limits.pauseMilliseconds }
            if step.isOnUSB {
                isRight = isRight && !situation.isCardInHand && situation.isDeviceKnown && situation.isHelperInstalled
            }
            if step != .askForHuman { isRight = isRight && !situation.isCardInHand }
            if step == .portPowerCycle { isRight = isRight && situation.hubSwitchesPort != false }
            func recent(_ times: [Instant]) -> Int {
                times.count { now.milliseconds(since: $0) < limits.windowMilliseconds }
            }
            if step == .usbReset {
                isRight = isRight && recent(resets) < limits.mostOnUSB
                resets = [now]
            }
            if step == .portPowerCycle {
                isRight = isRight && recent(powerCycles) < limits.mostOnUSB
                powerCycles = [now]
            }
            lastStep = now
            if step == .askForHuman { isHumanAsked = true } else { underWay = step }
            return isRight
        }

        mutating func end(isDone: Bool) {
            guard let step = underWay else { return }
            _ = ladder.ended(step, isDone: isDone, why: "", at: now)
            (underWay, lastStep) = (nil, now)
        }

        /// Everything that can happen next, and whether what the ladder answered was right.
        var next: [(World, isRight: Bool)] {
            func changed(_ body: (inout World) -> Bool) -> (World, isRight: Bool) {
                var world = self
                let isRight = body(&world)
                return (world, isRight)
            }
            var worlds = situations.map { situation in changed { $0.ask(situation) } }
            worlds.append(
                changed {
                    $0.now = $0.now.advanced(milliseconds: 1); return true
                })
            worlds.append(
                changed {
                    $0.ladder.failed(at: $0.now); return true
                })
            worlds.append(
                changed {
                    _ = $0.ladder.works(at: $0.now); $0.isHumanAsked = false; return true
                })
            worlds.append(
                changed {
                    $0.ladder.replugged()
                    ($0.resets, $0.powerCycles, $0.isHumanAsked) = ([], [], false)
                    return true
                })
            for isDone in [true, false] where underWay != nil {
                worlds.append(
                    changed {
                        $0.end(isDone: isDone); return true
                    })
            }
            return worlds
        }

        /// Whether somebody is asked when the reader never works again, in `situation`.
        func reachesHuman(in situation: RecoverySituation) -> Bool {
            var world = self
            for _ in 0..<40 {
                if world.ladder.waitsForHuman { return true }
                world.end(isDone: true)
                world.ladder.failed(at: world.now)
                _ = world.ask(situation)
                world.now = world.now.advanced(milliseconds: 1)
            }
            return false
        }
    }

    @Test(
        "No step comes too soon, too often, over a card in hand or without its means; and all ends at a reader or a person"
    )
    func everything() {
        var seen: Set<World> = [World()]
        var front: [World] = [World()]
        var transitions = 0
        var wrong = 0
        var lost = 0
        while let world = front.popLast() {
            for situation in Self.situations where !world.reachesHuman(in: situation) { lost += 1 }
            for (next, isRight) in world.next where next.now.milliseconds <= Self.ticks {
                transitions += 1
                if !isRight { wrong += 1 }
                if seen.insert(next).inserted { front.append(next) }
            }
        }
        print("recovery ladder: \(seen.count) states, \(transitions) transitions")
        #expect(wrong == 0)
        #expect(lost == 0)
        #expect(Set(seen.compactMap(\.underWay)).count == RecoveryStep.allCases.count - 1)
        #expect(seen.contains { $0.ladder.waitsForHuman })
    }
}
