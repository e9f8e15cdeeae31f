import Activation
import DeviceProfiles
import Health
import Journal
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard
import Sync
import Voice

@testable import Terminal

/// What is to happen during one tap.
struct TapPlan {
    var fault: CardFault?
    /// The card is only jolted: it lies there again when the station looks once more, with this to happen then.
    var isJolted = false
    var secondFault: CardFault?
    var swap: (apdu: Int, card: HeldCard)?
    /// At which command something happens elsewhere on the campus.
    var meanwhile: Int?
}

/// One box: its disks, clocks, reader and link, and the terminal that runs on them until its next end.
final class Kiosk: @unchecked Sendable {
    /// The terminal's rooms while it runs.
    struct Running {
        let journal: JournalWriter?
        let uploader: Uploader?
        let feedReader: FeedReader
        let station: ReaderStation
        let work: ActivationWork
        let feeds: FeedStores
    }

    /// One tap under way.
    private struct Scene {
        let cards: [HeldCard]
        let plan: TapPlan
        /// The journal's last record before it.
        let lastSequence: UInt64
        let atTap: [[UInt8]]
        /// The cards as they were when the station last connected.
        var atConnection: [[UInt8]]
        var connections = 0
        var commands = 0
        var hasWritten = false
    }

    let number: UInt16
    let clock: BoxClock
    unowned let campus: Campus
    private(set) lazy var link = Link(campus: campus, kiosk: self)
    private(set) var journalDisk: BoxDisk
    private(set) var feedDisk: BoxDisk
    private(set) var running: Running?
    /// Everything that an append returned for.
    private(set) var promises: [UInt64: Promise] = [:]

    /// What the voice was asked to say at the last tap.
    private(set) var said: [ReaderStation.Sentence] = []

    private let reader: SimulatedReader
    private var scene: Scene?
    /// The card that this kiosk made active for each account.
    private var madeActive: [UInt64: CardUID] = [:]
    private var taps: UInt64 = 0

    init(campus: Campus, number: UInt16, profile: ReaderProfile) {
        self.campus = campus
        self.number = number
        clock = BoxClock(campus.time)
        reader = SimulatedReader(profile: profile, time: clock)
        journalDisk = BoxDisk(seed: campus.random.next())
        feedDisk = BoxDisk(seed: campus.random.next())
    }

    // MARK: Life

    /// Whether a card is being served.
    var isBusy: Bool { scene != nil }

    func replaceDisks(afterPowerCut: Bool) {
        running = nil
        journalDisk.restart(afterPowerCut: afterPowerCut)
        feedDisk.restart(afterPowerCut: afterPowerCut)
    }

    /// Plans a power cut, or a failure with `code`.
    func plan(_ code: Int32?, onJournal: Bool, in operations: Int) {
        switch (onJournal, code) {
        case (true, let code?): journalDisk.planFailure(code, in: operations)
        case (true, nil): journalDisk.planPowerCut(in: operations)
        case (false, let code?): feedDisk.planFailure(code, in: operations)
        case (false, nil): feedDisk.planPowerCut(in: operations)
        }
    }

    func run(_ journal: JournalWriter?, _ feeds: FeedStores) {
        let grounds = Grounds.shared
        let local = LocalActivations()
        let health = HealthRegistry { _ in }
        if let journal { try? local.replay(journal) }
        let feedReader = feedReader(journal, feeds, health)
        let uploader = journal.map { journal in
            Uploader(
                feed: journal, client: link, time: clock,
                settings: .init(batch: 7, backoff: Backoff(generator: SplitMix64(seed: campus.random.next())))
            ) { [unowned self] event in
                self.synced(event)
                if case .acknowledged(let acknowledgement) = event { feedReader.hear(acknowledgement.feedVersions) }
            }
        }
        let witnessed = journal.map { journal in
            WitnessedJournal(journal: journal) { [unowned self] in self.witness($0, $1) }
        }
        let rooms = TapRooms(
            configuration: grounds.configuration(number), layout: grounds.layout, keys: grounds.keys, client: link,
            feeds: feeds, journal: witnessed, local: local, health: health, shared: SharedConditions(health),
            time: clock, recorded: {}
        )
        let station = ReaderStation(
            name: "reader of \(number)", profile: reader.profile,
            around: .init(
                work: { rooms.makeWork() }, time: clock,
                announce: { [unowned self] in self.heard($0) },
                publish: { [unowned self] event in self.campus.note("\(self.number): \(event.words)") },
                connect: { [unowned self] (_, _) throws(PCSCError) in try self.connect() },
                successAfterMilliseconds: 3000))
        running = Running(
            journal: journal, uploader: uploader, feedReader: feedReader, station: station,
            work: rooms.makeActivation(), feeds: feeds)
    }

    private func feedReader(_ journal: JournalWriter?, _ feeds: FeedStores, _ health: HealthRegistry) -> FeedReader {
        let settings = FeedReader.Settings(
            backoff: Backoff(longest: 15_000, generator: SplitMix64(seed: campus.random.next())),
            jitter: SplitMix64(seed: campus.random.next()))
        return FeedReader(
            client: link, stores: feeds, time: clock, settings: settings,
            report: { [clock] in
                Heartbeat(
                    wallMilliseconds: clock.wallMilliseconds(), version: "simulated", epoch: 1,
                    lastSequence: journal?.lastSequence ?? 0, acknowledged: journal?.cursor.acknowledged ?? 0,
                    conditions: health.current.map(\.notice.code))
            },
            onEvent: { [unowned self] in self.fed($0) })
    }

    // MARK: Uploading

