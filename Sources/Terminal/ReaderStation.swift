import DeviceProfiles
import Health
import Mifare
import Platform
import SmartCard
import Synchronization
import Voice

/// One reader: a thread that waits for cards on it and does the terminal's work on each.
final class ReaderStation: Sendable {
    /// What the station needs of the terminal around it.
    struct Surroundings: Sendable {
        let work: @Sendable () -> any TapWork
        let time: any TimeSource
        let announce: @Sendable (Sentence) -> Void
        let publish: @Sendable (TerminalEvent) -> Void
        /// Called for each command to a card.
        var exchanged: @Sendable (ApduExchange, _ tap: UInt64, _ reader: String) -> Void = { _, _, _ in }
        /// Called after each card: how many of its commands were answered, and why the last one was not.
        var served: @Sendable (_ reader: String, _ answered: Int, PCSCError.Code?) -> Void = { _, _, _ in }
        /// With the ATR, where the arrival told it.
        let connect: @Sendable (String, [UInt8]?) throws(PCSCError) -> any CardTransport
        let successAfterMilliseconds: Int64
        /// Whether the reader's own buzzer tells the outcome too.
        var buzzes = false
    }

    /// One sentence of how a tap ended.
    struct Sentence: Sendable {
        let utterance: Utterance
        let rule: SpeakingRule
        let notBefore: Instant?
        /// The holder's, where the ledger told it.
        let language: String?
        let tap: UInt64
    }

    /// A card that was laid down.
    struct Arrival: Sendable {
        let tap: UInt64
        let at: Instant
        var atr: [UInt8]?
    }

    /// What the monitor has seen last, which may be more than what is being worked on.
    private struct Seen {
        var tap: UInt64 = 0
        var isThere = false
    }

    /// The reader's name in pcscd.
    let name: String
    /// What is known of its model.
    let profile: ReaderProfile
    /// Why that profile.
    let why: String
    private let around: Surroundings
    private let arrivals = Mailbox<Arrival>()
    private let seen = Mutex(Seen())
    private let isPrepared = Atomic(false)
    private let use = Mutex(ReaderUse())
    private let answers = Mutex(Answers())

    /// Commands of this tap that were answered, and why the last one was not.
    private struct Answers {
        var count = 0
        var error: PCSCError.Code?
    }

    /// A station for the reader `name`, which speaks as `profile` says.
    init(name: String, profile: ReaderProfile, why: String = "", around: Surroundings) {
        self.name = name
        self.profile = profile
        self.why = why
        self.around = around
    }

    /// Starts the station's thread, which ends after ``stop()`` once the card in hand is finished.
    func start() -> DedicatedThread {
        DedicatedThread(name: "yika-card") {
            let work = self.around.work()
            while let arrival = self.arrivals.receive() {
                // A technician has the reader: what lies there is his until it is lifted.
                guard self.use.withLock({ $0.take(at: self.around.time.now()) }) else { continue }
                // Of several that came while we worked only the last can still lie there.
                self.serve(self.arrivals.drain().last ?? arrival, work)
                self.use.withLock { $0.isServing = false }
                let (answered, error) = self.answers.withLock { ($0.count, $0.error) }
                self.around.served(self.name, answered, error)
            }
        }
    }

    /// A card was laid down at `at`. Returns at once.
    func cardArrived(tap: UInt64, at: Instant, atr: [UInt8]? = nil) {
        seen.withLock { $0 = Seen(tap: tap, isThere: true) }
        arrivals.send(Arrival(tap: tap, at: at, atr: atr))
    }

    /// pcscd has noticed that the card is gone: the next one will be announced. Returns at once.
    func cardLeft() { seen.withLock { $0.isThere = false } }

    /// Leaves the cards on this reader to the client of that number for a while. False while a card is being served.
    func lend(to client: UInt64) -> Bool {
        let now = around.time.now()
        return use.withLock { $0.lend(to: client, at: now) }
    }

    /// The client of that number does not need the reader any more; whether it had it.
    func giveBack(from client: UInt64) -> Bool { use.withLock { $0.giveBack(from: client) } }

    /// Whether somebody else has the reader's cards at the moment.
    var isLent: Bool {
        let now = around.time.now()
        return use.withLock { $0.isLent(at: now) }
    }

    /// What the reader is doing.
    var state: StatusReport.Reader.State {
        let now = around.time.now()
        let (isLent, isServing) = use.withLock { ($0.isLent(at: now), $0.isServing) }
        if isLent { return .lent }
        if isServing { return .serving }
        return seen.withLock { $0.isThere } ? .card : .waiting
    }

    /// Takes no more cards.
    func stop() { arrivals.close() }

    /// The card that lies there, if one does, is to be taken up again: what was asked for has changed. Returns at once.
    func again(at: Instant) {
        let seen = seen.withLock { $0 }
        if seen.isThere { arrivals.send(Arrival(tap: seen.tap, at: at, atr: nil)) }
    }

    /// Does the terminal's work on the card that arrived, and tells how it ended.
    func serve(_ arrival: Arrival, _ work: any TapWork) {
        work.begin()
        answers.withLock { $0 = Answers() }
        var transport: (any CardTransport)?
        do throws(PCSCError) {
            transport = try connect(arrival)
        } catch {
            answers.withLock { $0.error = error.code }
            return finish(arrival, work, work.end(of: error))
        }
        prepare(transport)
        show(profile.lights?.onCardPresent, transport)
        guard var end = handle(transport, arrival, work) else { return }
        let patience = around.time.now().advanced(milliseconds: Self.joltMilliseconds)
        while end.isLoss, isThere(arrival), around.time.now() < patience {
            // Ours is dead, and nobody gets another one while it is open.
            transport = nil
            around.time.sleep(milliseconds: Self.joltPauseMilliseconds)
            transport = (try? around.connect(name, nil)).map { watched($0, arrival) }
            if let again = handle(transport, arrival, work), !again.isUntouched || end.isUntouched { end = again }
        }
        finish(arrival, work, end)
        signal(end.announcement, arrival, transport)
    }

