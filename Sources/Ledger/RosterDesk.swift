import Crypto
import LedgerProtocol
import Synchronization

/// A roster as it goes out: signed bytes and the version that they carry.
public struct IssuedRoster: Hashable, Sendable {
    /// The roster's version.
    public let version: UInt64
    /// The roster's bytes, signature included.
    public let bytes: [UInt8]
}

/// Builds and signs rosters, one per version; instances that share the books issue the same one.
final class RosterDesk: Sendable {
    /// A roster that nothing has changed is still issued anew after six hours, because terminals distrust old ones.
    static let reissueAfterMilliseconds: Int64 = 6 * 3_600_000
    /// Changes are gathered for so long, in milliseconds, before terminals hear of a new roster: in days of mass
    /// activation there are several a second.
    static let issuePauseMilliseconds: Int64 = 5000

    private let keys: LedgerKeys
    private let newest = Mutex<IssuedRoster?>(nil)

    init(keys: LedgerKeys) { self.keys = keys }

    /// The newest version, after what has changed was issued, if that is due: terminals fetch what they hear of.
    func version(from store: any LedgerStore, now: Int64, after pause: Int64 = issuePauseMilliseconds) throws -> UInt64 {
        let (version, isDue) = try store.read { (try $0.feedVersion(.roster), try self.isDue(in: $0, now, pause)) }
        guard isDue else { return version }
        return try store.write { transaction in
            // Somebody else may have been quicker.
            if try self.isDue(in: transaction, now, pause) { try transaction.issue(.roster, now: now) }
            return try transaction.feedVersion(.roster)
        }
    }

    private func isDue(in transaction: any LedgerTransaction, _ now: Int64, _ pause: Int64) throws -> Bool {
        let age = now - (try transaction.feedIssued(.roster))
        return try age > Self.reissueAfterMilliseconds || age >= pause && transaction.hasChanged(.roster)
    }

    func roster(from store: any LedgerStore, now: Int64) throws -> IssuedRoster {
        let version = try version(from: store, now: now, after: 0)
        if let cached = newest.withLock({ $0 }), cached.version == version { return cached }
        let roster = try store.read { try self.build(in: $0) }
        let issuedRoster = IssuedRoster(version: roster.version, bytes: try roster.signed(by: keys.signingKey))
        newest.withLock { if ($0?.version ?? 0) < issuedRoster.version { $0 = issuedRoster } }
        return issuedRoster
    }

    private func build(in transaction: any LedgerTransaction) throws -> Roster {
        var entries: [Roster.Entry] = []
        try transaction.forEach(
            """
            SELECT a.holder, a.number, a.card_serial, a.lost_ms, c.uid
            FROM accounts a LEFT JOIN cards c ON c.account = a.number AND c.status = 'active'
            WHERE a.kind = 'holder' AND a.status = 'open'
            """, []
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            let uid = row.isNull(4) ? nil : try row.blob(4)
            entries.append(
                Roster.Entry(
                    holder: holder, account: try row.number(1), cardSerial: try row.number(2),
                    status: !row.isNull(3) ? .reportedLost : uid == nil ? .mayActivate : .active,
                    card: uid.map { CardTag(uid: $0, key: keys.rosterKey) } ?? .none))
        }
        return Roster(
            version: try transaction.feedVersion(.roster), issuedMilliseconds: try transaction.feedIssued(.roster),
            entries: entries)
    }
}
