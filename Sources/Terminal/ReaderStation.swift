import Activation
import DeviceProfiles
import Health
import Mifare
import Platform
import SmartCard
import Synchronization
import Voice

/// One reader: a thread that waits for cards on it and takes each through the handshake.
final class ReaderStation: Sendable {
    /// What the station needs of the terminal around it.
    struct Surroundings: Sendable {
        let engine: @Sendable () -> ActivationEngine
        let time: any TimeSource
        let announce: @Sendable (PromptID, SpeakingRule, Instant?, UInt64) -> Void
        let publish: @Sendable (TerminalEvent) -> Void
        /// With the ATR, where the arrival told it.
        let connect: @Sendable (String, [UInt8]?) throws(PCSCError) -> any CardTransport
        let successAfterMilliseconds: Int64
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

    private let name: String
    private let profile: ReaderProfile
    private let around: Surroundings
    private let arrivals = Mailbox<Arrival>()
    private let seen = Mutex(Seen())
    private let isPrepared = Atomic(false)

    /// A station for the reader `name`, which speaks as `profile` says.
    init(name: String, profile: ReaderProfile, around: Surroundings) {
        self.name = name
        self.profile = profile
        self.around = around
    }

    /// Starts the station's thread, which ends after ``stop()`` once the card in hand is finished.
    func start() -> DedicatedThread {
        DedicatedThread(name: "yika-card") {
            let engine = self.around.engine()
            while let arrival = self.arrivals.receive() {
                // Of several that came while we worked only the last can still lie there.
                self.serve(self.arrivals.drain().last ?? arrival, engine)
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

    /// Takes no more cards.
    func stop() { arrivals.close() }

    /// Takes the card that arrived through the handshake, and tells how it ended.
    @discardableResult
    func serve(_ arrival: Arrival, _ engine: ActivationEngine) -> ActivationReport {
        var transport: (any CardTransport)?
        do throws(PCSCError) {
            transport = try connect(arrival)
        } catch {
            let report = ActivationReport(ending: Self.ending(of: error), uid: nil, apdus: 0, milliseconds: 0)
            finish(arrival, report, "\(error)")
            return report
        }
        prepare(transport)
        show(profile.lights?.onCardPresent, transport)
        var report = handle(transport, arrival, engine) ?? Self.nothingDone
        let patience = around.time.now().advanced(milliseconds: Self.joltMilliseconds)
        while report.ending.isLoss, isThere(arrival), around.time.now() < patience {
            // Ours is dead, and nobody gets another one while it is open.
            transport = nil
            around.time.sleep(milliseconds: Self.joltPauseMilliseconds)
            transport = try? around.connect(name, nil)
            // What was written before is no less written when the card is lost once more.
            if let again = handle(transport, arrival, engine), again.ending != .leftUntouched { report = again }
        }
        finish(arrival, report, nil)
        let light = Announcement(report.ending).light
        show(light == .success ? profile.lights?.onSuccess : profile.lights?.onFailure, transport)
        return report
    }

    private func handle(
        _ transport: (any CardTransport)?, _ arrival: Arrival, _ engine: ActivationEngine
    ) -> ActivationReport? {
        guard let transport else { return nil }
        return engine.handle(transport, dialect: profile) { step in
            self.around.publish(
                TerminalEvent(step: step, tap: arrival.tap, start: arrival.at, now: self.around.time.now()))
        }
    }

    /// A card that lies there and cannot be connected to is no card that left too early.
    private static func ending(of error: PCSCError) -> ActivationEnding {
        switch error.code {
        case .unsupportedCard, .protocolMismatch: .refused(.unknownCard)
        case .unresponsiveCard: .refused(.unreadable)
        default: .leftUntouched
        }
    }

    private static let nothingDone = ActivationReport(ending: .leftUntouched, uid: nil, apdus: 0, milliseconds: 0)

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
                return try around.connect(name, arrival.atr)
            } catch {
                guard error.code == .sharingViolation, around.time.now() < deadline else { throw error }
                around.time.sleep(milliseconds: 20)
            }
        }
    }

    private func finish(_ arrival: Arrival, _ report: ActivationReport, _ problem: String?) {
        let announcement = Announcement(report.ending)
        // Who has laid the card down again already must not be told to do so: it would cut “do not remove it” short.
        let prompts = report.ending.isLoss && isSuperseded(arrival) ? [] : announcement.prompts
        for (index, prompt) in prompts.enumerated() {
            let earliest = arrival.at.advanced(milliseconds: around.successAfterMilliseconds)
            around.announce(
                prompt, announcement.waits || index > 0 ? .queue : .preempt, announcement.waits ? earliest : nil,
                arrival.tap)
        }
        let now = around.time.now()
        around.publish(
            TerminalEvent(
                "ended", at: now, tap: arrival.tap, reader: name, card: report.uid?.masked,
                what: announcement.notice.id,
                detail: problem ?? report.ending.particulars, code: announcement.notice.code,
                milliseconds: now.milliseconds(since: arrival.at), apdus: report.apdus))
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

extension ActivationEnding {
    /// Whether the card was lost on the way.
    fileprivate var isLoss: Bool { self == .unknown || self == .leftUntouched }

    /// What only this ending knows, for people; no account, no holder.
    fileprivate var particulars: String? {
        switch self {
        case .activated(let grant, let sector, let purse, _):
            "sector \(sector), permitted by \(grant.source), small purse \(purse.map(\.description) ?? "not read")"
        case .outOfService(let reason): reason
        default: nil
        }
    }
}

extension TerminalEvent {
    /// The event for a step of the handshake.
    init(step: ActivationStep, tap: UInt64, start: Instant, now: Instant) {
        self.init("step", at: now, tap: tap, milliseconds: now.milliseconds(since: start))
        switch step {
        case .identified(let uid):
            what = "identified"
            card = uid.masked
        case .oldApplicationRead(let purse):
            what = "old-application-read"
            detail = "small purse \(purse.map(\.description) ?? "not read")"
        case .decided(let decision):
            what = "decided"
            detail = decision.particulars
        case .hinted(let hints):
            what = "hinted"
            detail = hints.names.joined(separator: ", ")
        case .probed(let sector, let finding):
            what = "probed"
            detail = "sector \(sector) \(finding.rawValue)"
        case .intentDurable(let number):
            what = "intent-durable"
            sequence = number
        case .dataWritten(let sector):
            what = "data-written"
            detail = "sector \(sector)"
        case .trailerWritten(let sector):
            what = "trailer-written"
            detail = "sector \(sector)"
        case .proved(let sector):
            what = "proved"
            detail = "sector \(sector)"
        case .outcomeDurable(let number):
            what = "outcome-durable"
            sequence = number
        }
    }
}

extension PermitDecision {
    fileprivate var particulars: String {
        switch self {
        case .granted(let grant, _): "granted by \(grant.source)"
        case .alreadyActive(let grant): "already active, says \(grant.source)"
        case .refused(let refusal): "refused: \(refusal.rawValue)"
        }
    }
}
