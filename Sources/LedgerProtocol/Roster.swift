public import Crypto
import Platform

/// The signed list of accounts that may activate a card, by which a terminal decides without a network.
///
/// Encoding, little-endian: "YKROSTR1", version u64, issued i64 (ms since 1970), count u32, 4 zero, then `count`
/// entries of 40 bytes ascending by hash (holder hash 16, account u64, card serial u32, status u8, 3 zero, card tag
/// 8), then 64 bytes Ed25519 over all before.
public struct Roster: Sendable {
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

    /// Rises with every roster issued.
    public let version: UInt64
    /// When it was issued, in milliseconds since 1970-01-01 UTC by the ledger's clock.
    public let issuedMilliseconds: Int64
    /// Ascending by holder hash.
    public let entries: [Entry]

    /// A roster of `entries`, in any order.
    public init(version: UInt64, issuedMilliseconds: Int64, entries: [Entry]) {
        self.version = version
        self.issuedMilliseconds = issuedMilliseconds
        self.entries = entries.sorted { $0.holder < $1.holder }
    }

    /// The entry of `holder`, found by bisection.
    public func entry(of holder: HolderHash) -> Entry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].holder < holder { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].holder == holder ? entries[low] : nil
    }

    private static let magic = Array("YKROSTR1".utf8)
    private static let headerSize = 32
    private static let entrySize = 40
    private static let signatureSize = 64

    /// The roster's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.headerSize)
        bytes.replaceSubrange(0..<8, with: Self.magic)
        bytes.store(version, at: 8)
        bytes.store(issuedMilliseconds, at: 16)
        bytes.store(UInt32(entries.count), at: 24)
        bytes.reserveCapacity(Self.headerSize + entries.count * Self.entrySize + Self.signatureSize)
        for entry in entries {
            var row = [UInt8](repeating: 0, count: Self.entrySize)
            row.replaceSubrange(0..<16, with: entry.holder.bytes)
            row.store(entry.account, at: 16)
            row.store(entry.cardSerial, at: 24)
            row[28] = entry.status.rawValue
            row.replaceSubrange(32..<40, with: entry.card.bytes)
            bytes += row
        }
        return bytes + Array(try key.signature(for: bytes))
    }

    /// Reads a signed roster; it throws unless the ledger's signature holds and every byte is accounted for.
    public init(verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey) throws(RosterError) {
        guard bytes.count >= Self.headerSize + Self.signatureSize, Array(bytes[..<8]) == Self.magic else {
            throw .notARoster
        }
        let end = bytes.count - Self.signatureSize
        guard key.isValidSignature(bytes[end...], for: bytes[..<end]) else { throw .badSignature }
        let count = Int(bytes.integer(at: 24, as: UInt32.self))
        guard end == Self.headerSize + count * Self.entrySize else { throw .malformed }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for index in 0..<count {
            let row = Array(bytes[(Self.headerSize + index * Self.entrySize)...].prefix(Self.entrySize))
            guard let holder = HolderHash(bytes: Array(row[..<16])), let status = Status(rawValue: row[28]),
                let card = CardTag(bytes: Array(row[32..<40]))
            else { throw .malformed }
            if let last = entries.last, !(last.holder < holder) { throw .malformed }
            entries.append(
                Entry(
                    holder: holder, account: row.integer(at: 16), cardSerial: row.integer(at: 24), status: status,
                    card: card))
        }
        version = bytes.integer(at: 8)
        issuedMilliseconds = bytes.integer(at: 16)
        self.entries = entries
    }
}

/// Why bytes are not a roster to go by.
public enum RosterError: Error, Hashable, Sendable {
    /// They do not begin as one.
    case notARoster
    /// The ledger did not sign them.
    case badSignature
    /// Signed, but the counts or fields contradict the format.
    case malformed
}
