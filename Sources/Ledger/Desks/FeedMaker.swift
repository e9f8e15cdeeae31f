import LedgerProtocol

/// Makes a feed's snapshot, or the delta from an older version where that is the smaller, in one view of the books.
///
/// A delta names every row that changed since its base, those too that wait for a version: a row whose last change has not
/// been issued may have had an earlier one that was.
struct FeedMaker: Sendable {
    let keys: LedgerKeys

    func make(_ kind: FeedKind, since: UInt64, in transaction: any LedgerTransaction) throws -> IssuedFeed {
        let issue = Issue(
            since: Int64(since), version: try transaction.feedVersion(LedgerFeed(kind)),
            issued: try transaction.feedIssued(LedgerFeed(kind)))
        let bytes =
            switch kind {
            case .roster: try roster(issue, in: transaction)
            case .hotlist: try hotlist(issue, in: transaction)
            case .settings: try settings(issue, in: transaction)
            }
        return IssuedFeed(version: issue.version, bytes: bytes)
    }

    private struct Issue {
        /// 0: from nothing.
        let since: Int64
        let version: UInt64
        let issued: Int64
    }

    // MARK: Roster

    private func roster(_ issue: Issue, in transaction: any LedgerTransaction) throws -> [UInt8] {
        let total = try transaction.integer(
            "SELECT count(*) FROM accounts WHERE kind = 'holder' AND status = 'open'")
        let changed = "a.kind = 'holder' AND (a.roster_version > ? OR a.roster_version = 0)"
        guard issue.since > 0,
            try transaction.integer("SELECT count(*) FROM accounts a WHERE \(changed)", [.integer(issue.since)]) < total
        else {
            let whole = try entries("a.kind = 'holder' AND a.status = 'open'", [], in: transaction).listed
            return try Roster(version: issue.version, issuedMilliseconds: issue.issued, entries: whole)
                .signed(by: keys.signingKey)
        }
        let (listed, removed) = try entries(changed, [.integer(issue.since)], in: transaction)
        return try RosterDelta(
            base: UInt64(issue.since), version: issue.version, issuedMilliseconds: issue.issued, entries: listed,
            removals: removed, totalAfter: Int(total)
        ).signed(by: keys.signingKey)
    }

    private func entries(
        _ condition: String, _ values: [SQLValue], in transaction: any LedgerTransaction
    ) throws -> (listed: [Roster.Entry], removed: [HolderHash]) {
        var listed: [Roster.Entry] = []
        var removed: [HolderHash] = []
        try transaction.forEach(
            """
            SELECT a.holder, a.number, a.card_serial, a.lost_ms, c.uid, a.status
            FROM accounts a LEFT JOIN cards c ON c.account = a.number AND c.status = 'active'
            WHERE \(condition)
            """, values
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            guard try row.text(5) == "open" else { return removed.append(holder) }
            let uid = row.isNull(4) ? nil : try row.blob(4)
            listed.append(
                Roster.Entry(
                    holder: holder, account: try row.number(1), cardSerial: try row.number(2),
                    status: !row.isNull(3) ? .reportedLost : uid == nil ? .mayActivate : .active,
                    card: uid.map { CardTag(uid: $0, key: keys.rosterKey) } ?? .none))
        }
        return (listed, removed)
    }

    // MARK: Hotlist

    private func hotlist(_ issue: Issue, in transaction: any LedgerTransaction) throws -> [UInt8] {
        let total = try transaction.integer("SELECT count(*) FROM hotlist WHERE listed = 1")
        let changed = "feed_version > ? OR feed_version = 0"
        guard issue.since > 0,
            try transaction.integer("SELECT count(*) FROM hotlist WHERE \(changed)", [.integer(issue.since)]) < total
        else {
            var tags: [CardTag] = []
            tags.reserveCapacity(Int(total))
            try transaction.forEach("SELECT tag FROM hotlist WHERE listed = 1 ORDER BY tag", []) {
                tags.append(try Self.tag($0))
            }
            return try Hotlist(version: issue.version, issuedMilliseconds: issue.issued, tags: tags)
                .signed(by: keys.signingKey)
        }
        var (added, removed): ([CardTag], [CardTag]) = ([], [])
        try transaction.forEach("SELECT tag, listed FROM hotlist WHERE \(changed)", [.integer(issue.since)]) { row in
            if try row.integer(1) == 1 { added.append(try Self.tag(row)) } else { removed.append(try Self.tag(row)) }
        }
        return try HotlistDelta(
            base: UInt64(issue.since), version: issue.version, issuedMilliseconds: issue.issued, added: added,
            removed: removed, totalAfter: Int(total)
        ).signed(by: keys.signingKey)
    }

    private static func tag(_ row: SQLRow) throws -> CardTag {
        guard let tag = CardTag(bytes: try row.blob(0)) else { throw LedgerDamage("a tag of the hotlist") }
        return tag
    }

    // MARK: Settings

    private func settings(_ issue: Issue, in transaction: any LedgerTransaction) throws -> [UInt8] {
        try SettingsFeed.signed(
            version: issue.version, issuedMilliseconds: issue.issued, json: Array(transaction.settings().json.utf8),
            by: keys.signingKey)
    }
}
