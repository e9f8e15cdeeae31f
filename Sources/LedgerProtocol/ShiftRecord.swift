public import Platform

/// The beginning or the end of a shift at a till, as the journal keeps it, so that a shift outlives a power cut and the
/// auditor sees who sold what.
///
/// 64 bytes, little-endian: version u8, kind u8 (1 opened, 2 closed), operator u16, 4 zero, opened i64 (ms since 1970),
/// sales count u32, voids count u32, refunds count u32, in doubt count u32, sales sum i64, voids sum i64, refunds sum i64,
/// in doubt sum i64, all sums in fen.
public struct ShiftRecord: Hashable, Sendable {
    /// Its type in the journal.
    public static let type: UInt8 = 0x05

    /// What was done.
    public enum Kind: UInt8, Sendable {
        /// Somebody signed in.
        case opened = 1
        /// The shift's end, with its totals.
        case closed = 2
    }

    /// How often, and how much.
    public struct Total: Hashable, Sendable {
        /// How often.
        public var count: UInt32
        /// How much, in fen.
        public var fen: Int64

        /// A total.
        public init(count: UInt32 = 0, fen: Int64 = 0) {
            self.count = count
            self.fen = fen
        }

        /// One more of `amount`.
        public mutating func add(_ amount: Fen) {
            count += 1
            fen += amount.rawValue
        }
    }

    /// What was done.
    public var kind: Kind
    /// Who is at the till, 1 to 65535.
    public var operatorNumber: UInt16
    /// When the shift was opened, by the terminal's wall clock, in milliseconds since 1970-01-01 UTC.
    public var openedMilliseconds: Int64
    /// Sales that were made.
    public var sales = Total()
    /// Sales of them that were taken back.
    public var voids = Total()
    /// Money that was given back otherwise.
    public var refunds = Total()
    /// Sales whose end is not known.
    public var inDoubt = Total()

    /// A shift of which nothing was sold yet.
    public init(kind: Kind, operatorNumber: UInt16, openedMilliseconds: Int64) {
        self.kind = kind
        self.operatorNumber = operatorNumber
        self.openedMilliseconds = openedMilliseconds
    }

    /// Bytes of the encoding.
    public static let size = 64
    private static let payloadVersion: UInt8 = 1

    /// The payload for the journal.
    public var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes[0] = Self.payloadVersion
        bytes[1] = kind.rawValue
        bytes.store(operatorNumber, at: 2)
        bytes.store(openedMilliseconds, at: 8)
        for (index, total) in [sales, voids, refunds, inDoubt].enumerated() {
            bytes.store(total.count, at: 16 + 4 * index)
            bytes.store(total.fen, at: 32 + 8 * index)
        }
        return bytes
    }

    /// Reads a payload back; `nil` when it is not a shift of a version known here.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes[0] == Self.payloadVersion, let kind = Kind(rawValue: bytes[1]) else {
            return nil
        }
        func total(_ index: Int) -> Total {
            Total(count: bytes.integer(at: 16 + 4 * index), fen: bytes.integer(at: 32 + 8 * index))
        }
        self.init(
            kind: kind, operatorNumber: bytes.integer(at: 2), openedMilliseconds: bytes.integer(at: 8))
        (sales, voids, refunds, inDoubt) = (total(0), total(1), total(2), total(3))
    }
}
