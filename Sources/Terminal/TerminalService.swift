import Activation
import Canteen
import Crypto
import DeviceProfiles
import Glibc
import Health
import Journal
import LedgerProtocol
public import Logging
public import Platform
import Screen
import SmartCard
import Sync
import Synchronization
import Voice

/// The running terminal: it joins readers, handshake, voice, journal and ledger, and ends them in order.
public final class TerminalService: Sendable {
    let configuration: Configuration
    let equipment: Equipment
    let time: any TimeSource
    let log: Logger
    let health: HealthRegistry
    let watchdog = Watchdog()
    let local = LocalActivations()
    let events: EventStream
    let announcer: Announcer
    let voice: TerminalVoice
    let journal: Journal?
    let shared: SharedConditions
    let feeds: FeedStores
    let feedReader: FeedReader
    let uploader: Uploader?
    let contact: LedgerContact
    let client: CurlLedgerClient
    let till: Till?
    let attachments: Attachments
    private let screens = Answer<ScreenDesk>()
    let stations = Stations()
    let care: ReaderCare
    let taps = Mutex<UInt64>(0)
    let started: Instant
    let startedWallMilliseconds: Int64

    /// Reads everything, opens journal and sound, and reports what is not as it should be. Nothing runs yet.
    ///
    /// - Throws: ``TerminalError`` when the terminal must not start at all.
    public init(configuration: Configuration, log: Logger, time: any TimeSource = SystemTime()) throws(TerminalError) {
        self.configuration = configuration
        self.log = log
        self.time = time
        (started, startedWallMilliseconds) = (time.now(), time.wallMilliseconds())
        let events = EventStream(log: log)
        self.events = events
        let health = HealthRegistry(time: time) { events.publish(TerminalEvent($0, at: time.now())) }
        self.health = health
        let shared = SharedConditions(health)
        self.shared = shared
        let contact = LedgerContact()
        self.contact = contact
        equipment = try Equipment(configuration, health: health)
        let journal = try Self.openJournal(configuration, health: health, watchdog: watchdog, time: time)
        let feeds = try Self.openFeeds(configuration, signer: equipment.signer, health: health, shared: shared)
        announcer = Self.makeAnnouncer(configuration, equipment.catalogue, feeds, health: health, time: time) {
            Self.heard($0, events: events, health: health)
        }
        let voice = TerminalVoice(announcer, configuration.voice.says)
        let client = CurlLedgerClient(
            settings: .init(configuration), time: time, feedProgress: { [watchdog] in watchdog.tick(.feeds) })
        let wanted = Answer<Uploader>()
        let feedReader = FeedReader(
            client: client, stores: feeds, time: time, settings: .init(configuration.ledger),
            report: { Self.heartbeat(configuration, journal: journal, health: health, time: time) },
            onEvent: { event in
                contact.note(event, at: time.now())
                Self.fed(event, events: events, health: health, shared: shared, at: time.now())
                if case .heard(let answer) = event, answer.uploadNow == true {
                    wanted.wait(until: Instant(nanoseconds: 0))?.hurry()
                }
            })
        uploader = journal.map { journal in
            Uploader(feed: journal, client: client, time: time) { event in
                contact.note(event, at: time.now())
                Self.synced(event, events: events, health: health, shared: shared, at: time.now())
                if case .acknowledged(let acknowledgement) = event { feedReader.hear(acknowledgement.feedVersions) }
            }
        }
        if let uploader { wanted.give(uploader) }
        let (stations, screens, attachments) = (stations, screens, Attachments(time: time))
        care = Self.makeCare(stations, events: events, health: health, time: time)
        self.attachments = attachments
        till =
            configuration.role == .canteen
            ? Till(
                configuration,
                around: Till.Surroundings(
                    client: client, signer: equipment.signer, feeds: feeds, journal: journal, health: health,
                    shared: shared, time: time,
                    isThere: { contact.current?.isThere ?? true },
                    recorded: { wanted.wait(until: Instant(nanoseconds: 0))?.nudge() },
                    changed: { counter, before in
                        screens.wait(until: Instant(nanoseconds: 0))?.show(counter)
                        attachments.note(counter)
                        voice.follow(counter, before: before)
                    }, serveAgain: { stations.again(at: time.now()) },
                    told: { report, language in
                        attachments.note(report)
                        Self.told(report, language: language, events: events, voice: voice, at: time.now())
                    }, closed: { voice.closed($0) }))
            : nil
        (self.journal, self.client, self.feeds, self.feedReader, self.voice) =
            (journal, client, feeds, feedReader, voice)
        if let journal {
            do throws(JournalError) { try local.replay(journal) } catch { health.raise(.journalStopped, "\(error)") }
        }
    }

    private static func makeAnnouncer(
        _ configuration: Configuration, _ catalogue: PromptCatalogue, _ feeds: FeedStores, health: HealthRegistry,
        time: any TimeSource, events: @escaping @Sendable (AnnouncerEvent) -> Void
    ) -> Announcer {
        let style = configuration.voice.style {
            let rules = SalesRules(settings: feeds.settings.current?.settings ?? TerminalSettings())
            return rules.minute(at: time.wallMilliseconds())
        }
        let output = ALSAOutput(device: configuration.voice.device, control: configuration.voice.mixer ?? .init())
        return Announcer(
            packs: Equipment.packs(configuration, catalogue, health: health), catalogue: catalogue, style: style,
            output: output, time: time, events: events)
    }

