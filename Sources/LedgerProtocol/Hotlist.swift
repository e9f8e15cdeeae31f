public import Crypto
import Platform

/// The signed list of cards and payment codes that no terminal accepts: 8-byte tags, a million in less than 7 MB.
///
/// Encoding of a snapshot, little-endian: "YKHOTLS1", version u64, issued i64 (ms since 1970), count u32, 4 zero, then
/// `count` tags of 8 bytes ascending by bytes, then 64 bytes Ed25519 over all before.
public struct Hotlist: FeedContent {
    /// It is the feed of hotlists.
    public static let kind = FeedKind.hotlist

    /// Rises with every hotlist issued.
    public private(set) var version: UInt64
    /// When it was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public private(set) var issuedMilliseconds: Int64
    /// How many tags there are.
    public private(set) var count: Int
    /// The tags by their first byte, so that a change copies a 256th of the list at a time.
    private var shelves: [TagShelf]

    /// A hotlist of `tags`, in any order.
    public init(version: UInt64, issuedMilliseconds: Int64, tags: some Sequence<CardTag>) {
        var numbers = tags.map(\.number)
        numbers.sort()
        var unique: [UInt64] = []
        unique.reserveCapacity(numbers.count)
        for number in numbers where unique.last != number { unique.append(number) }
        self.init(version: version, issuedMilliseconds: issuedMilliseconds, ascending: unique.count) { unique[$0] }
    }

    private init(version: UInt64, issuedMilliseconds: Int64, ascending count: Int, _ number: (Int) -> UInt64) {
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.count = count
        shelves = [TagShelf](repeating: TagShelf(), count: TagShelf.all)
        var start = 0
        while start < count {
            let first = number(start) >> 56
            var end = start + 1
            while end < count, number(end) >> 56 == first { end += 1 }
            shelves[Int(first)] = TagShelf(ascending: start..<end, number)
            start = end
        }
    }

    /// Whether `tag` is listed.
    public func contains(_ tag: CardTag) -> Bool { shelves[tag.shelf].find(tag.number).isThere }

    /// All tags, ascending.
    public var tags: [CardTag] {
        var all: [CardTag] = []
        all.reserveCapacity(count)
        for (first, shelf) in shelves.enumerated() {
            shelf.forEach { all.append(CardTag(number: UInt64(first) << 56 | $0)) }
        }
        return all
    }

    /// Bytes of memory that the tags take, as far as it can be reckoned: what is allocated, and its management.
    public var memoryBytes: Int { shelves.reduce(64) { $0 + $1.memoryBytes + MemoryLayout<TagShelf>.stride } }

    private static let magic = Array("YKHOTLS1".utf8)
    private static let headerSize = 32

    /// The hotlist's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = FeedFrame.header(Self.magic, size: Self.headerSize)
        bytes.store(version, at: 8)
        bytes.store(issuedMilliseconds, at: 16)
        bytes.store(UInt32(count), at: 24)
        bytes.reserveCapacity(Self.headerSize + count * CardTag.size + FeedFrame.signatureSize)
        for tag in tags { bytes.append(tag) }
        return try FeedFrame.sign(bytes, by: key)
    }

    /// Reads a signed hotlist; it throws unless the ledger's signature holds and every byte is accounted for.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(FeedError) {
        let end = try FeedFrame.end(of: bytes, magic: Self.magic, headerSize: Self.headerSize, key: key)
        let count = Int(bytes.integer(at: 24, as: UInt32.self))
        guard end == Self.headerSize + count * CardTag.size, bytes.tagsAscend(from: Self.headerSize, count: count)
        else {
            throw .malformed
        }
        self.init(version: bytes.integer(at: 8), issuedMilliseconds: bytes.integer(at: 16), ascending: count) {
            bytes.tagNumber(at: Self.headerSize + $0 * CardTag.size)
        }
    }

    /// Whether `delta` leads on from here.
    public func check(_ delta: HotlistDelta) throws(FeedError) {
        guard delta.base == version else { throw .otherBase(delta.base, held: version) }
        let new = delta.added.count { !contains($0) }
        let gone = delta.removed.count { contains($0) }
        let found = count + new - gone
        guard found == delta.totalAfter else { throw .contradiction(expected: delta.totalAfter, found: found) }
    }

    /// Goes on to the delta's version, a shelf at a time; when it throws, nothing has changed.
    ///
    /// Nobody else may hold a copy, or memory doubles while both live.
    public mutating func apply(_ delta: HotlistDelta) throws(FeedError) {
        try check(delta)
        var added = delta.added[...]
        var removed = delta.removed[...]
        for first in 0..<TagShelf.all {
            let more = added.prefix { $0.shelf == first }
            let less = removed.prefix { $0.shelf == first }
            if !more.isEmpty || !less.isEmpty { shelves[first].change(adding: more, removing: less) }
            added = added.dropFirst(more.count)
            removed = removed.dropFirst(less.count)
        }
        count = delta.totalAfter
        version = delta.version
        issuedMilliseconds = delta.issuedMilliseconds
    }
}

extension CardTag {
    /// Which shelf of a hotlist it belongs on.
    var shelf: Int { Int(number >> 56) }
}

extension [UInt8] {
    /// The tag that starts at `offset`.
    func tagNumber(at offset: Int) -> UInt64 { integer(at: offset, as: UInt64.self).byteSwapped }

    /// Whether each of `count` tags from `offset` on is greater than the one before.
    func tagsAscend(from offset: Int, count: Int) -> Bool {
        guard count > 1 else { return true }
        var last = tagNumber(at: offset)
        for index in 1..<count {
            let next = tagNumber(at: offset + index * CardTag.size)
            guard next > last else { return false }
            last = next
        }
        return true
    }

    mutating func append(_ tag: CardTag) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: tag.number >> UInt64(shift)))
        }
    }
}
