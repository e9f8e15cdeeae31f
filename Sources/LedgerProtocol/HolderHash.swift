import Crypto
import Platform

/// A keyed hash of a holder's number (学工号).
///
/// Rosters and requests carry it instead of the number, so that no list of people leaves the ledger.
public struct HolderHash: Hashable, Sendable, Comparable {
    /// Bytes of a hash.
    public static let size = 16
    /// The hash's 16 bytes.
    public let bytes: [UInt8]

    /// The hash with these bytes; `nil` unless there are 16.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// HMAC-SHA256 of the holder number's UTF-8 under the campus's roster key, cut to 16 bytes.
    public init(holderNumber: String, key: RosterKey) {
        bytes = Array(HMAC<SHA256>.authenticationCode(for: Array(holderNumber.utf8), using: key.key).prefix(Self.size))
    }

    /// The order in which rosters are sorted: by bytes.
    public static func < (left: HolderHash, right: HolderHash) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// A keyed tag by which a roster says on which card an account is active, and a hotlist what not to accept.
public struct CardTag: Hashable, Sendable, Comparable {
    /// Bytes of a tag.
    public static let size = 8
    /// The tag's bytes as a number, the first byte highest, so that numbers and bytes ascend alike.
    let number: UInt64

    /// The tag's 8 bytes.
    public var bytes: [UInt8] { (0..<Self.size).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) } }

    /// The tag with these bytes; `nil` unless there are 8.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.init(leading: bytes)
    }

    /// A card's: HMAC-SHA256 of the UID under the campus's roster key, cut to 8 bytes.
    public init(uid: [UInt8], key: RosterKey) { self.init(of: uid, key) }

    /// That of an account's payment codes: HMAC-SHA256 of "yika account " and the account's number as u64,
    /// little-endian, under the campus's roster key, cut to 8 bytes.
    ///
    /// The prefix is longer than any UID, so that no card has the tag of an account.
    public init(account: UInt64, key: RosterKey) {
        var bytes = Array("yika account ".utf8) + [UInt8](repeating: 0, count: 8)
        bytes.store(account, at: bytes.count - 8)
        self.init(of: bytes, key)
    }

    /// What stands where an account has no card yet.
    public static let none = CardTag(number: 0)

    /// The order in which hotlists are sorted: by bytes.
    public static func < (left: CardTag, right: CardTag) -> Bool { left.number < right.number }

    init(number: UInt64) { self.number = number }

    private init(of message: [UInt8], _ key: RosterKey) {
        self.init(leading: Array(HMAC<SHA256>.authenticationCode(for: message, using: key.key)))
    }

    private init(leading bytes: [UInt8]) {
        number = bytes.integer(at: 0, as: UInt64.self).byteSwapped
    }
}

/// The campus's key over holder numbers and UIDs in rosters.
///
/// It never prints.
public struct RosterKey: Sendable, CustomStringConvertible {
    let key: SymmetricKey

    /// The key with these bytes, 32 of them.
    public init(bytes: [UInt8]) { key = SymmetricKey(data: bytes) }

    /// The key's bytes: for a terminal that makes itself known, and for nobody else.
    public var revealed: [UInt8] { unsafe key.withUnsafeBytes { unsafe Array($0) } }

    /// A stand-in: the key itself is never printed.
    public var description: String { "RosterKey(hidden)" }
}
