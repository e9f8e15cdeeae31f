import Crypto

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

/// A keyed tag of a card's UID, by which a roster says on which card an account is active.
public struct CardTag: Hashable, Sendable {
    /// Bytes of a tag.
    public static let size = 8
    /// The tag's 8 bytes.
    public let bytes: [UInt8]

    /// The tag with these bytes; `nil` unless there are 8.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// HMAC-SHA256 of the UID under the campus's roster key, cut to 8 bytes.
    public init(uid: [UInt8], key: RosterKey) {
        bytes = Array(HMAC<SHA256>.authenticationCode(for: uid, using: key.key).prefix(Self.size))
    }

    /// What stands where an account has no card yet.
    public static let none = CardTag(unchecked: [UInt8](repeating: 0, count: size))

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// The campus's key over holder numbers and UIDs in rosters.
///
/// It never prints.
public struct RosterKey: Sendable, CustomStringConvertible {
    let key: SymmetricKey

    /// The key with these bytes, 32 of them.
    public init(bytes: [UInt8]) { key = SymmetricKey(data: bytes) }

    /// A stand-in: the key itself is never printed.
    public var description: String { "RosterKey(hidden)" }
}
