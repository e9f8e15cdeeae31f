import Canteen
import DeviceProfiles
import FoundationEssentials
import Glibc
import Health
import Platform
import Sync
import Synchronization

/// How the terminal stands: the answer to `status` on the control socket.
public struct StatusReport: Codable, Sendable, Hashable {
    /// One reader that is served.
    public struct Reader: Codable, Sendable, Hashable {
        /// What it is doing.
        public enum State: String, Codable, Sendable {
            /// No card lies on it.
            case waiting
            /// A card lies on it that was served.
            case card
            /// A card is being served.
            case serving
            /// A technician's tool has it.
            case lent
        }

        /// Its name in pcscd.
        public var name: String
        /// The id of its profile.
        public var profile: String
        /// Why that one.
        public var why: String
        /// What it is doing.
        public var state: State
    }

    /// What the terminal is doing.
    public enum Doing: String, Codable, Sendable {
        /// Nothing lies on its readers.
        case waiting = "waiting for cards"
        /// A card is in hand.
        case serving = "serving a card"
        /// A technician's tool has a reader.
        case lending = "leaving a reader to a technician"
        /// Records are on their way.
        case sending = "sending records"
        /// It cannot serve; the conditions say why.
        case outOfService = "out of service"
        /// Nobody has signed in at the till.
        case closed = "waiting for somebody to sign in"
    }

    /// A condition that holds.
    public struct Condition: Codable, Sendable, Hashable {
        /// Its code, such as `YK-R01`; ``Notice/named(_:)`` has the words.
        public var code: String
        /// Its name.
        public var id: String
        /// How bad it is.
        public var severity: String
        /// The particulars.
        public var detail: String
        /// For how long it holds, in seconds.
        public var forSeconds: Int64
        /// Whether people are shown it: not what may still mend itself, or what another condition explains.
        public var isVisible: Bool
    }

    /// How the last tap ended.
    public struct LastTap: Codable, Sendable, Hashable {
        /// The outcome's code.
        public var code: String
        /// How long ago, in seconds.
        public var secondsAgo: Int64
        /// From the card's arrival to its ending.
        public var milliseconds: Int64?
    }

    /// Sound.
    public struct Voice: Codable, Sendable, Hashable {
        /// The ALSA device.
        public var device: String
        /// Languages, in order of preference.
        public var languages: [String]
        /// How loud, 0 to 100; `nil`: as the device is.
        public var volume: Int?
    }

    /// The question that this answers.
    public var answer = "status"
    /// The daemon's version.
    public var version: String
    /// The daemon's process.
    public var process: Int32
    /// For how long it has run, in seconds.
    public var forSeconds: Int64
    /// The configuration that it was started with.
    public var configuration: String
    /// The terminal's name.
    public var name: String
    /// What it is for: `activation` or `canteen`.
    public var role: String
    /// What it is doing now.
    public var doing: Doing
    /// Its readers.
    public var readers: [Reader]
    /// Taps since it was started.
    public var taps: UInt64
    /// The last one that ended.
    public var lastTap: LastTap?
    /// Who is signed in at the till; `nil`: nobody, or it is none.
    public var operatorNumber: UInt16?
    /// Sound.
    public var voice: Voice
    /// The port of the screen's page; `nil`: none.
    public var screenPort: UInt16?
    /// When the ledger stops taking our credential, in milliseconds since 1970-01-01 UTC; `nil`: not known, or never.
    public var credentialExpiresMilliseconds: Int64?
    /// Conditions that hold, the worst first.
    public var conditions: [Condition]
    /// How records get to the ledger.
    public var sync: SyncReport
}

extension StatusReport {
    /// The state of the daemon whose control socket is at `path`.
    public static func ask(_ path: String) throws(ControlQuestionError) -> StatusReport {
        let line = try ControlQuestion(path: path).ask("status")
        guard let report = try? JSONDecoder().decode(StatusReport.self, from: Data(line)) else { throw .notUnderstood }
        return report
    }
}

extension TerminalService {
    func statusReport() -> StatusReport {
        let now = time.now()
        let readers = stations.all.map { station in
            StatusReport.Reader(
                name: station.name, profile: station.profile.id, why: station.why, state: station.state)
        }
        let last = events.metrics.lastEnding
        return StatusReport(
            version: TerminalVersion.current, process: getpid(), forSeconds: now.milliseconds(since: started) / 1000,
            configuration: configuration.file, name: configuration.name, role: configuration.role.rawValue,
            doing: doing(readers), readers: readers, taps: taps.withLock { $0 },
            lastTap: last.map {
                StatusReport.LastTap(
                    code: $0.code ?? "", secondsAgo: (now.milliseconds - $0.at) / 1000, milliseconds: $0.milliseconds)
            },
            operatorNumber: till?.counter.state.operatorNumber,
            voice: StatusReport.Voice(
                device: configuration.voice.device, languages: configuration.voice.languages,
                volume: configuration.voice.volume),
            screenPort: configuration.screenPort, credentialExpiresMilliseconds: contact.credentialExpiresMilliseconds,
            conditions: conditions(at: now), sync: syncReport(answering: "status"))
    }

    private func conditions(at now: Instant) -> [StatusReport.Condition] {
        let visible = Set(health.visible.map(\.notice.code))
        return health.current.sorted {
            ($0.notice.severity.rank, $0.notice.code) < ($1.notice.severity.rank, $1.notice.code)
        }
        .map { raised in
            StatusReport.Condition(
                code: raised.notice.code, id: raised.notice.id, severity: raised.notice.severity.rawValue,
                detail: raised.detail, forSeconds: now.milliseconds(since: raised.since) / 1000,
                isVisible: visible.contains(raised.notice.code))
        }
    }

    private func doing(_ readers: [StatusReport.Reader]) -> StatusReport.Doing {
        if readers.contains(where: { $0.state == .serving }) { return .serving }
        if readers.contains(where: { $0.state == .lent }) { return .lending }
        if uploader?.status.isSending == true { return .sending }
        if health.isOutOfService { return .outOfService }
        if let till, till.counter.state.operatorNumber == nil, configuration.canteen.needsShift ?? true {
            return .closed
        }
        return .waiting
    }
}
