import Crypto
import LedgerProtocol
import Platform
import Synchronization

/// Issues the feeds and signs what terminals download; instances that share the books issue the same versions.
final class FeedDesk: Sendable {
    /// A list that nothing has changed is still issued anew after six hours, because terminals distrust old ones.
    static let reissueAfterMilliseconds: Int64 = 6 * 3_600_000
    /// Changes of one second share a version, however many terminals ask.
    static let issuePauseMilliseconds: Int64 = 1_000

    private let store: any LedgerStore
    private let time: any TimeSource
    private let maker: FeedMaker
    private let cache = FeedCache()
    private let lastIssue = Mutex<Instant?>(nil)

    init(store: any LedgerStore, keys: LedgerKeys, time: any TimeSource) {
        self.store = store
        self.time = time
        maker = FeedMaker(keys: keys)
    }

    /// The newest versions, after whatever has changed was issued.
    ///
    /// - Parameter state: the feeds' state as the caller's own transaction has just seen it.
    func versions(_ state: FeedState) throws -> FeedVersions {
        let now = time.wallMilliseconds()
        guard !state.due(now: now).isEmpty, mayIssue() else { return state.versions }
        return try store.write { transaction in
            // Another instance may have issued meanwhile: who has the feed's row looks again.
            for kind in FeedKind.allCases {
                try transaction.take(kind)
                if try transaction.feedState().due(now: now).contains(kind) {
                    try transaction.issue(LedgerFeed(kind), now: now)
                }
            }
            return try transaction.feedState().versions
        }
    }

    /// What leads from version `since` to the newest; `nil` when that is the newest, or when there is none yet.
    func answer(_ kind: FeedKind, since: UInt64) throws -> [UInt8]? {
        let version = try versions(store.read { try $0.feedState() })[kind]
        if version == since || version == 0 { return nil }
        // A version that was never issued here leads nowhere, whatever its number: the books may have been put back from a
        // backup that did not know it.
        let base = try since > 0 && store.read { try $0.wasIssued(since, of: LedgerFeed(kind)) } ? since : 0
        return try cache.answer(FeedCache.Key(kind: kind, since: base, version: version)) {
            try store.read { try maker.make(kind, since: base, in: $0) }
        }.bytes
    }

    private func mayIssue() -> Bool {
        let now = time.now()
        return lastIssue.withLock { last in
            if let last, now.milliseconds(since: last) < Self.issuePauseMilliseconds { return false }
            last = now
            return true
        }
    }
}

/// How all feeds stand.
struct FeedState {
    private struct Feed {
        let version: UInt64
        let issued: Int64
        let hasChanged: Bool
    }

    private var feeds: [FeedKind: Feed] = [:]

    init(in transaction: any LedgerTransaction) throws {
        for row in try transaction.rows("SELECT name, version, issued_ms FROM feeds") {
            guard let kind = FeedKind(rawValue: try row.text(0)) else { continue }
            feeds[kind] = Feed(
                version: try row.number(1), issued: try row.integer(2),
                hasChanged: try transaction.hasChanged(LedgerFeed(kind)))
        }
    }

    /// The newest versions; 0 where none was issued.
    var versions: FeedVersions {
        func version(_ kind: FeedKind) -> UInt64 { feeds[kind].map { $0.issued == 0 ? 0 : $0.version } ?? 0 }
        return FeedVersions(roster: version(.roster), hotlist: version(.hotlist), settings: version(.settings))
    }

    /// The feeds of which a new version is to be issued.
    func due(now: Int64) -> [FeedKind] {
        FeedKind.allCases.filter { kind in
            guard let feed = feeds[kind] else { return false }
            // Settings do not age: without any, terminals go by their own.
            return feed.hasChanged || kind != .settings && now - feed.issued > FeedDesk.reissueAfterMilliseconds
        }
    }
}

extension LedgerFeed {
    init(_ kind: FeedKind) {
        switch kind {
        case .roster: self = .roster
        case .hotlist: self = .hotlist
        case .settings: self = .settings
        }
    }
}

extension LedgerTransaction {
    func feedState() throws -> FeedState { try FeedState(in: self) }

    /// Makes a feed's row this transaction's own.
    fileprivate func take(_ kind: FeedKind) throws {
        _ = try rows("SELECT version FROM feeds WHERE name = ?\(forUpdate)", [.text(kind.rawValue)])
    }
}
