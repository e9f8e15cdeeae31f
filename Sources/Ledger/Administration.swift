import Crypto
public import LedgerProtocol
public import Platform

/// What people do to the books: open accounts, register terminals, report cards lost and found.
public struct Administration {
    let store: any LedgerStore
    let rosterKey: RosterKey
    let time: any TimeSource

    /// Administers the books in `store`, where holders are known by `rosterKey`.
    public init(store: any LedgerStore, rosterKey: RosterKey, time: any TimeSource) {
        self.store = store
        self.rosterKey = rosterKey
        self.time = time
    }

    /// What an import did.
    public struct ImportSummary: Hashable, Sendable, Codable {
        /// Accounts opened; those that were open already are not counted.
        public var accountsOpened = 0
        /// Fen carried over into the accounts opened.
        public var openingFen: Int64 = 0
        /// Terminals registered or given another name or token.
        public var terminalsRegistered = 0
        /// Cards reported lost.
        public var reportedLost = 0
    }

    /// Takes a whole import file or nothing of it; taking it again changes nothing.
    ///
    /// - Throws: ``ImportError`` with the path to the value that is wrong.
    public func importFile(_ file: ImportFile) throws -> ImportSummary {
        try file.validate()
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            var summary = ImportSummary()
            for (index, terminal) in file.terminals.enumerated() {
                if try register(terminal, at: "terminals[\(index)]", now: now, in: transaction) {
                    summary.terminalsRegistered += 1
                }
            }
            for account in file.accounts where try open(account, now: now, in: transaction) {
                summary.accountsOpened += 1
                summary.openingFen += account.openingBalanceFen
            }
            for (index, number) in file.reportedLost.enumerated() {
                switch try setLost(true, holderNumber: number, now: now, in: transaction) {
                case .unknownHolder: throw ImportError("reportedLost[\(index)]", "expected the number of a holder")
                case .changed: summary.reportedLost += 1
                case .unchanged: break
                }
            }
            return summary
        }
    }

    /// What became of a report.
    public enum ReportResult: Hashable, Sendable {
        /// The report changed the account's state.
        case changed
        /// The account was in that state already.
        case unchanged
        /// Nobody of that number has an account.
        case unknownHolder
    }

    /// The holder reports the card lost (挂失): no terminal is to take it any more.
    public func reportLost(holderNumber: String) throws -> ReportResult { try report(true, holderNumber) }

    /// The holder has found the card (解挂).
    public func reportFound(holderNumber: String) throws -> ReportResult { try report(false, holderNumber) }

    private func report(_ lost: Bool, _ holderNumber: String) throws -> ReportResult {
        let now = time.wallMilliseconds()
        return try store.write { try setLost(lost, holderNumber: holderNumber, now: now, in: $0) }
    }

    private func setLost(
        _ lost: Bool, holderNumber: String, now: Int64, in transaction: any LedgerTransaction
    ) throws -> ReportResult {
        let holder = HolderHash(holderNumber: holderNumber, key: rosterKey)
        guard let account = try transaction.holderAccount(of: holder, forUpdate: true) else { return .unknownHolder }
        return try transaction.setLost(lost, account, key: rosterKey, now: now) ? .changed : .unchanged
    }

    /// Whether the account is new.
    private func open(
        _ account: ImportFile.Account, now: Int64, in transaction: any LedgerTransaction
    ) throws -> Bool {
        let holder = HolderHash(holderNumber: account.holderNumber, key: rosterKey)
        if try transaction.holderAccount(of: holder) != nil { return false }
        _ = try transaction.addAccount(
            of: holder, name: account.name, category: account.kind.rawValue, openingFen: account.openingBalanceFen,
            now: now)
        return true
    }

    /// Whether anything changed.
    ///
    /// The journal key may not: what is stored was chained with it.
    private func register(
        _ terminal: ImportFile.Terminal, at path: String, now: Int64, in transaction: any LedgerTransaction
    ) throws -> Bool {
        let tokenHash = Array(SHA256.hash(data: Array(terminal.token.utf8)))
        let key = try terminal.journalKeyBytes(at: path)
        if let known = try transaction.terminal(terminal.number) {
            guard known.journalKeyBytes == key else {
                throw ImportError("\(path).journalKey", "expected the key that terminal \(terminal.number) has already")
            }
            let standing = try transaction.standing(of: terminal.number, token: terminal.token, now: now)
            if known.name == terminal.name, standing == .current { return false }
        }
        try transaction.execute(
            """
            INSERT INTO terminals (number, name, journal_key) VALUES (?, ?, ?)
            ON CONFLICT (number) DO UPDATE SET name = excluded.name
            """, [.number(terminal.number), .text(terminal.name), .blob(key)])
        try transaction.giveCredential(tokenHash, to: terminal.number, expires: nil, now: now)
        return true
    }
}
