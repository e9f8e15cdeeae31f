import Crypto
import LedgerProtocol
public import Platform

/// What technicians do about terminals: register them, let them make themselves known, begin their journals anew.
///
/// Everything is noted in the audit, under the name of who did it.
public struct TerminalAdministration {
    let store: any LedgerStore
    let time: any TimeSource
    let actor: String

    /// Administers the terminals in `store` on behalf of `actor`.
    public init(store: any LedgerStore, time: any TimeSource, actor: String) {
        self.store = store
        self.time = time
        self.actor = actor
    }

    /// How long what is given out is good.
    public struct Validity: Hashable, Sendable {
        /// How long the enrolment token may be used, in hours.
        public var hours: Int64
        /// How long the terminal's credential will be good, in days; `nil`: for ever.
        public var days: Int64?

        /// A validity of so many hours and days.
        public init(hours: Int64 = 72, days: Int64? = nil) {
            self.hours = hours
            self.days = days
        }
    }

    /// Registers a terminal, makes the root key of its journal, and gives out the token for its enrolment.
    ///
    /// - Returns: the token, which the books keep only as a hash: it is shown once.
    /// - Throws: ``TerminalRefused``.
    public func add(_ number: UInt16, name: String, _ validity: Validity = Validity()) throws -> EnrolmentToken {
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            guard try transaction.terminal(number) == nil else { throw TerminalRefused.registered(number) }
            let key = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
            try transaction.execute(
                "INSERT INTO terminals (number, name, journal_key) VALUES (?, ?, ?)",
                [.number(number), .text(name), .blob(key)])
            try transaction.register(epoch: 1, of: number, reason: "the first", now: now)
            try note("terminal add", number, name, transaction, now)
            return try invite(number, validity, in: transaction, now: now)
        }
    }

    /// Gives out a new enrolment token; one that is not used yet is good no more, what the terminal shows now still is.
    ///
    /// - Parameter newJournal: its journal is gone: the next epoch is registered, and the end of the old one becomes a case.
    /// - Throws: ``TerminalRefused``.
    public func renew(
        _ number: UInt16, newJournal: Bool = false, _ validity: Validity = Validity()
    ) throws -> EnrolmentToken {
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            guard try transaction.terminal(number) != nil else { throw TerminalRefused.unknown(number) }
            if newJournal {
                let epoch = (try transaction.newestEpoch(of: number) ?? 0) + 1
                try begin(epoch, of: number, reason: "the journal was begun anew", in: transaction, now: now)
            }
            try note("terminal renew", number, newJournal ? "with a new journal" : "", transaction, now)
            return try invite(number, validity, in: transaction, now: now)
        }
    }

    /// Lets a terminal write in an epoch that it has begun by itself; the end of the one before becomes a case.
    ///
    /// - Throws: ``TerminalRefused``.
    public func register(epoch: UInt32, of number: UInt16, reason: String) throws {
        let now = time.wallMilliseconds()
        try store.write { transaction in
            guard try transaction.terminal(number) != nil else { throw TerminalRefused.unknown(number) }
            guard epoch > 0 else { throw TerminalRefused.noEpoch }
            let known = try transaction.first(
                "SELECT 1 FROM epochs WHERE terminal = ? AND epoch = ?", [.number(number), .number(epoch)])
            guard known == nil else { throw TerminalRefused.knownEpoch(epoch) }
            try begin(epoch, of: number, reason: reason, in: transaction, now: now)
            try note("terminal epoch", number, "\(epoch): \(reason)", transaction, now)
        }
    }

    /// Lets a frozen terminal take part again; `false` when it was not frozen, or is not registered.
    ///
    /// What froze it must be gone first, as a rule by giving the terminal a new journal: otherwise its next upload
    /// freezes it again. The upload that was set aside stays where it is.
    public func thaw(_ number: UInt16) throws -> Bool {
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            let changed = try transaction.execute(
                """
                UPDATE terminals SET frozen_reason = NULL, frozen_ms = NULL
                WHERE number = ? AND frozen_reason IS NOT NULL
                """, [.number(number)])
            if changed == 1 { try note("terminal thaw", number, "", transaction, now) }
            return changed == 1
        }
    }

    private func invite(
        _ number: UInt16, _ validity: Validity, in transaction: any LedgerTransaction, now: Int64
    ) throws -> EnrolmentToken {
        let token = EnrolmentToken.make()
        try transaction.execute(
            """
            UPDATE enrolments SET expires_ms = ? WHERE terminal = ? AND credential_hash IS NULL AND expires_ms > ?
            """, [.integer(now), .number(number), .integer(now)])
        try transaction.execute(
            """
            INSERT INTO enrolments (token_hash, terminal, issued_ms, expires_ms, credential_days) VALUES (?, ?, ?, ?, ?)
            """,
            [
                .blob(Array(EnrolmentToken.hash(of: token.text))), .number(number), .integer(now),
                .integer(now + validity.hours * 3_600_000), .number(validity.days),
            ])
        return token
    }

    /// Nobody can say how long the old journal was; its last sign of life says at least how long it was then.
    private func begin(
        _ epoch: UInt32, of number: UInt16, reason: String, in transaction: any LedgerTransaction, now: Int64
    ) throws {
        if let old = try transaction.newestEpoch(of: number) {
            let acknowledged = try transaction.acknowledged(terminal: number, epoch: old)
            let heard = try transaction.heartbeat(of: number)?.heartbeat
            let last = heard.flatMap { $0.epoch == old ? Int64(exactly: $0.lastSequence) : nil } ?? 0
            let first = Int64(clamping: acknowledged ?? 0) + 1
            try transaction.execute(
                """
                INSERT INTO cases (terminal, epoch, first_lost, last_lost, reason, sequence, created_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                [
                    .number(number), .number(old), .integer(first), .integer(max(first, last)),
                    .text("the end of the journal may be missing: \(reason)"), .number(acknowledged.map { Int64($0) }),
                    .integer(now),
                ])
        }
        try transaction.register(epoch: epoch, of: number, reason: reason, now: now)
    }

    private func note(
        _ action: String, _ number: UInt16, _ detail: String, _ transaction: any LedgerTransaction, _ now: Int64
    ) throws { try transaction.audit(actor, action, "terminal \(number)", detail, now: now) }
}

/// Why something cannot be done about a terminal.
public enum TerminalRefused: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is one of this number.
    case registered(UInt16)
    /// There is none of this number.
    case unknown(UInt16)
    /// It may write in this epoch already.
    case knownEpoch(UInt32)
    /// Epochs are counted from 1.
    case noEpoch

    /// What is wrong, for people, with the next step.
    public var description: String {
        switch self {
        case .registered(let number):
            "terminal \(number) is registered already; give it a new token with `terminal renew \(number)`"
        case .unknown(let number): "terminal \(number) is not registered; register it with `terminal add \(number)`"
        case .knownEpoch(let epoch): "epoch \(epoch) is registered already"
        case .noEpoch: "epochs are counted from 1"
        }
    }
}
