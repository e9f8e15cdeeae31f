public import Crypto
import Platform

/// What changed in the roster from one version to a later one.
///
/// Encoding, little-endian: "YKROSTD1", base u64, version u64, issued i64 (ms since 1970), entries u32, removals u32,
/// total after it u32, 4 zero, then the entries as in a ``Roster``, then 16 bytes a removal ascending (holder hash),
/// then 64 bytes Ed25519 over all before. Nobody is named twice.
public struct RosterDelta: FeedDelta, Hashable {
    /// The version that it is to be applied to, and no other.
    public let base: UInt64
    /// The version that it leads to; greater than the base.
    public let version: UInt64
    /// When that was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public let issuedMilliseconds: Int64
    /// Whose entries are not in the roster afterwards, ascending.
    public let removals: [HolderHash]
    /// How many entries there are afterwards.
    public let totalAfter: Int
    let rows: RosterRows

    /// A delta after which `entries` are in the roster as given and `removals` are not, both in any order.
    public init(
        base: UInt64, version: UInt64, issuedMilliseconds: Int64, entries: [Roster.Entry], removals: [HolderHash],
        totalAfter: Int
    ) {
        self.base = base
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.removals = removals.sorted()
        self.totalAfter = totalAfter
        rows = RosterRows(entries.sorted { $0.holder < $1.holder })
    }

    /// The entries that are in the roster afterwards, ascending.
    public var entries: [Roster.Entry] { (0..<rows.count).compactMap { rows.entry(at: $0) } }

    private static let magic = Array("YKROSTD1".utf8)
    private static let headerSize = 48

    /// Whether `bytes` begin as a roster's delta.
    public static func isBegun(by bytes: [UInt8]) -> Bool { FeedFrame.isBegun(bytes, by: magic) }

    /// The delta's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = FeedFrame.header(Self.magic, size: Self.headerSize)
        bytes.store(base, at: 8)
        bytes.store(version, at: 16)
        bytes.store(issuedMilliseconds, at: 24)
        bytes.store(UInt32(rows.count), at: 32)
        bytes.store(UInt32(removals.count), at: 36)
        bytes.store(UInt32(totalAfter), at: 40)
        return try FeedFrame.sign(bytes + rows.bytes + removals.flatMap(\.bytes), by: key)
    }

    /// Reads a signed delta; it throws unless the ledger's signature holds and every byte is accounted for.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) {
        let end = try FeedFrame.end(of: bytes, magic: Self.magic, headerSize: Self.headerSize, key: key)
        base = bytes.integer(at: 8)
        version = bytes.integer(at: 16)
        issuedMilliseconds = bytes.integer(at: 24)
        totalAfter = Int(bytes.integer(at: 40, as: UInt32.self))
        let split = Self.headerSize + Int(bytes.integer(at: 32, as: UInt32.self)) * RosterRows.size
        let count = Int(bytes.integer(at: 36, as: UInt32.self))
        guard version > base, end == split + count * HolderHash.size,
            let rows = RosterRows(checking: Array(bytes[Self.headerSize..<split]))
        else { throw .malformed }
        self.rows = rows
        removals = (0..<count).compactMap { index in
            HolderHash(bytes: Array(bytes[(split + index * HolderHash.size)...].prefix(HolderHash.size)))
        }
        guard zip(removals, removals.dropFirst()).allSatisfy({ $0 < $1 }),
            !removals.contains(where: { rows.holds($0.bytes, at: rows.place(of: $0.bytes)) })
        else { throw .malformed }
    }
}