    private static func makeCare(
        _ stations: Stations, events: EventStream, health: HealthRegistry, time: any TimeSource
    ) -> ReaderCare {
        ReaderCare(
            hands: SystemReaderHands(time: time), time: time, health: health,
            isServing: { stations.all.contains { $0.state == .serving } }
        ) { events.publish($0) }
    }

    private static func openJournal(
        _ configuration: Configuration, health: HealthRegistry, watchdog: Watchdog, time: any TimeSource
    ) throws(TerminalError) -> Journal? {
        do throws(JournalError) {
            let keyFile = try openKeyFile(configuration.stateDirectory)
            let storage = try openStorage(configuration.stateDirectory + "/journal")
            let journal = try Journal.open(
                storage: storage, terminal: configuration.number,
                key: keyFile.key ?? configuration.credentials.journalKey,
                time: time, options: JournalOptions(epoch: configuration.journalEpoch),
                tick: { watchdog.tick(.journal) }, damaged: { health.raise(.journalDamaged, "\($0)") })
            if !journal.recovery.isClean { health.raise(.journalDamaged, "\(journal.recovery.findings)") }
            // From here on the journal has the keys that it needs, and nobody on this box may have more.
            do throws(StorageError) {
                try keyFile.file.destroy()
                if configuration.credentials.journalKey != nil { health.raise(.rootKeyOnTerminal) }
            } catch {
                health.raise(.rootKeyOnTerminal, error.description)
            }
            return journal
        } catch {
            // Two daemons would fight for the reader; of any other fault the holders are told, card by card.
            if error == .locked { throw .busy("another yikad has the journal in \(configuration.stateDirectory) open") }
            health.raise(error == .keyMissing ? .journalKeyMissing : .journalStopped, error.description)
            return nil
        }
    }

    private static func openKeyFile(
        _ stateDirectory: String
    ) throws(JournalError) -> (file: JournalKeyFile, key: ChainKey?) {
        do throws(StorageError) {
            let file = try JournalKeyFile(stateDirectory: stateDirectory)
            return (file, try file.read())
        } catch {
            throw .missingDirectory(error)
        }
    }

    private static func openStorage(_ path: String) throws(JournalError) -> FileStorage {
        do throws(StorageError) {
            return try storage(path)
        } catch {
            throw .missingDirectory(error)
        }
    }

    /// The storage in a folder of the state directory, which is made when it is not there; the state directory itself is
    /// the technician's or systemd's to make.
    private static func storage(_ path: String) throws(StorageError) -> FileStorage {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
            throw StorageError(call: "mkdir", code: errno, path: path)
        }
        return try FileStorage(directory: path)
    }

    private static func openFeeds(
        _ configuration: Configuration, signer: Curve25519.Signing.PublicKey, health: HealthRegistry,
        shared: SharedConditions
    ) throws(TerminalError) -> FeedStores {
        do throws(StorageError) {
            let stores = FeedStores(storage: try storage(configuration.stateDirectory + "/feeds"), key: signer)
            for (kind, error) in stores.load() { note(unsound: kind, error, health: health, shared: shared) }
            return stores
        } catch {
            throw .configuration(
                configuration.file, "stateDirectory", expected: "a directory that can be written (\(error))")
        }
    }

    /// The screen's page, if the configuration asks for one and its port is free; without it cards are served.
    func openScreen() -> ScreenDesk? {
        do throws(ScreenError) {
            let screen = try ScreenDesk(
                configuration, time: time, keys: { self.till?.counter.press($0) }, metrics: { self.metricsText() }
            ) {
                ScreenDesk.Facts(
                    isOnline: self.contact.current?.isThere,
                    queued: self.journal.map { Int($0.lastSequence - $0.cursor.acknowledged) } ?? 0,
                    conditions: self.health.visible,
                    rules: self.till?.authority.rules ?? SalesRules(), wall: self.time.wallMilliseconds(),
                    closedShift: self.till?.memory.closedShift, means: self.configuration.canteen.means)
            }
            if let screen { screens.give(screen) }
            return screen
        } catch {
            health.raise(.screenMissing, error.description)
            return nil
        }
    }

    private static func heartbeat(
        _ configuration: Configuration, journal: Journal?, health: HealthRegistry, time: any TimeSource
    ) -> Heartbeat {
        Heartbeat(
            wallMilliseconds: time.wallMilliseconds(), version: TerminalVersion.current,
            epoch: journal?.epoch ?? configuration.journalEpoch, lastSequence: journal?.lastSequence ?? 0,
            acknowledged: journal?.cursor.acknowledged ?? 0, conditions: health.visible.map(\.notice.code))
    }
}

extension CurlLedgerClient.Settings {
    /// The ledger of `configuration`, and what lets this terminal in there.
    init(_ configuration: Configuration) {
        self.init(
            url: configuration.ledger.url, terminal: configuration.number,
            credential: .bearer(configuration.credentials.token), authorities: configuration.ledger.authorities)
    }
}

extension FeedReader.Settings {
    fileprivate init(_ ledger: Configuration.Ledger) {
        self.init()
        if let heartbeat = ledger.heartbeatMilliseconds { heartbeatMilliseconds = heartbeat }
    }
}