    /// Lets uploader and feed reader work until they have to wait.
    func upload() {
        for _ in 0..<4 {
            guard isOn, let uploader = running?.uploader, uploader.step() == 0 else { break }
        }
        for _ in 0..<4 {
            guard isOn, let feedReader = running?.feedReader, feedReader.step() == 0 else { return }
        }
    }

    private func fed(_ event: FeedEvent) {
        campus.note("\(number): \(event)")
        switch event {
        case .rejected(_, .storage): break
        case .rejected(let kind, let error): campus.violate("\(number): \(kind) rejected: \(error)")
        default: break
        }
    }

    private func synced(_ event: SyncEvent) {
        campus.note("\(number): \(event)")
        switch event {
        case .frozen(let stop): campus.violate("\(number): uploading stopped: \(stop)")
        default: break
        }
    }

    private func witness(_ sequence: UInt64, _ promise: Promise) {
        promises[sequence] = promise
        if let outcome = ActivationOutcome(decoding: promise.payload), outcome.result == .activated {
            campus.everActivated.insert(outcome.intent.uid)
        }
    }

    // MARK: A tap

    /// A card is laid down; what becomes of it. `nil` when the box is dead.
    func tap(_ card: HeldCard, _ plan: TapPlan) -> ActivationReport? {
        guard isOn, let running else { return nil }
        let cards = [card] + (plan.swap.map { [$0.card] } ?? [])
        scene = Scene(
            cards: cards, plan: plan, lastSequence: running.journal?.lastSequence ?? 0, atTap: cards.map(\.memory),
            atConnection: cards.map(\.memory))
        for card in cards { card.isInUse = true }
        defer {
            for card in cards { card.isInUse = false }
            reader.lift()
            scene = nil
        }
        reader.layDown(card.chip, fault: plan.fault)
        if let swap = plan.swap { reader.swap(at: swap.apdu, to: swap.card.chip) }
        said = []
        taps += 1
        // Announced as the monitor does, which sees neither pulls nor jolts as quick as these.
        running.station.cardArrived(tap: taps, at: clock.now())
        running.station.serve(.init(tap: taps, at: clock.now()), running.work)
        let report = running.work.report
        check(report)
        return report
    }

    private func connect() throws(PCSCError) -> any CardTransport {
        guard isOn, var scene else { throw PCSCError(call: "SCardConnect", code: .readerUnavailable) }
        scene.connections += 1
        scene.atConnection = scene.cards.map(\.memory)
        self.scene = scene
        if scene.connections == 2, reader.card == nil, scene.plan.isJolted {
            reader.layDown(scene.cards[0].chip, fault: scene.plan.secondFault)
        }
        guard reader.card != nil else { throw PCSCError(call: "SCardConnect", code: .noSmartcard) }
        // A new connection finds whatever lies there by now.
        try reader.reselect()
        return BoxTransport(kiosk: self, reader: reader)
    }

    /// Called before every command.
    func willTransmit() {
        scene?.commands += 1
        if let scene, scene.commands == scene.plan.meanwhile { campus.meanwhile() }
    }

    /// Called after every command: the first change of a card must find its intent on the disk.
    func didTransmit() {
        guard let scene, !scene.hasWritten else { return }
        for (card, before) in zip(scene.cards, scene.atTap) where card.memory != before {
            self.scene?.hasWritten = true
            let isIntended = survivors(from: scene.lastSequence + 1).contains {
                $0.slot.type.rawValue == ActivationRecordType.intent
                    && ActivationIntent(decoding: $0.slot.payload)?.uid == card.uid.bytes
            }
            if !isIntended { campus.violate("\(number): \(card.uid.masked) was written without a durable intent") }
        }
    }

    private func heard(_ sentence: ReaderStation.Sentence) {
        // A box without power says nothing.
        guard isOn, let scene else { return }
        said.append(sentence)
        let prompt = sentence.utterance.id
        campus.note("\(number): says \(prompt)")
        guard prompt == .activated else { return }
        let uids = scene.cards.map(\.uid.bytes)
        let isDurable = survivors(from: scene.lastSequence + 1).contains {
            $0.slot.activation.map { uids.contains($0.intent.uid) } ?? false
        }
        if !isDurable { campus.violate("\(number): a card was announced active whose outcome is not durable") }
    }

    private func check(_ report: ActivationReport) {
        guard let scene else { return }
        for card in scene.cards where !card.isUntouchedElsewhere {
            campus.violate("\(number): \(card.uid.masked) was changed outside the free candidate sectors")
        }
        switch report.ending {
        case .refused:
            if scene.cards.map(\.memory) != scene.atConnection {
                campus.violate("\(number): a card was refused and changed")
            }
        case .leftUntouched:
            if scene.cards.map(\.memory) != scene.atTap {
                campus.violate("\(number): a card is said to have left untouched and was changed")
            }
        case .activated(let grant, _, _, _):
            guard isOn, let uid = report.uid else { return }
            noteActive(grant.account, uid)
        case .alreadyActive:
            guard isOn, let uid = report.uid else { return }
            if !campus.everActivated.contains(uid.bytes) {
                campus.violate("\(number): \(uid.masked) was confirmed and was never activated")
            }
        default: break
        }
    }

    /// One kiosk alone has all it needs to know that the account is active already, whatever its clock says.
    private func noteActive(_ account: UInt64, _ uid: CardUID) {
        let other = madeActive[account]
        madeActive[account] = uid
        guard let other, other != uid, campus.holder(of: uid)?.wasEverLost != true else { return }
        campus.violate("\(number): made \(uid.masked) active for \(account) after \(other.masked)")
    }
}

extension TerminalEvent {
    /// The event in one line.
    fileprivate var words: String {
        [event, card, what, detail, sequence.map { "#\($0)" }, apdus.map { "\($0) APDUs" }].compactMap { $0 }
            .joined(separator: " ")
    }
}
