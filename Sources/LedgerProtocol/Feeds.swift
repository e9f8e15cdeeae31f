public import Crypto
import Platform

/// What terminals download, each by a version of its own.
public enum FeedKind: String, CaseIterable, Codable, Hashable, Sendable {
    /// Accounts that may activate a card: ``Roster``.
    case roster
    /// Cards and payment codes not to be accepted: ``Hotlist``.
    case hotlist
    /// What the campus sets for its terminals: ``SettingsFeed``.
    case settings
}

/// The newest versions of all feeds, as far as somebody knows; 0 stands for none.
public struct FeedVersions: Hashable, Sendable {
    /// The roster's.
    public var roster: UInt64
    /// The hotlist's.
    public var hotlist: UInt64
    /// The settings'.
    public var settings: UInt64

    /// These versions.
    public init(roster: UInt64 = 0, hotlist: UInt64 = 0, settings: UInt64 = 0) {
        self.roster = roster
        self.hotlist = hotlist
        self.settings = settings
    }

    /// The version of one feed.
    public subscript(kind: FeedKind) -> UInt64 {
        switch kind {
        case .roster: roster
        case .hotlist: hotlist
        case .settings: settings
        }
    }
}

/// Something that a terminal holds whole and that the ledger renews by snapshots and deltas.
public protocol FeedContent: Sendable {
    /// What leads from one version to a later one.
    associatedtype Delta: FeedDelta

    /// Which feed it is.
    static var kind: FeedKind { get }

    /// Rises with every issue.
    var version: UInt64 { get }

    /// When it was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    var issuedMilliseconds: Int64 { get }

    /// Reads a snapshot; it throws unless the ledger's signature holds and every byte is accounted for.
    init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError)

    /// Whether `delta` leads on from here: its base must be this version, and its count after it must come out.
    func check(_ delta: Delta) throws(FeedError)

    /// Goes on to the delta's version; when it throws, nothing has changed.
    mutating func apply(_ delta: Delta) throws(FeedError)
}

/// What leads a ``FeedContent`` from one version to a later one.
///
/// It names what is listed afterwards and what is not, whatever was before, so that the ledger can make one from every
/// version it ever issued.
public protocol FeedDelta: Sendable {
    /// The version that it is to be applied to, and no other.
    var base: UInt64 { get }

    /// The version that it leads to.
    var version: UInt64 { get }

    /// Whether `bytes` begin as such a delta.
    static func isBegun(by bytes: [UInt8]) -> Bool

    /// Reads a delta; it throws unless the ledger's signature holds and every byte is accounted for.
    init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError)
}

/// Why bytes are not a feed to go by.
public enum FeedError: Error, Hashable, Sendable {
    /// They do not begin as one of this kind.
    case notAFeed
    /// The ledger did not sign them.
    case badSignature
    /// Signed, but the counts or fields contradict the format.
    case malformed
    /// A delta for another version than the one held (0: none).
    case otherBase(UInt64, held: UInt64)
    /// A delta for the version held, after which there would be another number of entries than the ledger has.
    case contradiction(expected: Int, found: Int)
}

/// The frame around every feed: a header that begins with eight letters, rows, and the ledger's signature over both.
enum FeedFrame {
    static let signatureSize = 64

    /// A header of `size` bytes, zero but for the letters.
    static func header(_ magic: [UInt8], size: Int) -> [UInt8] {
        magic + [UInt8](repeating: 0, count: size - magic.count)
    }

    static func sign(_ bytes: [UInt8], by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        bytes + Array(try key.signature(for: bytes))
    }

    static func isBegun(_ bytes: [UInt8], by magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

    /// Proves the signature.
    ///
    /// - Returns: where the rows end.
    static func end(
        of bytes: [UInt8], magic: [UInt8], headerSize: Int, key: Curve25519.Signing.PublicKey
    ) throws(FeedError) -> Int {
        guard bytes.count >= headerSize + signatureSize, isBegun(bytes, by: magic) else { throw .notAFeed }
        let end = bytes.count - signatureSize
        guard key.isValidSignature(bytes[end...], for: bytes[..<end]) else { throw .badSignature }
        return end
    }
}
