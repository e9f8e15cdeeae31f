import LedgerProtocol
import Platform

/// Balances of the old system: those of staff are carried over, those of students are not.
extension AccountDesk {
    /// Takes a CSV file with the columns `holderNumber,balanceFen`.
    ///
    /// A balance waits in the register until the account is opened, or goes to the account that is open already, once.
    /// Repeating a file changes nothing.
    ///
    /// - Throws: ``TableRefused`` with every line that is wrong; ``LedgerRefused``.
    public func importBalances(
        csv bytes: [UInt8], dryRun: Bool, progress: Progress = { _, _ in }
    ) throws -> TableReport {
        try authorize(.importBalances, subject: "")
        let table = try table(bytes)
        let places = try places(of: ["holderNumber", "balanceFen"], in: table)
        var report = TableReport()
        report.records = table.records.count
        report.problems = table.problems
        let balances = readAmounts(table, places, "balanceFen", 0...ImportFile.openingLimit, &report, progress)
        return try importing(.importBalances, dryRun: dryRun) { transaction, now in
            var report = report
            try transaction.carryOver(balances, now: now, &report)
            return report
        }
    }
}

extension LedgerTransaction {
    fileprivate func carryOver(_ balances: [HolderAmount], now: Int64, _ report: inout TableReport) throws {
        let holders = balances.map(\.holder).sorted().map { SQLValue.blob($0.bytes) }
        let people = try registered(holders)
        let accounts = try opened(holders)
        var waiting: [[SQLValue]] = []
        var due: [(OpenAccount, Int64)] = []
        for balance in balances {
            let (person, account) = (people[balance.holder], accounts[balance.holder])
            guard let category = person?.category ?? account?.category else {
                report.add(
                    "holderNumber: nobody of this number is registered: import the person first", at: balance.line)
                continue
            }
            guard category == "staff" else {
                report.add("a student's balance is not carried over: take the line out", at: balance.line)
                continue
            }
            let before = account.map { $0.carriedOver ?? 0 } ?? person?.openingFen ?? 0
            if before == balance.fen {
                report.unchanged += 1
                continue
            }
            if account?.carriedOver != nil {
                report.add("\(before) fen are carried over already: correct it by another transfer", at: balance.line)
                continue
            }
            report.new += before == 0 ? 1 : 0
            report.changed += before == 0 ? 0 : 1
            report.fen += balance.fen
            if let account { due.append((account, balance.fen)) }
            if person != nil { waiting.append([.integer(balance.fen), .blob(balance.holder.bytes)]) }
        }
        guard report.problems.isEmpty else { return }
        try execute("UPDATE people SET opening_fen = ? WHERE holder = ?", each: waiting)
        for (account, fen) in due.sorted(by: { $0.0.number < $1.0.number }) {
            try carryOver(fen, to: account.number, owing: account.debt, now: now)
        }
    }

    private func registered(
        _ holders: [SQLValue]
    ) throws -> [HolderHash: (category: String, openingFen: Int64)] {
        var people: [HolderHash: (category: String, openingFen: Int64)] = [:]
        try forEach(
            "SELECT holder, category, opening_fen FROM people WHERE holder IN (?) ORDER BY holder\(forUpdate)",
            among: holders
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            people[holder] = (try row.text(1), try row.integer(2))
        }
        return people
    }

    private func opened(_ holders: [SQLValue]) throws -> [HolderHash: OpenAccount] {
        var accounts: [HolderHash: OpenAccount] = [:]
        try forEach(
            """
            SELECT holder, number, coalesce(category, ''), debt_fen FROM accounts WHERE holder IN (?)
            ORDER BY number\(forUpdate)
            """, among: holders
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            accounts[holder] = OpenAccount(
                number: try row.integer(1), category: try row.text(2), debt: try row.integer(3), carriedOver: nil)
        }
        let names = Dictionary(uniqueKeysWithValues: accounts.map { (Self.openingTransfer($0.value.number), $0.key) })
        try forEach(
            """
            SELECT transfer, fen FROM postings WHERE transfer IN (?) AND account = \(SystemAccount.openingBalances)
            """, among: names.keys.map { .text($0) }
        ) { row in
            if let holder = names[try row.text(0)] { accounts[holder]?.carriedOver = -(try row.integer(1)) }
        }
        return accounts
    }
}

private struct OpenAccount {
    let number: Int64
    let category: String
    let debt: Int64
    /// What was carried over, if anything was.
    var carriedOver: Int64?
}
