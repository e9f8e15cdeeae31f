import Journal
import LedgerProtocol
import Platform

/// Proves that the books hold together, from the raw records up, in one consistent view and without changing anything.
public struct LedgerCheck {
    /// What a check counted and found wrong.
    public struct Findings: Sendable, Codable, Hashable {
        /// Raw records read again, their checksum and chain verified.
        public fileprivate(set) var records = 0
        /// Records among them whose link was lost with damaged ones before them, as the terminal reported.
        public fileprivate(set) var unverified = 0
        /// Transfers whose lines were added up.
        public fileprivate(set) var transfers = 0
        /// Accounts whose balance was compared with their postings.
        public fileprivate(set) var accounts = 0
        /// Cards that are active, each traced to its record.
        public fileprivate(set) var cards = 0
        /// Outcomes of activations, each posted or in suspense exactly once.
        public fileprivate(set) var outcomes = 0
        /// Records in suspense: authentic, and waiting for a person.
        public fileprivate(set) var suspense = 0
        /// Intents whose outcome has not arrived.
        public fileprivate(set) var pending = 0
        /// The sum over all accounts in fen: zero, or money was made or lost.
        public fileprivate(set) var sumFen: Int64 = 0
        /// Every contradiction, in a sentence; empty when all invariants hold.
        public fileprivate(set) var violations: [String] = []

        /// Whether every invariant holds.
        public var holds: Bool { violations.isEmpty }
    }

    private let transaction: any LedgerTransaction
    private var findings = Findings()

    /// Checks the books in `store`.
    public static func run(on store: any LedgerStore) throws -> Findings {
        try store.read { transaction in
            var check = LedgerCheck(transaction: transaction)
            try check.checkMoney()
            try check.checkBalances()
            try check.checkJournals()
            try check.checkActivations()
            try check.checkPurses()
            return check.findings
        }
    }

    private init(transaction: any LedgerTransaction) { self.transaction = transaction }

    /// Reports each row of a query that must have none.
    private mutating func expectNone(_ sql: String, _ sentence: (SQLRow) throws -> String) throws {
        for row in try transaction.rows(sql) { findings.violations.append(try sentence(row)) }
    }

    private mutating func checkMoney() throws {
        findings.transfers = Int(try transaction.integer("SELECT count(*) FROM transfers"))
        findings.sumFen = try transaction.integer("SELECT coalesce(sum(fen), 0) FROM postings")
        if findings.sumFen != 0 { findings.violations.append("the sum over all accounts is \(findings.sumFen) fen") }
        try expectNone(
            """
            SELECT t.id FROM transfers t LEFT JOIN postings p ON p.transfer = t.id
            GROUP BY t.id, t.lines HAVING count(p.account) <> t.lines OR coalesce(sum(p.fen), 0) <> 0
            """
        ) { "transfer \(try $0.text(0)) is not complete and balanced" }
    }

    private mutating func checkBalances() throws {
        findings.accounts = Int(try transaction.integer("SELECT count(*) FROM accounts"))
        try expectNone(
            """
            SELECT a.number FROM accounts a LEFT JOIN postings p ON p.account = a.number WHERE a.kind = 'holder'
            GROUP BY a.number, a.balance_fen HAVING a.balance_fen <> coalesce(sum(p.fen), 0)
            """
        ) { "the balance of account \(try $0.integer(0)) is not the sum of its postings" }
        try expectNone(
            """
            SELECT a.number FROM accounts a JOIN cards c ON c.account = a.number
            WHERE (c.status = 'reported-lost') <> (a.lost_ms IS NOT NULL)
            """
        ) { "account \(try $0.integer(0)) and its card disagree on whether it is lost" }
    }

    /// Each epoch again from its first record: nothing missing, every byte as the terminal wrote it.
    private mutating func checkJournals() throws {
        let cursors = try transaction.rows(
            """
            SELECT c.terminal, c.epoch, c.acknowledged, c.chain_head, t.journal_key
            FROM cursors c JOIN terminals t ON t.number = c.terminal ORDER BY c.terminal, c.epoch
            """)
        for cursor in cursors { try checkJournal(cursor) }
        try expectNone(
            """
            SELECT DISTINCT r.terminal, r.epoch FROM records r
            LEFT JOIN cursors c ON c.terminal = r.terminal AND c.epoch = r.epoch WHERE c.terminal IS NULL
            """
        ) { "records of \(try $0.integer(0))/\(try $0.integer(1)) have no cursor" }
    }

    private mutating func checkJournal(_ cursor: SQLRow) throws {
        let (terminal, epoch) = (try cursor.integer(0), try cursor.integer(1))
        var verifier = ChainVerifier(
            key: ChainKey(bytes: try cursor.blob(4)), epoch: UInt32(truncatingIfNeeded: epoch), at: nil)
        var head = ChainMAC.start
        var count: UInt64 = 0
        var unverified = 0
        var damage: String?
        try transaction.forEach(
            "SELECT sequence, raw, verified FROM records WHERE terminal = ? AND epoch = ? ORDER BY sequence",
            [.integer(terminal), .integer(epoch)]
        ) { row in
            count += 1
            let raw = try row.blob(1)
            let stored = try row.number(0, as: UInt64.self)
            let isVerified = try row.integer(2) == 1
            let slot = try? Slot(decoding: raw)
            let isWhole = stored == count && slot?.sequence == count && slot.map { Int64($0.epoch) } == epoch
            if !isVerified { unverified += 1 }
            if isWhole, let slot, verifier.take(slot, raw: raw) == (isVerified ? .verified : .unverifiable) {
                head = Slot.mac(of: raw)
            } else if damage == nil {
                damage = "record \(count) of \(terminal)/\(epoch) is missing, damaged or not of the chain"
            }
        }
        findings.unverified += unverified
        findings.records += Int(count)
        if let damage { return findings.violations.append(damage) }
        if try count != cursor.number(2) || head.bytes != cursor.blob(3) {
            findings.violations.append("the cursor of \(terminal)/\(epoch) is not at its last record")
        }
    }
}

