public import Crypto
import FoundationEssentials
import Platform

/// What the campus sets for all its terminals; what is not set is decided by each terminal's own configuration.
///
/// Names that a terminal does not know are passed over, so that it survives a newer ledger.
public struct TerminalSettings: Codable, Hashable, Sendable {
    /// How often a terminal reports, in milliseconds, 1000...60000.
    public var heartbeatMilliseconds: Int64?
    /// The largest sale, in fen.
    public var saleLimitFen: Int64?
    /// What a holder may spend in a day, in fen.
    public var dayLimitFen: Int64?
    /// A sale above this asks for the holder's six digits, in fen.
    public var pinAboveFen: Int64?
    /// What a card may spend without the ledger's word once it is refilled, in fen.
    public var allowanceFen: Int64?
    /// The allowance is refilled when it is below this, in fen.
    public var allowanceRefillBelowFen: Int64?
    /// What payment codes of one account may spend at one terminal without the ledger's word, in fen.
    public var codeCapFen: Int64?
    /// Where a price is fixed, the same card pays again only after this time, in seconds, 0...600.
    public var doubleTapSeconds: Int64?
    /// The campus's clock, in minutes east of UTC: meals and days go by it.
    public var minutesEastOfUTC: Int?
    /// The meal periods.
    public var meals: [MealSetting]?
    /// What one key sells.
    public var dishes: [DishSetting]?
    /// How the largest sale shrinks while the hotlist ages.
    public var staleHotlist: [StaleLimit]?

    /// What `heartbeatMilliseconds` may be.
    public static let heartbeatRange: ClosedRange<Int64> = 1000...60_000

    /// Settings of which all but the heartbeat is not set.
    public init(heartbeatMilliseconds: Int64? = nil) { self.heartbeatMilliseconds = heartbeatMilliseconds }
}

/// Settings as the ledger signs them, always whole.
///
/// Encoding, little-endian: "YKSETTS1", version u64, issued i64 (ms since 1970), length u32, 4 zero, JSON in UTF-8, then
/// 64 bytes Ed25519 over all before.
public struct SettingsFeed: FeedContent, Hashable {
    /// It is the feed of settings.
    public static let kind = FeedKind.settings

    /// Rises with every issue.
    public let version: UInt64
    /// When they were issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public let issuedMilliseconds: Int64
    /// The settings.
    public let settings: TerminalSettings

    /// An issue of `settings`.
    public init(version: UInt64, issuedMilliseconds: Int64, settings: TerminalSettings) {
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.settings = settings
    }

    private static let magic = Array("YKSETTS1".utf8)
    private static let headerSize = 32

    /// The settings' bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        try Self.signed(
            version: version, issuedMilliseconds: issuedMilliseconds, json: Array(JSONEncoder().encode(settings)),
            by: key)
    }

    /// Signs settings that are JSON already, whatever names it has.
    public static func signed(
        version: UInt64, issuedMilliseconds: Int64, json: [UInt8], by key: Curve25519.Signing.PrivateKey
    ) throws -> [UInt8] {
        var bytes = FeedFrame.header(magic, size: headerSize)
        bytes.store(version, at: 8)
        bytes.store(issuedMilliseconds, at: 16)
        bytes.store(UInt32(json.count), at: 24)
        return try FeedFrame.sign(bytes + json, by: key)
    }

    /// Reads signed settings; it throws unless the ledger's signature holds and every known name has a sensible value.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) {
        let end = try FeedFrame.end(of: bytes, magic: Self.magic, headerSize: Self.headerSize, key: key)
        guard end == Self.headerSize + Int(bytes.integer(at: 24, as: UInt32.self)),
            let settings = try? JSONDecoder().decode(TerminalSettings.self, from: Data(bytes[Self.headerSize..<end])),
            settings.isSensible
        else { throw .malformed }
        self.init(version: bytes.integer(at: 8), issuedMilliseconds: bytes.integer(at: 16), settings: settings)
    }

    /// There are none, and so none fits.
    public func check(_ delta: NoDelta) throws(FeedError) {}

    /// There are none.
    public mutating func apply(_ delta: NoDelta) throws(FeedError) {}
}

/// The delta of a feed that is always sent whole: there is none.
public enum NoDelta: FeedDelta {
    /// Of none, so never asked.
    public var base: UInt64 { switch self {} }
    /// Of none, so never asked.
    public var version: UInt64 { switch self {} }
    /// Nothing begins as one.
    public static func isBegun(by bytes: [UInt8]) -> Bool { false }
    /// No bytes are one.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) { throw .notAFeed }
}
