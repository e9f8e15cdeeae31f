import LedgerProtocol
import Platform

/// Subsidies (补贴): what the university gives holders to spend at canteens, beside their own money and before it.
extension AccountDesk {
    /// Takes a CSV file with the columns `holderNumber,subsidyFen`, and grants every holder in it the amount, once.
    ///
    /// Repeating a file under its reference grants nothing twice, and a longer one under the same reference grants what
    /// is new in it: so a file that was cut off anywhere is sent again.
    ///
    /// - Parameters:
    ///   - reference: the grant's own name, such as `2026-09`: 1 to 64 letters, digits, dots, hyphens and underscores.
    ///   - dryRun: only to find out.
    /// - Throws: ``TableRefused`` with every line that is wrong; ``LedgerRefused``.
    public func importSubsidies(
        csv bytes: [UInt8], reference: String, dryRun: Bool, progress: Progress = { _, _ in }
    ) throws -> TableReport {
        try authorize(.importSubsidies, subject: "")
        let reference = try Input.reference(reference)
        let table = try table(bytes)
        let places = try places(of: ["holderNumber", "subsidyFen"], in: table)
        var report = TableReport()
        report.records = table.records.count
        report.problems = table.problems
        let grants = readAmounts(table, places, "subsidyFen", 1...Self.topUpLimit, &report, progress)
        return try importing(.importSubsidies, subject: reference, dryRun: dryRun) { transaction, now in
            var report = report
            try transaction.grant(grants, reference: reference, now: now, &report)
            return report
        }
    }
}

extension LedgerTransaction {
    fileprivate func grant(_ grants: [HolderAmount], reference: String, now: Int64, _ report: inout TableReport) throws
    {
        let accounts = try openAccounts(of: grants.map(\.holder))
        let before = try granted(under: reference, to: accounts.values.sorted())
        var due: [(account: Int64, fen: Int64)] = []
        for grant in grants {
            guard let account = accounts[grant.holder] else {
                report.add(
                    "holderNumber: no account is open for this number: take the line out, and grant it when there is one",
                    at: grant.line)
                continue
            }
            switch before[account] {
            case grant.fen: report.unchanged += 1
            case let other?:
                report.add(
                    "\(other) fen are granted under this reference already: grant more under another", at: grant.line)
            case nil:
                report.new += 1
                report.fen += grant.fen
                due.append((account, grant.fen))
            }
        }
        guard report.problems.isEmpty else { return }
        try post(due.sorted { $0.account < $1.account }, reference: reference, now: now)
    }

    /// The accounts of `holders`, nobody else's to change until this transaction ends.
    private func openAccounts(of holders: [HolderHash]) throws -> [HolderHash: Int64] {
        var accounts: [HolderHash: Int64] = [:]
        try forEach(
            "SELECT holder, number FROM accounts WHERE holder IN (?) AND status = 'open'",
            among: holders.map { .blob($0.bytes) }
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            accounts[holder] = try row.integer(1)
        }
        // In the order in which everybody takes them, over all parts of a long list.
        try forEach(
            "SELECT number FROM accounts WHERE number IN (?) ORDER BY number\(forUpdate)",
            among: accounts.values.sorted().map { .integer($0) }
        ) { _ in }
        return accounts
    }

    /// What was granted under `reference` before, in fen.
    private func granted(under reference: String, to accounts: [Int64]) throws -> [Int64: Int64] {
        var granted: [Int64: Int64] = [:]
        try forEach(
            """
            SELECT r.account, p.fen FROM requests r
            JOIN postings p ON p.transfer = r.transfer AND p.account = \(SystemAccount.subsidies)
            WHERE r.reference IN (?)
            """, among: accounts.map { .text(Self.subsidyTransfer(reference, $0)) }
        ) { granted[try $0.integer(0)] = try $0.integer(1) }
        return granted
    }

    private func post(_ due: [(account: Int64, fen: Int64)], reference: String, now: Int64) throws {
        let transfers = due.map { account, fen in
            Transfer(
                id: Self.subsidyTransfer(reference, account), kind: "subsidy", source: nil,
                reason: "subsidy \(reference)",
                lines: [
                    .init(account: SystemAccount.grants, fen: -fen), .init(account: SystemAccount.subsidies, fen: fen),
                ])
        }
        try insert(into: "transfers", Transfer.columns, rows: transfers.map { $0.row(now: now) })
        try insert(
            into: "postings", ["transfer", "account", "fen"],
            rows: transfers.flatMap { transfer in
                transfer.lines.map { [.text(transfer.id), .integer($0.account), .integer($0.fen)] }
            })
        // A statement finds by it what has no line on the holder's own account.
        try insert(
            into: "requests", ["reference", "digest", "answer", "made_ms", "account", "transfer"],
            rows: zip(due, transfers).map { grant, transfer in
                [
                    .text(transfer.id), .blob([UInt8](repeating: 0, count: 32)), .text(""), .integer(now),
                    .integer(grant.account), .text(transfer.id),
                ]
            })
        try add(due, to: "subsidy_fen")
    }

    private static func subsidyTransfer(_ reference: String, _ account: Int64) -> String {
        "subsidy:\(reference):\(account)"
    }
}
