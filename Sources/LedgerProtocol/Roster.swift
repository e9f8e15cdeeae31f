public import Crypto
import Platform

/// The signed list of accounts that may activate a card, by which a terminal decides without a network.
///
/// Encoding, little-endian: "YKROSTR1", version u64, issued i64 (ms since 1970), count u32, 4 zero, then `count`
/// entries of 40 bytes ascending by hash (holder hash 16, account u64, card serial u32, status u8, 3 zero, card tag
/// 8), then 64 bytes Ed25519 over all before.
public struct Roster: FeedContent {
    /// What an account may do.
    public enum Status: UInt8, Sendable {
        /// It may activate a card.
        case mayActivate = 0
        /// It is active on the card whose tag the entry carries.
        case active = 1
        /// Its card was reported lost (挂失).
        case reportedLost = 2
    }

    /// One account.
    public struct Entry: Sendable, Hashable {
        /// Whose account: the keyed hash of the holder number.
        public var holder: HolderHash
        /// The account number.
        public var account: UInt64
        /// The serial that the account's card has, or will get.
        public var cardSerial: UInt32
        /// What it may do.
        public var status: Status
        /// On which card it is active; ``CardTag/none`` when on none.
        public var card: CardTag

        /// An entry with these fields.
        public init(holder: HolderHash, account: UInt64, cardSerial: UInt32, status: Status, card: CardTag) {
            self.holder = holder
            self.account = account
            self.cardSerial = cardSerial
            self.status = status
            self.card = card
        }
    }

    /// It is the feed of rosters.
    public static let kind = FeedKind.roster

    /// Rises with every roster issued.
    public let version: UInt64
    /// When it was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public let issuedMilliseconds: Int64
    /// The entries as they are signed: 40 bytes an account is what it costs a terminal.
    let rows: RosterRows

    /// A roster of `entries`, in any order.
    public init(version: UInt64, issuedMilliseconds: Int64, entries: [Entry]) {
        self.init(
            version: version, issuedMilliseconds: issuedMilliseconds,
            rows: RosterRows(entries.sorted { $0.holder < $1.holder }))
    }

    private init(version: UInt64, issuedMilliseconds: Int64, rows: RosterRows) {
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.rows = rows
    }

    /// All entries, ascending by holder hash.
    public var entries: [Entry] { (0..<rows.count).compactMap { rows.entry(at: $0) } }

    /// How many accounts there are.
    public var count: Int { rows.count }

    /// The entry of `holder`, found by bisection.
    public func entry(of holder: HolderHash) -> Entry? {
        let place = rows.place(of: holder.bytes)
        return rows.holds(holder.bytes, at: place) ? rows.entry(at: place) : nil
    }

    private static let magic = Array("YKROSTR1".utf8)
    private static let headerSize = 32

    /// The roster's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = FeedFrame.header(Self.magic, size: Self.headerSize)
        bytes.store(version, at: 8)
        bytes.store(issuedMilliseconds, at: 16)
        bytes.store(UInt32(rows.count), at: 24)
        return try FeedFrame.sign(bytes + rows.bytes, by: key)
    }

    /// Reads a signed roster; it throws unless the ledger's signature holds and every byte is accounted for.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) {
        let end = try FeedFrame.end(of: bytes, magic: Self.magic, headerSize: Self.headerSize, key: key)
        let count = Int(bytes.integer(at: 24, as: UInt32.self))
        guard end == Self.headerSize + count * RosterRows.size,
            let rows = RosterRows(checking: Array(bytes[Self.headerSize..<end]))
        else { throw .malformed }
        self.init(version: bytes.integer(at: 8), issuedMilliseconds: bytes.integer(at: 16), rows: rows)
    }

    /// Whether `delta` leads on from here.
    public func check(_ delta: RosterDelta) throws(FeedError) {
        guard delta.base == version else { throw .otherBase(delta.base, held: version) }
        let new = (0..<delta.rows.count).count { !isListed(delta.rows.holder(at: $0)) }
        let gone = delta.removals.count { isListed($0.bytes) }
        let found = rows.count + new - gone
        guard found == delta.totalAfter else { throw .contradiction(expected: delta.totalAfter, found: found) }
    }

    /// The roster that `delta` leads to.
    public func applying(_ delta: RosterDelta) throws(FeedError) -> Roster {
        try check(delta)
        return Roster(
            version: delta.version, issuedMilliseconds: delta.issuedMilliseconds,
            rows: rows.merging(delta.rows, without: delta.removals.map(\.bytes)))
    }

    /// Goes on to the delta's version; when it throws, nothing has changed.
    public mutating func apply(_ delta: RosterDelta) throws(FeedError) { self = try applying(delta) }

    private func isListed(_ holder: [UInt8]) -> Bool { rows.holds(holder, at: rows.place(of: holder)) }
}
