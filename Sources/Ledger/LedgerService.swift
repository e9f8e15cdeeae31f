import Crypto
public import LedgerProtocol
public import Logging
public import Platform

/// What terminals can ask of the ledger.
///
/// Calls block until the answer is on stable storage; any number of threads may call, and any number of instances may
/// share the books.
public final class LedgerService: Sendable {
    private let store: any LedgerStore
    private let time: any TimeSource
    private let logger: Logger
    private let rosters: RosterDesk
    private let keys = ChainKeyCache()

    /// A service on the books in `store`.
    public init(store: any LedgerStore, keys: LedgerKeys, time: any TimeSource, logger: Logger) {
        self.store = store
        self.time = time
        self.logger = logger
        rosters = RosterDesk(keys: keys)
    }

    /// Takes journal records, each 128 bytes, from sequence `first` of `epoch` on.
    ///
    /// - Throws: ``LedgerRefused`` with what the terminal is to be told; anything else is a failure of the ledger, and
    ///   nothing was stored.
    public func ingest(
        terminal: UInt16, token: String, epoch: UInt32, first: UInt64, body: [UInt8]
    ) throws -> Acknowledgement {
        // Records carry their own proof: whoever may do nothing else any more may still bring them.
        try authenticate(terminal: terminal, token: token, orExpired: true)
        let upload = try Upload(terminal: terminal, epoch: epoch, first: first, body: body)
        let now = time.wallMilliseconds()
        let verdict = try store.write { try Ingest(transaction: $0, now: now, keys: keys).take(upload) }
        switch verdict {
        case .taken(let acknowledgement):
            return acknowledgement
        case .refused(let refused):
            if refused.refusal.code == "L-FORK" {
                logger.critical(
                    "terminal frozen: its journal contradicts the books",
                    metadata: ["terminal": "\(terminal)", "reason": "\(refused.refusal.message)"])
            }
            throw refused
        }
    }

    /// Decides whether a card may be activated.
    ///
    /// - Throws: ``LedgerRefused``.
    public func permit(_ request: PermitRequest, token: String) throws -> PermitAnswer {
        try authenticate(terminal: request.terminal, token: token)
        guard let uid = [UInt8](hex: request.uid), (4...10).contains(uid.count) else {
            throw LedgerRefused.malformed("uid: expected 4 to 10 bytes in hexadecimal")
        }
        guard let holder = [UInt8](hex: request.holder).flatMap(HolderHash.init(bytes:)) else {
            throw LedgerRefused.malformed("holder: expected \(HolderHash.size) bytes in hexadecimal")
        }
        return try store.read { try PermitDesk.decide(holder: holder, uid: uid, in: $0) }
    }

    /// The newest roster, for a terminal.
    ///
    /// - Throws: ``LedgerRefused``.
    public func roster(terminal: UInt16, token: String) throws -> IssuedRoster {
        try authenticate(terminal: terminal, token: token)
        return try rosters.roster(from: store, now: time.wallMilliseconds())
    }

    /// What leads a terminal on from version `since` of a feed; `nil` when that is the newest.
    ///
    /// - Throws: ``LedgerRefused``.
    public func feed(_ kind: FeedKind, since: UInt64, terminal: UInt16, token: String) throws -> [UInt8]? {
        switch kind {
        case .roster:
            let roster = try roster(terminal: terminal, token: token)
            return roster.version == since ? nil : roster.bytes
        case .hotlist, .settings:
            try authenticate(terminal: terminal, token: token)
            return nil
        }
    }

    /// What the ledger has to say to a terminal's sign of life.
    ///
    /// - Throws: ``LedgerRefused``.
    public func heartbeat(_ heartbeat: Heartbeat, terminal: UInt16, token: String) throws -> HeartbeatAnswer {
        try authenticate(terminal: terminal, token: token)
        let now = time.wallMilliseconds()
        return HeartbeatAnswer(timeMilliseconds: now, rosterVersion: try rosters.version(from: store, now: now))
    }

    /// Whether the ledger serves, and what it is.
    public func status() throws -> LedgerStatus {
        LedgerStatus(
            version: LedgerVersion.current, timeMilliseconds: time.wallMilliseconds(),
            rosterVersion: try store.read { try $0.feedVersion(.roster) })
    }

    /// Lets a terminal in that is registered, shows what it was given, and is not frozen.
    private func authenticate(terminal number: UInt16, token: String, orExpired: Bool = false) throws {
        let now = time.wallMilliseconds()
        let (known, standing) = try store.read {
            (try $0.terminal(number), try $0.standing(of: number, token: token, now: now))
        }
        guard let terminal = known else { throw LedgerRefused.unknownTerminal(number) }
        guard standing == .current || standing == .expired && orExpired else {
            throw standing == .expired ? LedgerRefused.expired : LedgerRefused.denied
        }
        if let reason = terminal.frozenReason { throw LedgerRefused.frozen(reason) }
    }
}
