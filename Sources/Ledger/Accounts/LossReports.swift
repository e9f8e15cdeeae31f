import LedgerProtocol

/// 挂失 and 解挂: a terminal that hears of a report takes the card no more, and the account's payment codes neither.
extension AccountDesk {
    /// The holder reports the card lost; saying so again changes nothing.
    ///
    /// Online terminals are told so with their next heartbeat, the others find it in the hotlist.
    ///
    /// - Throws: ``LedgerRefused``.
    public func reportLost(account: Int64) throws -> AccountView { try report(.lost, true, account) }

    /// The holder has found the card; saying so again changes nothing, and a card that was replaced stays out of use.
    ///
    /// - Throws: ``LedgerRefused``.
    public func reportFound(account: Int64) throws -> AccountView { try report(.found, false, account) }

    private func report(_ action: AccountAction, _ isLost: Bool, _ account: Int64) throws -> AccountView {
        try authorize(action, subject: "\(account)")
        let number = try Input.account(account)
        return try perform(action, subject: "\(number)") { transaction, now in
            let account = try transaction.lockedAccount(number)
            try transaction.setLost(isLost, account, key: keys.rosterKey, now: now)
            return try transaction.view(number)
        }
    }
}

extension LedgerTransaction {
    /// Whether anything changed.
    @discardableResult
    func setLost(_ isLost: Bool, _ account: HolderAccount, key: RosterKey, now: Int64) throws -> Bool {
        guard account.isReportedLost != isLost else { return false }
        try execute(
            "UPDATE accounts SET lost_ms = ?, roster_version = 0 WHERE number = ?",
            [.number(isLost ? now : nil), .integer(account.number)])
        try listLoss(of: account.number, isListed: isLost, key: key, now: now)
        return true
    }

    private func listLoss(of account: Int64, isListed: Bool, key: RosterKey, now: Int64) throws {
        var tags = [CardTag(account: UInt64(account), key: key)]
        if let card = try activeCard(account: account) { tags.append(CardTag(uid: card.uid, key: key)) }
        for tag in tags { try list(tag, isListed: isListed, account: account, reason: "reported lost", now: now) }
    }

    /// Puts on the hotlist what books of an earlier program call lost: they kept none, and no migration can make its tags,
    /// which need the campus's key. Answers how many accounts that were.
    func listForgottenLosses(key: RosterKey, now: Int64) throws -> Int {
        // As sets: row by row it would look through the whole hotlist for each of them, as that is not kept by account.
        let forgotten = try rows(
            """
            SELECT number FROM accounts WHERE lost_ms IS NOT NULL
            EXCEPT SELECT account FROM hotlist WHERE listed = 1 ORDER BY 1
            """)
        for row in forgotten { try listLoss(of: try row.integer(0), isListed: true, key: key, now: now) }
        return forgotten.count
    }
}
