import Activation
import DeviceProfiles
import Health
import Mifare
import Platform
import SmartCard
import Voice

/// One reader: a thread that waits for cards on it and takes each through the handshake.
final class ReaderStation: Sendable {
    /// What the station needs of the terminal around it.
    struct Surroundings: Sendable {
        let engine: @Sendable () -> ActivationEngine
        let time: any TimeSource
        let announce: @Sendable (PromptID, SpeakingRule, Instant?, UInt64) -> Void
        let publish: @Sendable (TerminalEvent) -> Void
        let connect: @Sendable (String) throws(PCSCError) -> any CardTransport
        let successAfterMilliseconds: Int64
    }

    /// A card that was laid down.
    struct Arrival: Sendable {
        let tap: UInt64
        let at: Instant
    }

    private let name: String
    private let profile: ReaderProfile
    private let around: Surroundings
    private let arrivals = Mailbox<Arrival>()

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
    func cardArrived(tap: UInt64, at: Instant) { arrivals.send(Arrival(tap: tap, at: at)) }

    /// Takes no more cards.
    func stop() { arrivals.close() }

    /// Takes the card that arrived through the handshake, and tells how it ended.
    @discardableResult
    func serve(_ arrival: Arrival, _ engine: ActivationEngine) -> ActivationReport {
        let transport: any CardTransport
        do throws(PCSCError) {
            transport = try connect()
        } catch {
            let report = ActivationReport(ending: .leftUntouched, uid: nil, apdus: 0, milliseconds: 0)
            finish(arrival, report, "\(error)")
            return report
        }
        show(profile.lights?.onCardPresent, transport)
        var report = handle(transport, arrival, engine)
        if report.ending == .unknown || report.ending == .leftUntouched {
            // A card that was only jolted is still there, and the reader may not tell us that it ever left.
            around.time.sleep(milliseconds: Self.joltMilliseconds)
            if let again = try? connect() {
                let second = handle(again, arrival, engine)
                // What the first look wrote is not undone by a second that came too late to do anything.
                if report.ending != .unknown || second.ending != .leftUntouched { report = second }
            }
        }
        finish(arrival, report, nil)
        let light = Announcement(report.ending).light
        show(light == .success ? profile.lights?.onSuccess : profile.lights?.onFailure, transport)
        return report
    }

    private func handle(_ transport: any CardTransport, _ arrival: Arrival, _ engine: ActivationEngine)
        -> ActivationReport
    {
        engine.handle(transport, dialect: profile) { step in
            self.around.publish(
                TerminalEvent(step: step, tap: arrival.tap, start: arrival.at, now: self.around.time.now()))
        }
    }

    /// How long a card that was lost gets to settle before it is looked for once more.
    private static let joltMilliseconds: Int64 = 100

    /// How long another program may hold the card before we give up, in milliseconds: pcscd's own look at a new card,
    /// or a technician's tool, takes far less.
    private static let sharingPatience: Int64 = 500

    private func connect() throws(PCSCError) -> any CardTransport {
        let deadline = around.time.now().advanced(milliseconds: Self.sharingPatience)
        while true {
            do throws(PCSCError) {
                return try around.connect(name)
            } catch {
                guard error.code == .sharingViolation, around.time.now() < deadline else { throw error }
                around.time.sleep(milliseconds: 20)
            }
        }
    }

    private func finish(_ arrival: Arrival, _ report: ActivationReport, _ problem: String?) {
        let announcement = Announcement(report.ending)
        for (index, prompt) in announcement.prompts.enumerated() {
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

    /// Changes the reader's light; a reader that will not is no reason to stop.
    private func show(_ command: ReaderProfile.Lights.Command?, _ transport: any CardTransport) {
        guard let command, let lights = profile.lights else { return }
        switch lights.transport {
        case .apdu: _ = try? transport.transmit(command.send)
        case .escape: _ = lights.controlCode.map { try? transport.control(code: $0, command.send) }
        }
    }
}

extension ActivationEnding {
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
