import LedgerProtocol
import Platform

extension LedgerCheck {
    /// Every payment of a small purse is what the terminal's record, or the clerk's request, that caused it says, and no
    /// purse was paid twice or forgotten.
    mutating func checkPurses() throws {
        let desk = try checkPurseTransfers()
        try expectNone(
            """
            SELECT o.terminal, o.epoch, o.sequence FROM outcomes o
            LEFT JOIN transfers t ON o.terminal = t.terminal AND o.epoch = t.epoch AND o.sequence = t.sequence
            WHERE (o.paid_fen <> 0) <> (t.id IS NOT NULL)
            """
        ) { "outcome \(try $0.integer(0))/\(try $0.integer(1))/\(try $0.integer(2)) and its payment disagree" }
        let purses = try transaction.rows(
            """
            SELECT o.uid, o.account, CAST(sum(CASE WHEN o.paid_fen <> 0 THEN 1 ELSE 0 END) AS BIGINT),
                max(CASE WHEN o.purse_fen BETWEEN 1 AND \(ActivationPosting.purseLimit) THEN 1 ELSE 0 END)
            FROM outcomes o WHERE o.effect IN ('activated', 'confirmed') GROUP BY o.uid, o.account
            """)
        for purse in purses {
            let id = ActivationPosting.purseTransfer(uid: try purse.blob(0), account: try purse.number(1))
            let paid = try purse.integer(2) + (desk.contains(id) ? 1 : 0)
            // The clerk may read a purse that no terminal could.
            let isRight = desk.contains(id) ? paid == 1 : paid == (try purse.integer(3))
            if !isRight {
                findings.violations.append(
                    "the small purse of account \(try purse.integer(1)) was not paid exactly once")
            }
        }
    }

    /// Each transfer by itself; answers those that a clerk has registered.
    private mutating func checkPurseTransfers() throws -> Set<String> {
        var desk: Set<String> = []
        var violations: [String] = []
        try transaction.forEach(
            """
            SELECT t.id, t.terminal, -p.fen, o.uid, o.account, o.paid_fen, o.purse_fen, r.account,
                (SELECT count(*) FROM postings x WHERE x.transfer = t.id
                    AND x.account NOT IN (\(SystemAccount.smallPurses), \(SystemAccount.receivables))
                    AND x.account <> coalesce(o.account, r.account, 0))
            FROM transfers t
            LEFT JOIN postings p ON p.transfer = t.id AND p.account = \(SystemAccount.smallPurses)
            LEFT JOIN outcomes o ON o.terminal = t.terminal AND o.epoch = t.epoch AND o.sequence = t.sequence
            LEFT JOIN requests r ON r.transfer = t.id
            WHERE t.kind = 'small-purse'
            """, []
        ) { row in
            let id = try row.text(0)
            if row.isNull(1) { desk.insert(id) }
            if try !Self.isRightPurse(row) { violations.append("transfer \(id) is not what its cause says") }
        }
        findings.violations += violations
        return desk
    }

    private static func isRightPurse(_ row: SQLRow) throws -> Bool {
        guard !row.isNull(2), try row.integer(8) == 0 else { return false }
        let (id, fen) = (try row.text(0), try row.integer(2))
        guard (1...ActivationPosting.purseLimit).contains(fen) else { return false }
        if row.isNull(1) {
            guard let account = try row.optional(7) else { return false }
            return id.hasPrefix("purse:") && id.hasSuffix(":\(account):1")
        }
        guard !row.isNull(3), !row.isNull(4), row.isNull(7) else { return false }
        let named = ActivationPosting.purseTransfer(uid: try row.blob(3), account: try row.number(4))
        return try row.integer(5) == fen && row.optional(6) == fen && id == named
    }
}
