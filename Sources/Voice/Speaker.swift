import Platform

/// The announcer's thread: takes orders, speaks, and looks for new orders after every period of sound.
struct Speaker {
    /// Samples go to the device in pieces this long, so this long is how late a cut may come.
    static let periodMilliseconds = 20
    /// Closing the device takes its time too: what may not be cut is cut this long before the deadline to stop.
    private static let closingMilliseconds: Int64 = 100
    /// How often a device that is missing is looked for while there is nothing to say: somebody may have plugged it in.
    private static let lookMilliseconds: Int64 = 5_000
    /// Between one language and the next.
    private static let pauseMilliseconds = 250

    private var repertoire: Repertoire
    private let volume: @Sendable () -> Int?
    private let output: any SoundOutput
    private let calls: DeviceCalls
    private let time: any TimeSource
    private let orders: Mailbox<Announcer.Order>
    private let events: @Sendable (AnnouncerEvent) -> Void

    private var queue = PromptQueue()
    private var deadline: Instant?
    private var isDeviceMissing = false
    /// Cut the sentence being spoken if it may be cut.
    private var isCutAsked = false
    /// The instants for which somebody will wake us.
    private var alarms: Set<Instant> = []
    /// The volume that the device was set to, and what is left of it for the samples.
    private var loudness: (percent: Int, gain: Double)?
    /// A period that is not a part of one sound as it is; kept, so that no memory is asked for while sound plays.
    private var period: [Int16] = []

    init(
        repertoire: Repertoire, volume: @escaping @Sendable () -> Int?, output: any SoundOutput, calls: DeviceCalls,
        time: any TimeSource, orders: Mailbox<Announcer.Order>, events: @escaping @Sendable (AnnouncerEvent) -> Void
    ) {
        self.repertoire = repertoire
        self.volume = volume
        self.output = output
        self.calls = calls
        self.time = time
        self.orders = orders
        self.events = events
    }

    /// Says which of the catalogue's sentences a language lacks.
    func reportGaps() {
        for gap in repertoire.gaps {
            events(gap.instead.map { .fellBack(gap.id, language: $0) } ?? .unspoken(gap.id))
        }
    }

    /// Speaks until it is told to stop and has nothing left to say.
    mutating func run() {
        look()
        while true {
            settle()
            if let entry = queue.next(time.now()) {
                speak(entry)
            } else if deadline != nil {
                break
            } else {
                waitForOrders()
            }
        }
        output.close()
    }

    /// Opens the device before it is needed: a sound server may take longer than a holder should wait.
    private mutating func look() {
        do throws(SoundError) {
            try open()
            found()
        } catch {
            lose(error)
        }
    }

    // MARK: Orders

    private mutating func waitForOrders() {
        let look = isDeviceMissing ? time.now().advanced(milliseconds: Self.lookMilliseconds) : nil
        if let instant = queue.nextChange(after: time.now()) { setAlarm(instant) }
        if let look, alarms.isEmpty { setAlarm(look) }
        if let order = orders.receive() { take(order) }
    }

    /// A thread that sleeps on the clock seam: a sleep cannot be called off there, and an order must not wait for it.
    private mutating func setAlarm(_ instant: Instant) {
        guard !alarms.contains(where: { alarm in alarm <= instant }) else { return }
        alarms.insert(instant)
        let (time, orders) = (time, orders)
        _ = DedicatedThread(name: "yika-voice-wait") {
            time.sleep(until: instant)
            orders.send(.look(instant))
        }
    }

    private mutating func settle() {
        for order in orders.drain() { take(order) }
        let (dropped, cuts) = queue.preempt(time.now())
        if cuts { isCutAsked = true }
        report(dropped: dropped)
        report(dropped: queue.dropStale(time.now()))
        if isPastDeadline { report(dropped: queue.dropAll()) }
    }

    private mutating func take(_ order: Announcer.Order) {
        switch order {
        case .say(let entry) where entry.rule == .replace: report(dropped: queue.replace(with: entry))
        case .say(let entry): queue.add(entry)
        case .look(let instant):
            alarms.remove(instant)
            if isDeviceMissing, queue.isEmpty { look() }
        case .silence:
            isCutAsked = true
            report(dropped: queue.dropCuttable())
        case .stop(let deadline):
            self.deadline = deadline
            isCutAsked = true
            report(dropped: queue.dropCuttable())
            queue.hurry()
        }
    }

    private var isPastDeadline: Bool {
        deadline.map { end in time.now() >= end.advanced(milliseconds: -Self.closingMilliseconds) } ?? false
    }

