import Journal
import LedgerProtocol
import Platform

/// Proves that the books hold together, from the raw records up, in one consistent view and without changing anything.
public struct LedgerCheck {
    /// What a check counted and found wrong.
    public struct Findings: Sendable, Codable, Hashable {
        /// Raw records read again, their checksum and chain verified.
        public internal(set) var records = 0
        /// Records among them whose link was lost with damaged ones before them, as the terminal reported.
        public internal(set) var unverified = 0
        /// Transfers whose lines were added up.
        public internal(set) var transfers = 0
        /// Accounts whose balance was compared with their postings.
        public internal(set) var accounts = 0
        /// Cards that are active, each traced to its record.
        public internal(set) var cards = 0
        /// Outcomes of activations, each posted or in suspense exactly once.
        public internal(set) var outcomes = 0
        /// Sales that terminals reported, each with the money that it moves.
        public internal(set) var sales = 0
        /// Sales in doubt, each open, or settled in one way with its money moved once.
        public internal(set) var doubts = 0
        /// Records in suspense: authentic, and waiting for a person.
        public internal(set) var suspense = 0
        /// Intents whose outcome has not arrived.
        public internal(set) var pending = 0
        /// The sum over all accounts in fen: zero, or money was made or lost.
        public internal(set) var sumFen: Int64 = 0
        /// Every contradiction, in a sentence; empty when all invariants hold.
        public internal(set) var violations: [String] = []

        /// Whether every invariant holds.
        public var holds: Bool { violations.isEmpty }
    }

    let transaction: any LedgerTransaction
    var findings = Findings()

    /// Checks the books in `store`.
    public static func run(on store: any LedgerStore) throws -> Findings {
        try store.read { try findings(in: $0) }
    }

    static func findings(in transaction: any LedgerTransaction) throws -> Findings {
        var check = LedgerCheck(transaction: transaction)
        try check.checkMoney()
        try check.checkBalances()
        try check.checkJournals()
        try check.checkActivations()
        try check.checkPurses()
        try check.checkSales()
        try check.checkDoubts()
        try check.checkCodes()
        try check.checkSuspense()
        try check.checkRequests()
        try check.checkReferences()
        return check.findings
    }

    private init(transaction: any LedgerTransaction) { self.transaction = transaction }

    /// Reports each row of a query that must have none.
    mutating func expectNone(_ sql: String, _ sentence: (SQLRow) throws -> String) throws {
        for row in try transaction.rows(sql) { findings.violations.append(try sentence(row)) }
    }

    private mutating func checkMoney() throws {
        findings.transfers = Int(try transaction.integer("SELECT count(*) FROM transfers"))
        findings.sumFen = try transaction.integer("SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings")
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
        try expectNone("SELECT number FROM accounts WHERE balance_fen < 0 OR debt_fen < 0 OR subsidy_fen < 0") {
            "account \(try $0.integer(0)) is below zero"
        }
        let owed = try transaction.integer("SELECT CAST(coalesce(sum(debt_fen), 0) AS BIGINT) FROM accounts")
        let booked = try transaction.integer(
            "SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings WHERE account = ?",
            [.integer(SystemAccount.receivables)])
        if owed != -booked {
            findings.violations.append("holders owe \(owed) fen, the receivables say \(-booked)")
        }
        let given = try transaction.integer("SELECT CAST(coalesce(sum(subsidy_fen), 0) AS BIGINT) FROM accounts")
        let kept = try transaction.integer(
            "SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings WHERE account = ?",
            [.integer(SystemAccount.subsidies)])
        if given != kept {
            findings.violations.append("holders have \(given) fen of subsidies, their account says \(kept)")
        }
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
        let root = ChainKey(bytes: try cursor.blob(4))
        var verifier = ChainVerifier(
            keys: ChainKeys(root: root, epoch: UInt32(truncatingIfNeeded: epoch)), at: nil)
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
