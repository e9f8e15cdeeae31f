public import Crypto
import Platform

/// What changed in the hotlist from one version to a later one.
///
/// Encoding, little-endian: "YKHOTLD1", base u64, version u64, issued i64 (ms since 1970), added u32, removed u32,
/// total after it u32, 4 zero, then 8 bytes a tag, first the added ones ascending, then the removed ones ascending, then
/// 64 bytes Ed25519 over all before. No tag is named twice.
public struct HotlistDelta: FeedDelta, Hashable {
    /// The version that it is to be applied to, and no other.
    public let base: UInt64
    /// The version that it leads to; greater than the base.
    public let version: UInt64
    /// When that was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public let issuedMilliseconds: Int64
    /// Tags that are listed afterwards, ascending.
    public let added: [CardTag]
    /// Tags that are not listed afterwards, ascending.
    public let removed: [CardTag]
    /// How many tags there are afterwards.
    public let totalAfter: Int

    /// A delta after which `added` are listed and `removed` are not, both in any order.
    public init(
        base: UInt64, version: UInt64, issuedMilliseconds: Int64, added: [CardTag], removed: [CardTag], totalAfter: Int
    ) {
        self.base = base
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.added = added.sorted()
        self.removed = removed.sorted()
        self.totalAfter = totalAfter
    }

    private static let magic = Array("YKHOTLD1".utf8)
    private static let headerSize = 48

    /// Whether `bytes` begin as a hotlist's delta.
    public static func isBegun(by bytes: [UInt8]) -> Bool { FeedFrame.isBegun(bytes, by: magic) }

    /// The delta's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = FeedFrame.header(Self.magic, size: Self.headerSize)
        bytes.store(base, at: 8)
        bytes.store(version, at: 16)
        bytes.store(issuedMilliseconds, at: 24)
        bytes.store(UInt32(added.count), at: 32)
        bytes.store(UInt32(removed.count), at: 36)
        bytes.store(UInt32(totalAfter), at: 40)
        for tag in added + removed { bytes.append(tag) }
        return try FeedFrame.sign(bytes, by: key)
    }

    /// Reads a signed delta; it throws unless the ledger's signature holds and every byte is accounted for.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) {
        let end = try FeedFrame.end(of: bytes, magic: Self.magic, headerSize: Self.headerSize, key: key)
        base = bytes.integer(at: 8)
        version = bytes.integer(at: 16)
        issuedMilliseconds = bytes.integer(at: 24)
        totalAfter = Int(bytes.integer(at: 40, as: UInt32.self))
        let more = Int(bytes.integer(at: 32, as: UInt32.self))
        let less = Int(bytes.integer(at: 36, as: UInt32.self))
        let split = Self.headerSize + more * CardTag.size
        guard version > base, end == split + less * CardTag.size,
            bytes.tagsAscend(from: Self.headerSize, count: more), bytes.tagsAscend(from: split, count: less)
        else { throw .malformed }
        added = (0..<more).map { CardTag(number: bytes.tagNumber(at: Self.headerSize + $0 * CardTag.size)) }
        removed = (0..<less).map { CardTag(number: bytes.tagNumber(at: split + $0 * CardTag.size)) }
        let listed = Set(added)
        guard !removed.contains(where: listed.contains) else { throw .malformed }
    }
}
