import Platform

/// When a sentence is said, as to those before it.
public enum SpeakingRule: Hashable, Sendable {
    /// After everything that was asked for before it.
    case queue
    /// At once: cuts what may be cut, and forgets what waits and may be cut.
    case preempt
}

/// The sentences that wait, in the order in which they will be spoken.
///
/// Only rules, no clock and no sound.
/// What may not be cut keeps its place before a pre-empting sentence, unless it is not due yet: then it is overtaken.
struct PromptQueue {
    /// One sentence that was asked for.
    struct Entry: Hashable, Sendable {
        let id: PromptID
        let tag: UInt64
        let rule: SpeakingRule
        let mayBeCut: Bool
        var notBefore: Instant?

        func isDue(_ now: Instant) -> Bool { notBefore.map { instant in instant <= now } ?? true }
    }

    private var waiting: [Waiting] = []

    private struct Waiting {
        var entry: Entry
        /// A pre-empting sentence makes room once, when it becomes due.
        var hasPreempted = false
    }

    var isEmpty: Bool { waiting.isEmpty }

    mutating func add(_ entry: Entry) { waiting.append(Waiting(entry: entry)) }

    /// Lets every pre-empting sentence that has become due take its place.
    ///
    /// - Returns: the sentences forgotten for it, and whether the one being spoken is to be cut if it may be.
    mutating func preempt(_ now: Instant) -> (dropped: [Entry], cuts: Bool) {
        var dropped: [Entry] = []
        var cuts = false
        while let index = waiting.firstIndex(where: { item in
            item.entry.rule == .preempt && !item.hasPreempted && item.entry.isDue(now)
        }) {
            cuts = true
            var item = waiting.remove(at: index)
            item.hasPreempted = true
            dropped += waiting[..<index].map(\.entry).filter(\.mayBeCut)
            let kept = waiting[..<index].filter { other in !other.entry.mayBeCut }
            let due = kept.prefix { other in other.entry.isDue(now) }
            waiting = due + [item] + kept[due.endIndex...] + waiting[index...]
        }
        return (dropped, cuts)
    }

    /// Takes the next sentence if it is due; one that is not holds those after it back, as they belong after it.
    mutating func next(_ now: Instant) -> Entry? {
        guard let first = waiting.first, first.entry.isDue(now) else { return nil }
        waiting.removeFirst()
        return first.entry
    }

    /// Forgets what may be cut.
    mutating func dropCuttable() -> [Entry] {
        defer { waiting.removeAll { item in item.entry.mayBeCut } }
        return waiting.map(\.entry).filter(\.mayBeCut)
    }

    /// Forgets everything.
    mutating func dropAll() -> [Entry] {
        defer { waiting = [] }
        return waiting.map(\.entry)
    }

    /// Makes everything due: nobody will wait for it any more.
    mutating func hurry() {
        for index in waiting.indices { waiting[index].entry.notBefore = nil }
    }

    /// When something changes by itself next: the first sentence becomes due, or a pre-empting one.
    func nextChange(after now: Instant) -> Instant? {
        let times = waiting.enumerated().compactMap { index, item -> Instant? in
            guard index == 0 || (item.entry.rule == .preempt && !item.hasPreempted) else { return nil }
            return item.entry.notBefore
        }
        return times.filter { instant in instant > now }.min()
    }
}