    private func report(dropped: [PromptQueue.Entry]) {
        for entry in dropped { events(.dropped(entry.id, tag: entry.tag, at: time.now())) }
    }

    // MARK: Speaking

    private enum End { case heard, cut }

    private mutating func speak(_ entry: PromptQueue.Entry) {
        isCutAsked = false
        do throws(SoundError) {
            try open()
            let recital = repertoire.recital(
                of: entry.utterance, language: entry.language, abridged: entry.isAbridged)
            switch recital.stopgap {
            case .language(let language): events(.fellBack(entry.id, language: language))
            case .tone: events(.unspoken(entry.id))
            case nil: break
            }
            guard !recital.isEmpty else {
                return events(.failed(entry.id, tag: entry.tag, error: .noSuchSentence, at: time.now()))
            }
            let end = try play(recital, for: entry)
            output.drop()
            tell(end, of: entry)
        } catch {
            lose(error)
            events(.failed(entry.id, tag: entry.tag, error: .sound(error), at: time.now()))
        }
    }

    private func tell(_ end: End, of entry: PromptQueue.Entry) {
        let now = time.now()
        let interruptions = output.takeInterruptions()
        if interruptions > 0 { events(.interrupted(entry.id, tag: entry.tag, times: interruptions, at: now)) }
        switch end {
        case .heard: events(.finished(entry.id, tag: entry.tag, at: now))
        case .cut: events(.cut(entry.id, tag: entry.tag, at: now))
        }
    }

    /// Opens the device, and finds out what it takes and how loud it is to be.
    private mutating func open() throws(SoundError) {
        let wanted = SoundFormat(sampleRate: repertoire.ownRate)
        let taken = try calls.making(at: time.now()) { () throws(SoundError) in try output.open(wanted) }
        repertoire.rate = taken.sampleRate
        guard let percent = volume() else { return loudness = nil }
        if loudness?.percent != percent { loudness = (percent, output.setVolume(percent)) }
    }

    /// The same in one language after the other. Once it was told in one, whoever comes next need not wait for another.
    private mutating func play(_ recital: Repertoire.Recital, for entry: PromptQueue.Entry) throws(SoundError) -> End {
        var lead = [SoundStream.Sound(samples: recital.tone, rate: repertoire.rate)]
        var hasStarted = false
        for (index, passage) in recital.passages.enumerated() {
            if index > 0 {
                if queue.hasDue(time.now()) { return .heard }
                let pause = repertoire.rate * Self.pauseMilliseconds / 1_000
                lead = [SoundStream.Sound(samples: [Int16](repeating: 0, count: pause), rate: repertoire.rate)]
            }
            if try !play(lead + passage, for: entry, isFurther: index > 0, &hasStarted) {
                return index > 0 ? .heard : .cut
            }
        }
        if recital.passages.isEmpty, try !play(lead, for: entry, isFurther: false, &hasStarted) { return .cut }
        while try !calls.making(
            at: time.now(),
            { () throws(SoundError) in
                try output.finish(waiting: Self.periodMilliseconds)
            })
        {
            if mustCut(entry, isFurther: recital.passages.count > 1) {
                return recital.passages.count > 1 ? .heard : .cut
            }
        }
        return .heard
    }

    /// Plays `sounds` without a gap between them. False when they were cut.
    private mutating func play(
        _ sounds: [SoundStream.Sound], for entry: PromptQueue.Entry, isFurther: Bool, _ hasStarted: inout Bool
    ) throws(SoundError) -> Bool {
        let rate = repertoire.rate
        var stream = SoundStream(sounds, rate: rate, period: rate * Self.periodMilliseconds / 1_000)
        while stream.next(into: &period) {
            if let loudness { Volume.apply(loudness.gain, to: &period) }
            try calls.making(at: time.now()) { () throws(SoundError) in try output.write(period[...]) }
            if !hasStarted {
                hasStarted = true
                found()
                events(.started(entry.id, tag: entry.tag, at: time.now()))
            }
            if mustCut(entry, isFurther: isFurther) { return false }
        }
        return true
    }

    private mutating func mustCut(_ entry: PromptQueue.Entry, isFurther: Bool) -> Bool {
        settle()
        if isFurther, isCutAsked || queue.hasDue(time.now()) { return true }
        return isPastDeadline || (isCutAsked && entry.mayBeCut)
    }

    // MARK: The device's condition

    private mutating func lose(_ error: SoundError) {
        output.close()
        loudness = nil
        guard !isDeviceMissing else { return }
        isDeviceMissing = true
        events(.deviceMissing(error))
    }

    private mutating func found() {
        guard isDeviceMissing else { return }
        isDeviceMissing = false
        events(.deviceBack)
    }
}
