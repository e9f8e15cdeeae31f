public import Platform

/// Brings a reader back that stopped answering: which step next, and when not yet.
///
/// It does nothing itself and knows no clock: it is told what happened and when, and answers what to do. So its states
/// are enumerated in a test: it never hurries, never touches USB while a card is in hand, and ends at a reader that works
/// or at a person who was asked.
public struct RecoveryLadder: Hashable, Sendable {
    /// How often steps may be taken.
    public struct Limits: Hashable, Sendable {
        /// From one step's end to the next step. A reader needs some seconds after a reset until pcscd has found it and it
        /// has found its field; acsccid alone takes ten with some (`device-profiles/readers/acr122u.json5`).
        public let pauseMilliseconds: Int64
        /// How long a reader has to work before the ladder begins at its foot again. One that fails each minute would
        /// otherwise be reconnected for ever, and nobody would come.
        public let settledMilliseconds: Int64
        /// Resets, and power cycles, in ``windowMilliseconds``. More do not help (readers wedge so that only
        /// replugging brings them back), and each one also takes away the reader's other slots.
        public let mostOnUSB: Int
        /// The time in which ``mostOnUSB`` counts.
        public let windowMilliseconds: Int64
        /// How long a card in hand may keep a failed reader from being reset. A call to a reader that hangs ends by
        /// libccid's own time limits well within it.
        public let cardPatienceMilliseconds: Int64

        /// Other limits than the usual ones, for a test.
        init(
            pauseMilliseconds: Int64, settledMilliseconds: Int64, mostOnUSB: Int, windowMilliseconds: Int64,
            cardPatienceMilliseconds: Int64
        ) {
            self.pauseMilliseconds = pauseMilliseconds
            self.settledMilliseconds = settledMilliseconds
            self.mostOnUSB = mostOnUSB
            self.windowMilliseconds = windowMilliseconds
            self.cardPatienceMilliseconds = cardPatienceMilliseconds
        }

        /// 10 s from step to step, a minute to settle, three resets an hour, a minute's patience with a card.
        public static let usual = Limits(
            pauseMilliseconds: 10_000, settledMilliseconds: 60_000, mostOnUSB: 3, windowMilliseconds: 3_600_000,
            cardPatienceMilliseconds: 60_000)
    }

    /// What to do.
    public enum Decision: Hashable, Sendable {
        /// Nothing: the reader works, a step is under way, or a person has been asked.
        case nothing
        /// Nothing before this point; the ladder is to be asked again then, or as soon as a card in hand comes free.
        case notBefore(Instant)
        /// This, now; then tell ``ended(_:isDone:why:at:)``. For ``RecoveryStep/askForHuman`` there is nothing to tell.
        case take(RecoveryStep)
    }

    enum State: Hashable {
        /// It works. `since` and the rung that brought it back (-1: none), while that is still fresh.
        case works(since: Instant?, after: Int)
        /// It failed at `since`; this rung is being tried, or is the next one to think of.
        case failed(since: Instant, rung: Int)
        /// A person was asked.
        case waitsForHuman
    }

    private static let rungs = RecoveryStep.allCases
    private static let human = rungs.count - 1

    /// A step that was begun and has not ended, whatever the reader has done meanwhile.
    private struct UnderWay: Hashable {
        let step: RecoveryStep
        /// Whether the ladder is still where it began it.
        var counts = true
    }

    private var underWay: UnderWay?
    private(set) var state = State.works(since: nil, after: -1)
    /// When the last step ended, or began, while it matters.
    private var lastStep: Instant?
    /// When resets and power cycles were begun, as far as they count.
    private var resets: [Instant] = []
    private var powerCycles: [Instant] = []
    private let limits: Limits

    /// A ladder for a reader that works.
    public init(limits: Limits = .usual) { self.limits = limits }

    /// Whether a person has been asked and has not come yet.
    public var waitsForHuman: Bool { state == .waitsForHuman }

    /// The reader failed.
    public mutating func failed(at now: Instant) {
        guard case .works(let since, let rung) = state else { return }
        let isFresh = since.map { now.milliseconds(since: $0) < limits.settledMilliseconds } ?? false
        // What held for less than a minute was no cure: the ladder goes on above it.
        state = .failed(since: now, rung: isFresh ? min(rung + 1, Self.human) : 0)
    }

