import Platform

extension LedgerCheck {
    /// What is in suspense is what waits there: the sales that nobody has been charged for, to the fen.
    mutating func checkSuspense() throws {
        let booked = try transaction.integer(
            "SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings WHERE account = \(SystemAccount.suspense)")
        let waiting = try transaction.integer(
            """
            SELECT CAST(coalesce(sum(s.fen), 0) AS BIGINT) FROM sales s JOIN suspense u
                ON u.terminal = s.terminal AND u.epoch = s.epoch AND u.sequence = s.sequence
            WHERE s.effect = 'suspense' AND u.fen > 0 AND u.resolved_ms IS NULL
            """)
        if booked != -waiting {
            findings.violations.append("sales of \(waiting) fen wait in suspense, its account says \(-booked)")
        }
        try expectNone(
            """
            SELECT u.terminal, u.epoch, u.sequence FROM suspense u
            LEFT JOIN transfers t ON t.id = 'suspense:' || u.terminal || '/' || u.epoch || '/' || u.sequence
            WHERE t.id IS NOT NULL AND u.resolved_ms IS NULL
            """
        ) { "record \(try RecordName($0)) waits although it was resolved" }
    }

    /// What people moved was asked for, once, by somebody who has the answer.
    mutating func checkRequests() throws {
        try expectNone(
            """
            SELECT t.id FROM transfers t LEFT JOIN requests r ON r.transfer = t.id
            WHERE t.kind IN ('top-up', 'top-up-reversal', 'old-balance', 'card-fee', 'suspense-charge', 'subsidy')
                AND (r.reference IS NULL OR t.terminal IS NOT NULL)
            """
        ) { "transfer \(try $0.text(0)) was asked for by nobody" }
        try expectNone(
            """
            SELECT r.reference FROM requests r JOIN postings p ON p.transfer = r.transfer
            WHERE p.account >= \(SystemAccount.firstHolder) AND p.account <> r.account
            """
        ) { "request \(try $0.text(0)) has moved somebody else's money" }
        try expectNone(
            """
            SELECT v.id FROM transfers v JOIN postings p ON p.transfer = v.id AND p.account = \(SystemAccount.topUps)
            LEFT JOIN postings o ON o.transfer = v.reverses AND o.account = \(SystemAccount.topUps) AND o.fen = -p.fen
            WHERE v.kind = 'top-up-reversal' AND o.transfer IS NULL
            """
        ) { "transfer \(try $0.text(0)) does not take back what was topped up" }
    }
}
