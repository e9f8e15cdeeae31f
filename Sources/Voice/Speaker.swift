import Platform

/// The announcer's thread: takes orders, speaks, and looks for new orders after every period of sound.
struct Speaker {
    /// Samples go to the device in pieces this long, so this long is how late a cut may come.
    static let periodMilliseconds = 20
    /// Closing the device takes its time too: what may not be cut is cut this long before the deadline to stop.
    private static let closingMilliseconds: Int64 = 100

    let packs: [VoicePack]
    let output: any SoundOutput
    let time: any TimeSource
    let orders: Mailbox<Announcer.Order>
    let events: @Sendable (AnnouncerEvent) -> Void

    private var queue = PromptQueue()
    private var deadline: Instant?
    private var isDeviceMissing = false
    /// Cut the sentence being spoken if it may be cut.
    private var isCutAsked = false
    /// The instants for which somebody will wake us.
    private var alarms: Set<Instant> = []

    init(
        packs: [VoicePack], output: any SoundOutput, time: any TimeSource, orders: Mailbox<Announcer.Order>,
        events: @escaping @Sendable (AnnouncerEvent) -> Void
    ) {
        self.packs = packs
        self.output = output
        self.time = time
        self.orders = orders
        self.events = events
    }

    /// Says which of the catalogue's sentences the first pack does not have.
    func reportGaps(in catalogue: PromptCatalogue) {
        for id in catalogue.entries.map(\.id) where packs.first?.sentences[id] == nil {
            if let pack = packs.first(where: { pack in pack.sentences[id] != nil }) {
                events(.fellBack(id, language: pack.language))
            } else {
                events(.unspoken(id))
            }
        }
    }

    /// Speaks until it is told to stop and has nothing left to say.
    mutating func run() {
        warmUp()
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

    /// Opens the device before the first card comes: a sound server may take longer than a holder should wait.
    private mutating func warmUp() {
        guard let pack = packs.first else { return }
        do {
            try output.open(SoundFormat(sampleRate: pack.sampleRate))
        } catch {
            lose(error)
        }
    }

    // MARK: Orders

    private mutating func waitForOrders() {
        if let instant = queue.nextChange(after: time.now()) { setAlarm(instant) }
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
        if isPastDeadline { report(dropped: queue.dropAll()) }
    }

    private mutating func take(_ order: Announcer.Order) {
        switch order {
        case .say(let entry): queue.add(entry)
        case .look(let instant): alarms.remove(instant)
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
        guard let pack = packs.first(where: { pack in pack.sentences[entry.id] != nil }),
            let sentence = pack.sentences[entry.id]
        else { return events(.failed(entry.id, tag: entry.tag, error: .noSuchSentence, at: time.now())) }
        do {
            try output.open(SoundFormat(sampleRate: pack.sampleRate))
            let end = try play(sentence.samples, at: pack.sampleRate, for: entry)
            output.drop()
            switch end {
            case .heard: events(.finished(entry.id, tag: entry.tag, at: time.now()))
            case .cut: events(.cut(entry.id, tag: entry.tag, at: time.now()))
            }
        } catch {
            lose(error)
            events(.failed(entry.id, tag: entry.tag, error: .sound(error), at: time.now()))
        }
    }

    private mutating func play(
        _ samples: [Int16], at rate: Int, for entry: PromptQueue.Entry
    ) throws(SoundError) -> End {
        let period = rate * Self.periodMilliseconds / 1_000
        for start in stride(from: 0, to: samples.count, by: period) {
            try output.write(samples[start..<min(start + period, samples.count)])
            if start == 0 {
                found()
                events(.started(entry.id, tag: entry.tag, at: time.now()))
            }
            if mustCut(entry) { return .cut }
        }
        while try !output.finish(waiting: Self.periodMilliseconds) {
            if mustCut(entry) { return .cut }
        }
        return .heard
    }

    private mutating func mustCut(_ entry: PromptQueue.Entry) -> Bool {
        settle()
        return isPastDeadline || (isCutAsked && entry.mayBeCut)
    }

    // MARK: The device's condition

    private mutating func lose(_ error: SoundError) {
        output.close()
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
