import LedgerProtocol

/// What terminals download, each with versions of its own.
enum LedgerFeed: String, CaseIterable {
    /// Who may activate a card.
    case roster
    /// Which cards and accounts are not to be served.
    case hotlist
    /// What terminals go by.
    case settings

    /// The rows that wait for a version.
    fileprivate var pending: String {
        switch self {
        case .roster: "accounts WHERE roster_version = 0"
        case .hotlist: "hotlist WHERE feed_version = 0"
        case .settings: "documents WHERE feed_version = 0"
        }
    }
}

extension LedgerTransaction {
    func feedVersion(_ feed: LedgerFeed) throws -> UInt64 {
        UInt64(try integer("SELECT version FROM feeds WHERE name = ?", [.text(feed.rawValue)]))
    }

    func feedIssued(_ feed: LedgerFeed) throws -> Int64 {
        try integer("SELECT issued_ms FROM feeds WHERE name = ?", [.text(feed.rawValue)])
    }

    /// Whether something of `feed` has changed since its newest version.
    func hasChanged(_ feed: LedgerFeed) throws -> Bool { try first("SELECT 1 FROM \(feed.pending) LIMIT 1") != nil }

    /// Makes the next version of `feed`, of everything that has changed.
    ///
    /// A version is the second of its issue, or one more than the last where that is higher. A ledger that was put back from
    /// a backup does not know what it issued since; were versions counted, it would give the same ones to other content,
    /// and terminals that have them would never hear of it. Seconds fit the 32 bits that a sale has for the hotlist's
    /// version until 2106.
    ///
    /// Rows that change while this goes on keep waiting, for the version after.
    func issue(_ feed: LedgerFeed, now: Int64) throws {
        let second = min(max(now / 1_000, 0), Self.lastVersionSecond)
        let next = max(Int64(try feedVersion(feed)) + 1, second)
        let version = SQLValue.integer(next)
        try execute(
            "UPDATE feeds SET version = ?, issued_ms = ? WHERE name = ?",
            [version, .integer(now), .text(feed.rawValue)])
        try insert(into: "issues", ["feed", "version"], rows: [[.text(feed.rawValue), version]])
        switch feed {
        case .roster:
            // In the order in which uploads take accounts.
            let changed = try rows("SELECT number FROM \(feed.pending) ORDER BY number\(forUpdate)")
            try execute(
                "UPDATE accounts SET roster_version = ? WHERE number = ?",
                each: try changed.map { [version, .integer(try $0.integer(0))] })
        case .hotlist: try execute("UPDATE hotlist SET feed_version = ? WHERE feed_version = 0", [version])
        case .settings: try execute("UPDATE documents SET feed_version = ? WHERE feed_version = 0", [version])
        }
    }

    /// A clock that is later than this is wrong: the versions that it made would not fit 32 bits.
    private static var lastVersionSecond: Int64 { 4_000_000_000 }

    /// Whether `version` was issued from these books: only then do their rows tell what has changed since.
    func wasIssued(_ version: UInt64, of feed: LedgerFeed) throws -> Bool {
        guard let version = Int64(exactly: version) else { return false }
        return try first(
            "SELECT 1 FROM issues WHERE feed = ? AND version = ?", [.text(feed.rawValue), .integer(version)]) != nil
    }

    /// An account's line in the roster has changed.
    func touchRoster(account: Int64) throws {
        try execute("UPDATE accounts SET roster_version = 0 WHERE number = ?", [.integer(account)])
    }

    /// Puts a card on the hotlist, or takes it off; off it leaves a mark, so that terminals hear of it too.
    func list(_ tag: CardTag, isListed: Bool, account: Int64, reason: String, now: Int64) throws {
        try execute(
            """
            INSERT INTO hotlist (tag, listed, feed_version, account, reason, changed_ms) VALUES (?, ?, 0, ?, ?, ?)
            ON CONFLICT (tag) DO UPDATE SET listed = excluded.listed, feed_version = 0, reason = excluded.reason,
                changed_ms = excluded.changed_ms
            """,
            [.blob(tag.bytes), .integer(isListed ? 1 : 0), .integer(account), .text(reason), .integer(now)])
    }
}