    /// The reader works.
    ///
    /// - Returns: a line for the log when it had failed.
    public mutating func works(at now: Instant) -> RecoveryEntry? {
        switch state {
        case .works(let since, _):
            if let since, now.milliseconds(since: since) >= limits.settledMilliseconds {
                state = .works(since: nil, after: -1)
            }
            return nil
        case .failed(_, let rung):
            let helped = underWay?.counts == true ? rung : rung - 1
            state = .works(since: now, after: helped)
            underWay?.counts = false
            // Below the first rung: by itself, before anything was done.
            guard helped >= 0 else { return nil }
            return RecoveryEntry(step: Self.rungs[helped], outcome: .helped, why: "the reader works again")
        case .waitsForHuman:
            state = .works(since: now, after: Self.human - 1)
            return RecoveryEntry(step: .askForHuman, outcome: .helped, why: "the reader works again")
        }
    }

    /// The reader was unplugged and plugged in again: nothing that was tried on it counts any more.
    public mutating func replugged() {
        state = .works(since: nil, after: -1)
        underWay?.counts = false
        resets = []
        powerCycles = []
    }

    /// The step that was to be taken has ended.
    ///
    /// - Parameters:
    ///   - isDone: whether it could be done at all.
    ///   - why: for people: what it answered.
    public mutating func ended(
        _ step: RecoveryStep, isDone: Bool, why: String, at now: Instant
    ) -> RecoveryEntry {
        if let ending = underWay, ending.step == step {
            lastStep = now
            underWay = nil
            if ending.counts, case .failed(let since, let rung) = state {
                state = .failed(since: since, rung: rung + 1)
            }
        }
        return RecoveryEntry(step: step, outcome: isDone ? .done : .failed, why: why)
    }

    /// What to do now, and what the log should say about it.
    public mutating func next(
        at now: Instant, in situation: RecoverySituation
    ) -> (decision: Decision, log: [RecoveryEntry]) {
        forget(at: now)
        guard underWay == nil, case .failed(let since, var rung) = state else { return (.nothing, []) }
        var log: [RecoveryEntry] = []
        if let lastStep, now.milliseconds(since: lastStep) < limits.pauseMilliseconds {
            return (.notBefore(lastStep.advanced(milliseconds: limits.pauseMilliseconds)), [])
        }
        if situation.isCardInHand, rung < Self.human {
            let end = since.advanced(milliseconds: limits.cardPatienceMilliseconds)
            if now < end { return (.notBefore(end), []) }
            for skipped in rung..<Self.human {
                log.append(Self.skip(skipped, because: "a card is in hand and does not come free"))
            }
            rung = Self.human
        }
        while let reason = reasonToSkip(Self.rungs[rung], situation) {
            log.append(Self.skip(rung, because: reason))
            rung += 1
        }
        let step = Self.rungs[rung]
        lastStep = now
        if step == .usbReset { resets.append(now) }
        if step == .portPowerCycle { powerCycles.append(now) }
        if step == .askForHuman {
            state = .waitsForHuman
        } else {
            state = .failed(since: since, rung: rung)
            underWay = UnderWay(step: step)
        }
        log.append(RecoveryEntry(step: step, outcome: .begun, why: Self.reason(for: step)))
        return (.take(step), log)
    }

    private func reasonToSkip(_ step: RecoveryStep, _ situation: RecoverySituation) -> String? {
        guard step.isOnUSB else { return nil }
        if !situation.isDeviceKnown { return "nobody knows which USB device it is" }
        if !situation.isHelperInstalled { return "the helper for resets is not installed" }
        if step == .portPowerCycle, situation.hubSwitchesPort == false {
            return "the hub cannot switch this port alone"
        }
        let taken = step == .usbReset ? resets.count : powerCycles.count
        return taken >= limits.mostOnUSB ? "it was done \(taken) times in the last hour" : nil
    }

    /// What no longer counts, so that a ladder that has been quiet is the same as a new one.
    private mutating func forget(at now: Instant) {
        let counts = { [limits] (instant: Instant) in now.milliseconds(since: instant) < limits.windowMilliseconds }
        resets = resets.filter(counts)
        powerCycles = powerCycles.filter(counts)
        if let last = lastStep, now.milliseconds(since: last) >= limits.pauseMilliseconds { lastStep = nil }
    }

    private static func skip(_ rung: Int, because why: String) -> RecoveryEntry {
        RecoveryEntry(step: rungs[rung], outcome: .skipped, why: why)
    }

    private static func reason(for step: RecoveryStep) -> String {
        step == .askForHuman ? "nothing else is left" : "the reader does not answer"
    }
}
