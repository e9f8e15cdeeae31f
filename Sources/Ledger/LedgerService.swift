public import LedgerProtocol
public import Logging
public import Platform

/// What terminals can ask of the ledger.
///
/// Calls block until the answer is on stable storage; any number of threads may call, and any number of instances may
/// share the books.
public final class LedgerService: Sendable {
    let store: any LedgerStore
    let keys: LedgerKeys
    let time: any TimeSource
    private let logger: Logger
    private let feeds: FeedDesk
    private let heartbeats: HeartbeatDesk
    private let chainKeys = ChainKeyCache()
    /// Lets in who asks for people, not for a terminal.
    let reception: Reception

    /// A service on the books in `store`.
    public init(store: any LedgerStore, keys: LedgerKeys, time: any TimeSource, logger: Logger) {
        self.store = store
        self.keys = keys
        self.time = time
        self.logger = logger
        feeds = FeedDesk(store: store, keys: keys, time: time)
        heartbeats = HeartbeatDesk(store: store, feeds: feeds, time: time)
        reception = Reception(store: store, keys: keys, time: time)
    }

    /// Makes up for what a migration cannot do: call once before serving.
    public func prepare() throws {
        let now = time.wallMilliseconds()
        let listed = try store.write { try $0.listForgottenLosses(key: keys.rosterKey, now: now) }
        if listed > 0 {
            logger.notice("accounts reported lost put on the hotlist", metadata: ["accounts": "\(listed)"])
        }
    }

    /// Whether the ledger serves, and what it is.
    public func status() throws -> LedgerStatus {
        LedgerStatus(
            version: LedgerVersion.current, timeMilliseconds: time.wallMilliseconds(),
            rosterVersion: try store.read { try $0.feedState().versions.roster })
    }

    /// Takes journal records, each 128 bytes, from sequence `first` of `epoch` on.
    ///
    /// - Throws: ``LedgerRefused`` with what the terminal is to be told; anything else is a failure of the ledger, and
    ///   nothing was stored.
    public func ingest(
        terminal: UInt16, token: String, epoch: UInt32, first: UInt64, body: [UInt8]
    ) throws -> Acknowledgement {
        let now = time.wallMilliseconds()
        _ = try store.read { try $0.admit(terminal, token: token, .evenExpired, now: now) }
        let upload = try Upload(terminal: terminal, epoch: epoch, first: first, body: body)
        let verdict = try store.write { try Ingest(transaction: $0, now: now, keys: chainKeys).take(upload) }
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
        guard let uid = [UInt8](hex: request.uid), (4...10).contains(uid.count) else {
            throw LedgerRefused.malformed("uid: expected 4 to 10 bytes in hexadecimal")
        }
        guard let holder = [UInt8](hex: request.holder).flatMap(HolderHash.init(bytes:)) else {
            throw LedgerRefused.malformed("holder: expected \(HolderHash.size) bytes in hexadecimal")
        }
        let now = time.wallMilliseconds()
        return try store.read { transaction in
            _ = try transaction.admit(request.terminal, token: token, now: now)
            return try PermitDesk.decide(holder: holder, uid: uid, now: now, in: transaction)
        }
    }

    /// Says what the ledger thinks of a sale; it is advice, and nothing is held.
    ///
    /// A PIN that comes along is a guess like any other: it counts, and is looked at outside any transaction.
    ///
    /// - Throws: ``LedgerRefused``.
    public func authorize(_ request: SaleRequest, token: String) throws -> SaleAnswer {
        let now = time.wallMilliseconds()
        let advice = try store.read { transaction in
            _ = try transaction.admit(request.terminal, token: token, now: now)
            return try SaleDesk.decide(request, in: transaction)
        }
        guard let text = request.pin else { return advice }
        let pin = try Pin(text)
        guard let account = Int64(exactly: request.account) else { return advice }
        let guesses = PinGuesses(
            store: store, key: keys.pinKey, time: time, actor: "terminal \(request.terminal)")
        return try SaleDesk.answer(advice, pin, of: account, guesses)
    }

    /// What leads a terminal on from version `since` of a feed; `nil` when that is the newest.
    ///
    /// - Throws: ``LedgerRefused``.
    public func feed(_ kind: FeedKind, since: UInt64, terminal: UInt16, token: String) throws -> [UInt8]? {
        let now = time.wallMilliseconds()
        _ = try store.read { try $0.admit(terminal, token: token, now: now) }
        return try feeds.answer(kind, since: since)
    }

    /// What the ledger has to say to a terminal's sign of life.
    ///
    /// - Throws: ``LedgerRefused``.
    public func heartbeat(_ heartbeat: Heartbeat, terminal: UInt16, token: String) throws -> HeartbeatAnswer {
        try heartbeats.hear(heartbeat, terminal: terminal, token: token)
    }

    /// Compares a terminal's figures of a day with the ledger's own.
    ///
    /// - Throws: ``LedgerRefused``.
    public func close(_ closing: Closing, terminal: UInt16, token: String) throws -> ClosingAnswer {
        let now = time.wallMilliseconds()
        _ = try store.read { try $0.admit(terminal, token: token, now: now) }
        return try ClosingDesk(store: store).close(closing, terminal: terminal, now: now)
    }

    /// Makes a terminal known that shows the token it was given for that.
    ///
    /// - Throws: ``LedgerRefused``.
    public func enrol(_ request: EnrolRequest) throws -> EnrolAnswer {
        let now = time.wallMilliseconds()
        return try store.write { try EnrolmentDesk(keys: keys).enrol(request, in: $0, now: now) }
    }

    /// Replaces a terminal's credential when it comes to its end.
    ///
    /// - Throws: ``LedgerRefused``.
    public func renew(_ request: RenewalRequest, terminal: UInt16, token: String) throws -> RenewalAnswer {
        let now = time.wallMilliseconds()
        return try store.write { try RenewalDesk().renew(request, terminal: terminal, token: token, in: $0, now: now) }
    }
}
