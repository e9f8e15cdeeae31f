import Platform
import Testing

@testable import Voice

@Suite("The queue of sentences")
struct PromptQueueTests {
    private static func entry(_ random: inout SplitMix, tag: UInt64, now: Int64) -> PromptQueue.Entry {
        let delay = random.next() % 3 == 0 ? Int64(random.next() % 500) : nil
        return PromptQueue.Entry(
            utterance: Utterance(.ready), tag: tag, rule: random.next() % 3 == 0 ? .preempt : .queue,
            mayBeCut: random.next() % 2 == 0, asked: Instant(nanoseconds: now),
            notBefore: delay.map { delay in Instant(nanoseconds: now + delay) })
    }

    @Test("Every sentence is spoken or dropped once, none early, and none that may not be cut is dropped")
    func nothingIsLost() {
        let seed: UInt64 = 0x0A_C0_FFEE
        var random = SplitMix(state: seed)
        var (spoken, dropped) = (0, 0)
        let runs = 20_000
        for _ in 0..<runs {
            var queue = PromptQueue()
            var now: Int64 = 0
            var open: Set<UInt64> = []
            for tag in 0..<12 as Range<UInt64> {
                now += Int64(random.next() % 200)
                queue.add(Self.entry(&random, tag: tag, now: now))
                open.insert(tag)
                for entry in queue.preempt(Instant(nanoseconds: now)).dropped {
                    #expect(entry.mayBeCut && open.remove(entry.tag) != nil)
                    dropped += 1
                }
                if random.next() % 2 == 0, let next = queue.next(Instant(nanoseconds: now)) {
                    #expect(next.isDue(Instant(nanoseconds: now)) && open.remove(next.tag) != nil)
                    spoken += 1
                }
            }
            // Waking only when the queue asks for it empties it: nobody waits for a wake that does not come.
            while !queue.isEmpty {
                for entry in queue.preempt(Instant(nanoseconds: now)).dropped {
                    #expect(entry.mayBeCut && open.remove(entry.tag) != nil)
                    dropped += 1
                }
                if let next = queue.next(Instant(nanoseconds: now)) {
                    #expect(open.remove(next.tag) != nil)
                    spoken += 1
                } else if let wake = queue.nextChange(after: Instant(nanoseconds: now)) {
                    now = wake.nanoseconds
                } else if !queue.isEmpty {
                    Issue.record("the queue is stuck")
                    return
                }
            }
            #expect(open.isEmpty)
        }
        print("prompt queue: \(runs) runs of 12 sentences, \(spoken) spoken, \(dropped) dropped, seed \(seed)")
    }

    @Test("A pre-empting sentence keeps what may not be cut before it, and overtakes what is not due")
    func order() {
        var queue = PromptQueue()
        let now = Instant(nanoseconds: 10)
        queue.add(entry(1, .queue, cut: false))
        queue.add(entry(2, .queue, cut: true))
        queue.add(entry(3, .queue, cut: false, at: 100))
        queue.add(entry(4, .queue, cut: false))
        queue.add(entry(5, .preempt, cut: true))
        queue.add(entry(6, .queue, cut: true))
        let (dropped, cuts) = queue.preempt(now)
        #expect(cuts && dropped.map(\.tag) == [2])
        var order: [UInt64] = []
        while let next = queue.next(now) { order.append(next.tag) }
        #expect(order == [1, 5])
        #expect(queue.nextChange(after: now) == Instant(nanoseconds: 100))
        while let next = queue.next(Instant(nanoseconds: 100)) { order.append(next.tag) }
        #expect(order == [1, 5, 3, 4, 6])
        #expect(queue.preempt(Instant(nanoseconds: 100)).cuts == false)
    }

    private func entry(_ tag: UInt64, _ rule: SpeakingRule, cut: Bool, at: Int64? = nil) -> PromptQueue.Entry {
        PromptQueue.Entry(
            utterance: Utterance(.ready), tag: tag, rule: rule, mayBeCut: cut, asked: Instant(nanoseconds: 0),
            notBefore: at.map { at in Instant(nanoseconds: at) })
    }

    @Test("A price takes the place of a price that waits, and of nothing else")
    func replaces() {
        var queue = PromptQueue()
        queue.add(entry(1, .queue, cut: true))
        #expect(queue.replace(with: entry(2, .replace, cut: true)).isEmpty)
        queue.add(entry(3, .queue, cut: false))
        #expect(queue.replace(with: entry(4, .replace, cut: true)).map(\.tag) == [2])
        var order: [UInt64] = []
        while let next = queue.next(Instant(nanoseconds: 1)) { order.append(next.tag) }
        #expect(order == [1, 3, 4])
    }

    @Test("What has waited ten seconds is forgotten, counted from when it was due")
    func stale() {
        let second: Int64 = 1_000_000_000
        var queue = PromptQueue()
        queue.add(entry(1, .queue, cut: false))
        queue.add(entry(2, .queue, cut: true, at: 5 * second))
        #expect(queue.dropStale(Instant(nanoseconds: 10 * second)).isEmpty)
        #expect(queue.dropStale(Instant(nanoseconds: 10 * second + 1_000_000)).map(\.tag) == [1])
        #expect(queue.dropStale(Instant(nanoseconds: 15 * second)).isEmpty)
        #expect(queue.dropStale(Instant(nanoseconds: 15 * second + 1_000_000)).map(\.tag) == [2])
    }

    @Test("While two more results wait that may not be cut, one is told by its tone alone; none is left out")
    func abridged() {
        var queue = PromptQueue()
        for tag in 1...4 as ClosedRange<UInt64> { queue.add(entry(tag, .queue, cut: false)) }
        queue.add(entry(5, .queue, cut: true))
        var told: [Bool] = []
        while let next = queue.next(Instant(nanoseconds: 1)) { told.append(next.isAbridged) }
        #expect(told == [true, true, false, false, false])
    }
}
