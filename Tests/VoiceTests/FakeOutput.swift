import Platform
import Synchronization
import Voice

/// A sound output in memory that takes one period per permit, so that a test decides how far a sentence has come.
final class FakeOutput: SoundOutput {
    struct State: Sendable {
        var opens = 0
        var written: [Int16] = []
        var drops = 0
        var isOpen = false
        var openFailure: SoundError?
        var writeFailure: SoundError?
        /// The rate that the device takes, when it is another than it is asked for.
        var rate: Int?
        var volumes: [Int] = []
        /// What the device's volume leaves to the samples.
        var gain = 1.0
        var interruptions = 0
    }

    private let state = Mutex(State())
    /// Periods that may be written: each `write` takes one; as many as you like once it is closed.
    let permits = Mailbox<Void>()
    /// Raised when a write has begun to wait.
    let reached = Mailbox<Int>()

    static let gone = SoundError(call: "snd_pcm_open", code: -2, meaning: "No such file or directory", device: "fake")

    /// - Parameter pacing: whether writes wait for permits.
    init(pacing: Bool = false) {
        if !pacing { permits.close() }
    }

    func permit(_ periods: Int) {
        for _ in 0..<periods { permits.send(()) }
    }

    func open(_ format: SoundFormat) throws(SoundError) -> SoundFormat {
        let failure = state.withLock { state in
            state.opens += 1
            state.isOpen = state.openFailure == nil
            return state.openFailure
        }
        if let failure { throw failure }
        return SoundFormat(sampleRate: look { $0.rate } ?? format.sampleRate)
    }

    func setVolume(_ percent: Int) -> Double {
        look { state in
            state.volumes.append(percent)
            return state.gain
        }
    }

    func takeInterruptions() -> Int {
        look { state in
            defer { state.interruptions = 0 }
            return state.interruptions
        }
    }

    func write(_ samples: ArraySlice<Int16>) throws(SoundError) {
        reached.send(samples.count)
        _ = permits.receive()
        let failure = state.withLock { state in
            if state.writeFailure == nil { state.written += samples }
            return state.writeFailure
        }
        if let failure { throw failure }
    }

    func finish(waiting milliseconds: Int) throws(SoundError) -> Bool { true }

    func drop() { state.withLock { state in state.drops += 1 } }

    func close() { state.withLock { state in state.isOpen = false } }

    /// Reads or changes what is recorded, and which failures are to come.
    func look<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        state.withLock { state in body(&state) }
    }

    var written: [Int16] { state.withLock { state in state.written } }
}

/// A clock that stands still until it is moved.
final class HandClock: TimeSource {
    private let current: Mutex<Int64>
    private let moved = Mutex<[(until: Instant, signal: Signal)]>([])

    init(milliseconds: Int64 = 1_000_000) { current = Mutex(milliseconds * 1_000_000) }

    func now() -> Instant { Instant(nanoseconds: current.withLock { value in value }) }
    func wallMilliseconds() -> Int64 { now().milliseconds }

    func sleep(until instant: Instant) {
        let signal = Signal()
        moved.withLock { sleepers in sleepers.append((instant, signal)) }
        wakeSleepers()
        _ = signal.wait()
    }

    func advance(milliseconds: Int64) {
        current.withLock { value in value += milliseconds * 1_000_000 }
        wakeSleepers()
    }

    /// How many threads wait for this clock.
    var sleepers: Int { moved.withLock { sleepers in sleepers.count } }

    private func wakeSleepers() {
        let now = now()
        moved.withLock { sleepers in
            for sleeper in sleepers where sleeper.until <= now { sleeper.signal.raise() }
            sleepers.removeAll { sleeper in sleeper.until <= now }
        }
    }
}

/// Collects the announcer's events, to be waited for one by one.
final class Events: Sendable {
    private let mailbox = Mailbox<AnnouncerEvent>()

    func note(_ event: AnnouncerEvent) { mailbox.send(event) }

    /// The next event in short form; "nothing" when none comes in ten seconds, which only a broken announcer needs.
    func next() -> String {
        let limit = SystemTime().now().advanced(milliseconds: 10_000)
        guard let event = mailbox.receive(until: limit) else { return "nothing" }
        return Self.short(event)
    }

    func next(_ count: Int) -> [String] { (0..<count).map { _ in next() } }

    /// What has come and was not asked for yet.
    func rest() -> [String] { mailbox.drain().map(Self.short) }

    private static func short(_ event: AnnouncerEvent) -> String {
        switch event {
        case .started(let id, let tag, _): "started \(id) \(tag)"
        case .finished(let id, let tag, _): "finished \(id) \(tag)"
        case .cut(let id, let tag, _): "cut \(id) \(tag)"
        case .dropped(let id, let tag, _): "dropped \(id) \(tag)"
        case .failed(let id, let tag, _, _): "failed \(id) \(tag)"
        case .interrupted(let id, let tag, let times, _): "interrupted \(id) \(tag) \(times)"
        case .deviceMissing(let error): "missing \(error.code)"
        case .deviceBack: "back"
        case .fellBack(let id, let language): "fellBack \(id) \(language)"
        case .unspoken(let id): "unspoken \(id)"
        }
    }
}