    /// How often it is looked for whether the card still lies there, until the reader may say what the voice says then.
    private static let stepMilliseconds: Int64 = 20

    /// Light and buzzer keep step with the voice: a green light while it still says “do not remove” would contradict it.
    private func signal(_ announcement: Announcement, _ arrival: Arrival, _ transport: (any CardTransport)?) {
        let earliest = arrival.at.advanced(milliseconds: around.successAfterMilliseconds)
        while announcement.waits, around.time.now() < earliest, isThere(arrival) {
            around.time.sleep(milliseconds: Self.stepMilliseconds)
        }
        func command(_ signals: ReaderSignals?) -> SignalCommand? {
            announcement.light == .success ? signals?.onSuccess : signals?.onFailure
        }
        show(command(profile.lights), transport)
        guard around.buzzes, let buzzer = profile.buzzer, let command = command(buzzer), let transport else { return }
        send(command, by: buzzer.transport, transport)
    }

    private func handle(
        _ transport: (any CardTransport)?, _ arrival: Arrival, _ work: any TapWork
    ) -> TapEnd? {
        guard let transport else { return nil }
        return work.handle(transport, dialect: profile) { step in
            var event = step
            let now = self.around.time.now()
            (event.tap, event.at, event.milliseconds) =
                (arrival.tap, now.milliseconds, now.milliseconds(since: arrival.at))
            self.around.publish(event)
        }
    }

    /// A card that was jolted, or lifted and laid down again at once, may never have left as far as pcscd knows, which
    /// looks at a reader every 400 ms only: no event would come for it. So a lost card is looked for until pcscd has
    /// noticed that it is gone, with some room.
    private static let joltMilliseconds: Int64 = 1200
    private static let joltPauseMilliseconds: Int64 = 50

    /// Whether, for all that pcscd knows, the card of this tap lies on the reader, and we are not about to stop.
    private func isThere(_ arrival: Arrival) -> Bool {
        !arrivals.isClosed && seen.withLock { $0.tap == arrival.tap && $0.isThere }
    }

    /// Whether another card, or the same one again, was laid down since.
    private func isSuperseded(_ arrival: Arrival) -> Bool { seen.withLock { $0.tap != arrival.tap } }

    /// How long another program may hold the card before we give up, in milliseconds: pcscd's own look at a new card,
    /// or a technician's tool, takes far less.
    private static let sharingPatience: Int64 = 500

    private func connect(_ arrival: Arrival) throws(PCSCError) -> any CardTransport {
        let deadline = around.time.now().advanced(milliseconds: Self.sharingPatience)
        while true {
            do throws(PCSCError) {
                return try watched(around.connect(name, arrival.atr), arrival)
            } catch {
                guard error.code == .sharingViolation, around.time.now() < deadline else { throw error }
                around.time.sleep(milliseconds: 20)
            }
        }
    }

    private func watched(_ card: any CardTransport, _ arrival: Arrival) -> any CardTransport {
        WatchedTransport(card, time: around.time) { exchange in
            self.answers.withLock { answers in
                if exchange.status != nil { answers.count += 1 }
                answers.error = exchange.error?.code
            }
            self.around.exchanged(exchange, arrival.tap, self.name)
        }
    }

    private func finish(_ arrival: Arrival, _ work: any TapWork, _ end: TapEnd) {
        work.finish(end)
        let announcement = end.announcement
        // Who has laid the card down again already must not be told to do so: it would cut “do not remove it” short.
        let prompts = end.isLoss && isSuperseded(arrival) ? [] : announcement.prompts
        for (index, prompt) in prompts.enumerated() {
            let earliest = arrival.at.advanced(milliseconds: around.successAfterMilliseconds)
            around.announce(
                Sentence(
                    utterance: prompt, rule: announcement.waits || index > 0 ? .queue : .preempt,
                    notBefore: announcement.waits ? earliest : nil, language: end.language, tap: arrival.tap))
        }
        let now = around.time.now()
        around.publish(
            TerminalEvent(
                "ended", at: now, tap: arrival.tap, reader: name, card: end.uid?.masked,
                what: announcement.notice.id, detail: end.particulars, code: announcement.notice.code,
                milliseconds: now.milliseconds(since: arrival.at), apdus: end.apdus))
    }

    /// Sends what the reader is to be sent once; with the first card, because some readers hear nothing without one.
    private func prepare(_ transport: (any CardTransport)?) {
        guard let transport, isPrepared.exchange(true, ordering: .relaxed) == false else { return }
        for step in profile.setup { send(step.command, by: step.transport, transport) }
    }

    /// Changes the reader's light.
    private func show(_ command: SignalCommand?, _ transport: (any CardTransport)?) {
        guard let command, let transport, let lights = profile.lights else { return }
        send(command, by: lights.transport, transport)
    }

    /// A reader that will not is no reason to stop.
    private func send(_ command: SignalCommand, by way: SignalTransport, _ transport: any CardTransport) {
        switch way {
        case .apdu: _ = try? transport.transmit(command.send)
        case .escape:
            for code in profile.controlCodes.controlCodes
            where (try? transport.control(code: code, command.send)) != nil { return }
        }
    }
}
