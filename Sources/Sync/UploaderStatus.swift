public import Platform
import Synchronization

/// How the upload stands, for a technician.
public struct UploaderStatus: Hashable, Sendable {
    /// A failed attempt.
    public struct Failure: Hashable, Sendable {
        /// What went wrong.
        public let error: LedgerClientError
        /// When, in milliseconds since 1970-01-01 UTC by this terminal's clock.
        public let wallMilliseconds: Int64
    }

    /// A record that the ledger does not have.
    public struct Unsent: Hashable, Sendable {
        /// Its sequence.
        public let sequence: UInt64
        /// When it was written, in milliseconds since 1970-01-01 UTC by this terminal's clock.
        public let wallMilliseconds: Int64
    }

    /// Whether the last attempt was answered by the ledger, be it with a refusal; `nil`: there was none yet.
    public internal(set) var isConnected: Bool?
    /// Since when that is so.
    public internal(set) var since: Instant
    /// Attempts that have ended, since the start.
    public internal(set) var attempts: UInt64 = 0
    /// When records were last acknowledged, in milliseconds since 1970-01-01 UTC by this terminal's clock.
    public internal(set) var lastSuccessWallMilliseconds: Int64?
    /// The last attempt that the ledger did not answer.
    public internal(set) var lastFailure: Failure?
    /// Why uploading has stopped until somebody looks into it.
    public internal(set) var stop: SyncStop?
    /// Records that the next batch may hold.
    public internal(set) var batch: Int
    /// Whether a request is under way.
    public internal(set) var isSending = false
    /// When the next attempt is due; `nil`: as soon as there is something to send.
    public internal(set) var due: Instant?
    /// The oldest record that the ledger does not have, as last looked up.
    public internal(set) var oldestUnsent: Unsent?

    mutating func note(isConnected: Bool, at now: Instant) {
        if self.isConnected != isConnected { since = now }
        self.isConnected = isConnected
    }
}

/// Where the uploader writes how it stands: whoever reads it never waits for a request.
final class UploaderBoard: Sendable {
    private let status: Mutex<UploaderStatus>

    init(_ status: UploaderStatus) { self.status = Mutex(status) }

    var current: UploaderStatus { status.withLock { $0 } }

    func change(_ body: (inout UploaderStatus) -> Void) { status.withLock { body(&$0) } }
}
