import LedgerProtocol

/// How one terminal stands, as far as the books know.
public struct TerminalOverview: Codable, Hashable, Sendable {
    /// How a terminal may prove who it is.
    public enum Standing: String, Codable, Sendable {
        /// It has a credential.
        case enrolled
        /// It has none yet, and an enrolment token for one.
        case invited
        /// Its credential has run out; it may only bring its records.
        case expired
        /// It has neither.
        case none
    }

    /// Its number.
    public let terminal: UInt16
    /// Where it stands.
    public let name: String
    /// How it may prove who it is.
    public let standing: Standing
    /// When its credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not, or when there is none.
    public let credentialExpiresMilliseconds: Int64?
    /// Why it is frozen; `nil` when it is not.
    public let frozen: String?
    /// The newest epoch that it may write in.
    public let epoch: UInt32?
    /// The last record of that epoch that is stored.
    public let acknowledged: UInt64
    /// When it was heard of last, in milliseconds since 1970-01-01 UTC, to a minute.
    public let lastContactMilliseconds: Int64?
    /// Records that it had then, and the ledger has not now.
    public let queued: UInt64?
    /// The codes of what ailed it then.
    public let conditions: [String]
    /// The version of its program then.
    public let version: String?

    /// How all terminals stand at `now`, ascending by number.
    public static func list(from store: any LedgerStore, now: Int64) throws -> [TerminalOverview] {
        try store.read { transaction in
            try transaction.rows("SELECT number FROM terminals ORDER BY number").compactMap {
                try TerminalOverview($0.number(0), in: transaction, now: now)
            }
        }
    }

    private init?(_ number: UInt16, in transaction: any LedgerTransaction, now: Int64) throws {
        guard let known = try transaction.terminal(number) else { return nil }
        let heard = try transaction.heartbeat(of: number)
        terminal = number
        name = known.name
        frozen = known.frozenReason
        (standing, credentialExpiresMilliseconds) = try Self.standing(of: number, in: transaction, now: now)
        let epoch = try transaction.newestEpoch(of: number)
        let acknowledged = try epoch.flatMap { try transaction.acknowledged(terminal: number, epoch: $0) } ?? 0
        (self.epoch, self.acknowledged) = (epoch, acknowledged)
        lastContactMilliseconds = heard?.received
        queued = heard.map { heard in
            let stored = heard.heartbeat.epoch == epoch ? acknowledged : heard.heartbeat.acknowledged
            return heard.heartbeat.lastSequence - min(stored, heard.heartbeat.lastSequence)
        }
        conditions = heard?.heartbeat.conditions ?? []
        version = heard?.heartbeat.version
    }

    private static func standing(
        of number: UInt16, in transaction: any LedgerTransaction, now: Int64
    ) throws -> (Standing, Int64?) {
        let credentials = try transaction.rows(
            "SELECT expires_ms FROM credentials WHERE terminal = ? ORDER BY issued_ms", [.number(number)])
        let ends = try credentials.map { $0.isNull(0) ? nil : try $0.integer(0) }
        if let current = ends.last(where: { $0.map { $0 > now } ?? true }) { return (.enrolled, current) }
        let open = try transaction.first(
            "SELECT 1 FROM enrolments WHERE terminal = ? AND credential_hash IS NULL AND expires_ms > ?",
            [.number(number), .integer(now)])
        if open != nil { return (.invited, nil) }
        return ends.isEmpty ? (.none, nil) : (.expired, ends.compactMap { $0 }.max())
    }
}

extension LedgerReport {
    /// A table of terminals for people.
    public init(_ terminals: [TerminalOverview], now: Int64) {
        columns = [
            "terminal", "name", "standing", "epoch", "acknowledged", "queued", "last contact", "conditions", "frozen",
        ]
        rows = terminals.map { terminal in
            [
                .number(terminal.terminal), .text(terminal.name), .text(terminal.standing.rawValue),
                .number(terminal.epoch.map { Int64($0) }), .number(Int64(clamping: terminal.acknowledged)),
                .number(terminal.queued.map { Int64(clamping: $0) }),
                .text(terminal.lastContactMilliseconds.map { Self.ago(now - $0) }),
                .text(terminal.conditions.isEmpty ? nil : terminal.conditions.joined(separator: " ")),
                .text(terminal.frozen),
            ]
        }
    }

    private static func ago(_ milliseconds: Int64) -> String {
        let minutes = max(0, milliseconds) / 60_000
        if minutes < 2 { return "now" }
        return minutes < 120
            ? "\(minutes) min ago" : minutes < 2880 ? "\(minutes / 60) h ago" : "\(minutes / 1440) d ago"
    }
}
