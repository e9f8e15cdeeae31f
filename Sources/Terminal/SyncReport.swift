import Health
import Journal
import Platform
import Sync

/// How this terminal's records get to the ledger: the answer to `sync-status` on the control socket, and to `sync-now`.
public struct SyncReport: Codable, Sendable, Hashable {
    /// Something that keeps records from the ledger.
    public struct Trouble: Codable, Sendable, Hashable {
        /// Its code, such as `YK-N01`.
        public var code: String
        /// What it is, in words, with particulars.
        public var detail: String
        /// The one thing to do next.
        public var nextStep: String
        /// What kind it is and where it came from, such as `unreachable` and `curl-7`; `nil` for a stop.
        public var kind: String?
        /// The error's own code.
        public var cause: String?
        /// When it was met, in milliseconds since 1970-01-01 UTC by this terminal's clock; `nil` for a stop.
        public var wallMilliseconds: Int64?
    }

    /// The question that this answers.
    public var answer: String
    /// The terminal's number.
    public var terminal: UInt16
    /// The journal's epoch; `nil`: the journal is not open.
    public var epoch: UInt32?
    /// Where the ledger is.
    public var url: String
    /// Whether the ledger answers; `nil`: it was not asked since the daemon started.
    public var connected: Bool?
    /// For how long that is so, in seconds.
    public var forSeconds: Int64
    /// Whether the last attempt to send records was answered by the ledger; `nil`: there was none since the daemon started.
    public var uploading: Bool?
    /// When records were last acknowledged, in milliseconds since 1970-01-01 UTC; `nil`: not since the daemon started.
    public var lastSuccessWallMilliseconds: Int64?
    /// The last attempt that failed; it may long be over.
    public var lastFailure: Trouble?
    /// Why uploading has stopped until somebody looks into it.
    public var stop: Trouble?
    /// Records that the ledger does not have.
    public var queued: UInt64
    /// The age of the oldest of them by this terminal's clock, in seconds.
    public var oldestSeconds: Int64?
    /// The last record that the ledger has.
    public var acknowledged: UInt64
    /// The last record.
    public var lastSequence: UInt64
    /// Records that the next batch may hold.
    public var batch: Int
    /// Whether a batch is under way.
    public var sending: Bool
    /// Until the next attempt, in milliseconds; `nil`: it is made as soon as there is something to send.
    public var nextTryMilliseconds: Int64?
    /// Attempts that have ended since the daemon started.
    public var attempts: UInt64
    /// The roster held; 0: none.
    public var rosterVersion: UInt64
    /// The hotlist held; 0: none.
    public var hotlistVersion: UInt64
    /// The campus's settings held; 0: none.
    public var settingsVersion: UInt64
}

extension TerminalService {
    func syncReport(answering question: String) -> SyncReport {
        let (status, contact) = (uploader?.status, contact.current)
        let now = time.now()
        let (acknowledged, last) = (journal?.cursor.acknowledged ?? 0, journal?.lastSequence ?? 0)
        // It was looked up by another thread: what was acknowledged meanwhile is no longer the oldest.
        let oldest = status?.oldestUnsent.flatMap { $0.sequence > acknowledged ? $0 : nil }
        return SyncReport(
            answer: question, terminal: configuration.number, epoch: journal?.epoch, url: configuration.ledger.url,
            connected: contact?.isThere, forSeconds: contact.map { now.milliseconds(since: $0.since) / 1000 } ?? 0,
            uploading: status?.isConnected,
            lastSuccessWallMilliseconds: status?.lastSuccessWallMilliseconds,
            lastFailure: status?.lastFailure.map { SyncReport.Trouble($0) },
            stop: status?.stop.map { SyncReport.Trouble($0) }, queued: last - min(last, acknowledged),
            oldestSeconds: oldest.map { max(0, time.wallMilliseconds() - $0.wallMilliseconds) / 1000 },
            acknowledged: acknowledged, lastSequence: last, batch: status?.batch ?? 0,
            sending: status?.isSending ?? false,
            nextTryMilliseconds: status?.due.map { max(0, $0.milliseconds(since: now)) },
            attempts: status?.attempts ?? 0, rosterVersion: feeds.roster.version,
            hotlistVersion: feeds.hotlist.version, settingsVersion: feeds.settings.version)
    }
}

extension SyncReport.Trouble {
    init(_ failure: UploaderStatus.Failure) {
        let notice = failure.error.notice
        self.init(
            code: notice.code, detail: failure.error.description, nextStep: notice.nextStep.english,
            kind: failure.error.kind.rawValue, cause: failure.error.code, wallMilliseconds: failure.wallMilliseconds)
    }

    init(_ stop: SyncStop) {
        self.init(code: stop.notice.code, detail: stop.description, nextStep: stop.notice.nextStep.english)
    }
}
