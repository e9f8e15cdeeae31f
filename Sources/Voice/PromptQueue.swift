import Platform

/// When a sentence is said, as to those before it.
public enum SpeakingRule: Hashable, Sendable {
    /// After everything that was asked for before it.
    case queue
    /// At once: cuts what may be cut, and forgets what waits and may be cut.
    case preempt
    /// As ``queue``, in place of other such sentences that still wait: only the last price matters.
    case replace
}

/// The sentences that wait, in the order in which they will be spoken.
///
/// Only rules, no clock and no sound.
/// What may not be cut keeps its place before a pre-empting sentence, unless it is not due yet: then it is overtaken.
struct PromptQueue {
    /// One sentence that was asked for.
    struct Entry: Hashable, Sendable {
        let utterance: Utterance
        let tag: UInt64
        let rule: SpeakingRule
        let mayBeCut: Bool
        /// The holder's language, where it is known.
        var language: String?
        let asked: Instant
        var notBefore: Instant?
        /// Its tone alone: others wait for theirs.
        var isAbridged = false

        var id: PromptID { utterance.id }

        func isDue(_ now: Instant) -> Bool { notBefore.map { instant in instant <= now } ?? true }
    }

    private var waiting: [Waiting] = []

    private struct Waiting {
        var entry: Entry
        /// A pre-empting sentence makes room once, when it becomes due.
        var hasPreempted = false
    }

    /// After so long nobody who is still there knows what a sentence was about.
    ///
    /// A device that hung for a minute must not make up for it by telling the next holders what the last ones did.
    static let staleMilliseconds: Int64 = 10_000
    /// When so many more results wait that may not be cut, each is told by its tone alone, until those behind have caught up.
    private static let crowd = 2

    var isEmpty: Bool { waiting.isEmpty }

    mutating func add(_ entry: Entry) { waiting.append(Waiting(entry: entry)) }

    /// Puts `entry` in place of others that wait and are to be replaced.
    ///
    /// - Returns: the sentences forgotten for it.
    mutating func replace(with entry: Entry) -> [Entry] {
        defer { add(entry) }
        return remove { $0.rule == .replace }
    }

    /// Forgets what has waited too long since it was due.
    mutating func dropStale(_ now: Instant) -> [Entry] {
        remove { now.milliseconds(since: max($0.asked, $0.notBefore ?? $0.asked)) > Self.staleMilliseconds }
    }

    /// Whether a sentence could be spoken now.
    func hasDue(_ now: Instant) -> Bool { waiting.first?.entry.isDue(now) ?? false }

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
        guard var first = waiting.first?.entry, first.isDue(now) else { return nil }
        waiting.removeFirst()
        first.isAbridged =
            !first.mayBeCut && waiting.count { !$0.entry.mayBeCut && $0.entry.isDue(now) } >= Self.crowd
        return first
    }

    /// Forgets what may be cut.
    mutating func dropCuttable() -> [Entry] { remove(where: \.mayBeCut) }

    /// Forgets everything.
    mutating func dropAll() -> [Entry] { remove { _ in true } }

    private mutating func remove(where isForgotten: (Entry) -> Bool) -> [Entry] {
        defer { waiting.removeAll { isForgotten($0.entry) } }
        return waiting.map(\.entry).filter(isForgotten)
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