extension LedgerCheck {
    /// From the raw outcomes: each has one effect, and each card that is active has exactly one record that made it so.
    private mutating func checkActivations() throws {
        findings.cards = Int(try transaction.integer("SELECT count(*) FROM cards"))
        findings.suspense = Int(try transaction.integer("SELECT count(*) FROM suspense"))
        findings.pending = Int(try transaction.integer("SELECT count(*) FROM intents WHERE state = 'pending'"))
        var outcomes = 0
        var violations: [String] = []
        try transaction.forEach(
            """
            SELECT r.terminal, r.epoch, r.sequence, r.raw, o.effect, o.uid, o.account, s.reason
            FROM records r
            LEFT JOIN outcomes o ON o.terminal = r.terminal AND o.epoch = r.epoch AND o.sequence = r.sequence
            LEFT JOIN suspense s ON s.terminal = r.terminal AND s.epoch = r.epoch AND s.sequence = r.sequence
            """, []
        ) { row in
            guard let slot = try? Slot(decoding: try row.blob(3)), slot.type.rawValue == ActivationRecordType.outcome
            else { return }
            outcomes += 1
            if try !Self.isAccountedFor(slot, row) {
                violations.append(
                    "outcome \(try row.integer(0))/\(try row.integer(1))/\(try row.integer(2)) is not posted once")
            }
        }
        findings.outcomes = outcomes
        findings.violations += violations
        try expectNone(
            """
            SELECT c.account, count(o.sequence) FROM cards c LEFT JOIN outcomes o
                ON o.effect = 'activated' AND o.uid = c.uid AND o.account = c.account AND o.serial = c.serial
            GROUP BY c.uid, c.account HAVING count(o.sequence) <> 1
            """
        ) { "the card of account \(try $0.integer(0)) was activated by \(try $0.integer(1)) records instead of one" }
        try expectNone(
            """
            SELECT o.terminal, o.epoch, o.sequence FROM outcomes o LEFT JOIN cards c
                ON o.uid = c.uid AND o.account = c.account
            WHERE o.effect IN ('activated', 'confirmed') AND c.uid IS NULL
            """
        ) { "outcome \(try $0.integer(0))/\(try $0.integer(1))/\(try $0.integer(2)) activated no card" }
    }

    private static func isAccountedFor(_ slot: Slot, _ row: SQLRow) throws -> Bool {
        let reason = row.isNull(7) ? nil : try row.text(7)
        guard let outcome = ActivationOutcome(decoding: slot.payload) else {
            return row.isNull(4) && reason == SuspenseReason.undecodable.rawValue
        }
        guard !row.isNull(4), try row.blob(5) == outcome.intent.uid else { return false }
        switch try row.text(4) {
        case "suspense": return reason != nil
        case "chip-defective": return outcome.result == .chipDefective && reason == nil
        default:
            return outcome.result == .activated && (reason == nil || reason == SuspenseReason.implausiblePurse.rawValue)
        }
    }

    /// Every payment of a small purse is what the record that caused it says, and each outcome was paid as noted.
    private mutating func checkPurses() throws {
        try expectNone(
            """
            SELECT t.id FROM transfers t JOIN postings p ON p.transfer = t.id AND p.fen > 0
            LEFT JOIN outcomes o ON o.terminal = t.terminal AND o.epoch = t.epoch AND o.sequence = t.sequence
                AND o.account = p.account AND o.paid_fen = p.fen AND o.purse_fen = p.fen
            WHERE t.kind = 'small-purse' AND o.terminal IS NULL
            """
        ) { "transfer \(try $0.text(0)) is not what its outcome says" }
        try expectNone(
            """
            SELECT o.terminal, o.epoch, o.sequence FROM outcomes o
            LEFT JOIN transfers t ON o.terminal = t.terminal AND o.epoch = t.epoch AND o.sequence = t.sequence
            WHERE (o.paid_fen <> 0) <> (t.id IS NOT NULL)
            """
        ) { "outcome \(try $0.integer(0))/\(try $0.integer(1))/\(try $0.integer(2)) and its payment disagree" }
        try expectNone(
            """
            SELECT o.uid, o.account FROM outcomes o WHERE o.effect IN ('activated', 'confirmed')
            GROUP BY o.uid, o.account, o.serial
            HAVING sum(CASE WHEN o.paid_fen <> 0 THEN 1 ELSE 0 END) <>
                max(CASE WHEN o.purse_fen BETWEEN 1 AND \(ActivationPosting.purseLimit) THEN 1 ELSE 0 END)
            """
        ) { "the small purse of account \(try $0.integer(1)) was not paid exactly once" }
    }
}
