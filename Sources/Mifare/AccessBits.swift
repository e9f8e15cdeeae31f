/// Which keys allow something.
public struct KeyUse: OptionSet, Hashable, Sendable {
    /// One bit per key.
    public let rawValue: UInt8
    /// The uses with these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Key A allows it.
    public static let a = KeyUse(rawValue: 1)
    /// Key B allows it.
    public static let b = KeyUse(rawValue: 2)
    /// Either key does.
    public static let aOrB: KeyUse = [.a, .b]
    /// Nobody may.
    public static let never: KeyUse = []

    /// Whether the key of `type` allows it.
    public func allows(_ type: KeyType) -> Bool { contains(type == .a ? .a : .b) }
}

/// Who may do what with a data block.
public struct DataPermissions: Hashable, Sendable {
    /// Reading.
    public let read: KeyUse
    /// Writing.
    public let write: KeyUse
    /// Incrementing a value.
    public let increment: KeyUse
    /// Decrementing, restoring and transferring a value.
    public let decrement: KeyUse
}

/// Who may do what with a trailer.
///
/// Key A can never be read.
public struct TrailerPermissions: Hashable, Sendable {
    /// Writing key A.
    public let writeKeyA: KeyUse
    /// Reading the access bits.
    public let readAccessBits: KeyUse
    /// Writing the access bits.
    public let writeAccessBits: KeyUse
    /// Reading key B, which then is mere data.
    public let readKeyB: KeyUse
    /// Writing key B.
    public let writeKeyB: KeyUse
}

/// A sector's access conditions, bytes 6 to 8 of its trailer (DS-MFC 8.7).
///
/// Every bit is stored twice, once inverted. A sector whose copies disagree is blocked by the chip for ever, so values
/// of this type are only ever consistent ones.
public struct AccessBits: Hashable, Sendable, CustomStringConvertible {
    /// The conditions of the four block groups, trailer last; each 0 to 7, read as the bits C1 C2 C3.
    public let conditions: [UInt8]

    /// What cards leave the factory with, `FF 07 80`: key A may do everything, key B is readable data.
    public static let transport = AccessBits(unchecked: [0b000, 0b000, 0b000, 0b001])

    /// Conditions for the three data groups and the trailer; `nil` unless there are four numbers from 0 to 7.
    public init?(conditions: [UInt8]) {
        guard conditions.count == 4, conditions.allSatisfy({ $0 < 8 }) else { return nil }
        self.conditions = conditions
    }

    private init(unchecked conditions: [UInt8]) { self.conditions = conditions }

    /// Reads bytes 6 to 8 of a trailer; `nil` when a bit and its complement disagree.
    public init?(decoding bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == 3 else { return nil }
        let c1 = bytes[1] >> 4
        let c2 = bytes[2] & 0x0F
        let c3 = bytes[2] >> 4
        conditions = (0..<4).map { group in
            (c1 >> group & 1) << 2 | (c2 >> group & 1) << 1 | c3 >> group & 1
        }
        guard self.bytes == bytes else { return nil }
    }

    /// The three bytes as they stand in the trailer.
    public var bytes: [UInt8] {
        let (c1, c2, c3) = (nibble(2), nibble(1), nibble(0))
        return [(~c2 & 0x0F) << 4 | ~c1 & 0x0F, c1 << 4 | ~c3 & 0x0F, c3 << 4 | c2]
    }

    /// Bit `bit` of all four conditions, group 0 in the lowest place.
    private func nibble(_ bit: UInt8) -> UInt8 {
        conditions.enumerated().reduce(0) { $0 | ($1.element >> bit & 1) << UInt8($1.offset) }
    }

    /// For people.
    public var description: String {
        conditions.map { condition in
            (0..<3).reversed().map { condition >> $0 & 1 == 1 ? "1" : "0" }.joined()
        }.joined(separator: " ")
    }

    /// Whether key B can be read.
    ///
    /// It is then no key: after authenticating with it the chip refuses every access.
    public var isKeyBReadable: Bool { !trailerPermissions.readKeyB.isEmpty }

    /// What the keys may do with the data blocks of `group`, 0 to 2.
    ///
    /// - Precondition: `group` is 0, 1 or 2.
    public func permissions(forGroup group: Int) -> DataPermissions {
        precondition((0...2).contains(group), "data blocks are in groups 0 to 2")
        let rule = Self.data(conditions[group])
        guard isKeyBReadable else { return rule }
        return DataPermissions(
            read: rule.read.intersection(.a), write: rule.write.intersection(.a),
            increment: rule.increment.intersection(.a), decrement: rule.decrement.intersection(.a))
    }

    /// What the keys may do with the trailer.
    public var trailerPermissions: TrailerPermissions {
        let rule = Self.trailer(conditions[3])
        guard !rule.readKeyB.isEmpty else { return rule }
        return TrailerPermissions(
            writeKeyA: rule.writeKeyA.intersection(.a), readAccessBits: rule.readAccessBits.intersection(.a),
            writeAccessBits: rule.writeAccessBits.intersection(.a), readKeyB: rule.readKeyB,
            writeKeyB: rule.writeKeyB.intersection(.a))
    }

    /// DS-MFC table 8.
    private static func data(_ condition: UInt8) -> DataPermissions {
        func rule(_ read: KeyUse, _ write: KeyUse, _ increment: KeyUse, _ decrement: KeyUse) -> DataPermissions {
            DataPermissions(read: read, write: write, increment: increment, decrement: decrement)
        }
        return switch condition {
        case 0b000: rule(.aOrB, .aOrB, .aOrB, .aOrB)
        case 0b010: rule(.aOrB, .never, .never, .never)
        case 0b100: rule(.aOrB, .b, .never, .never)
        case 0b110: rule(.aOrB, .b, .b, .aOrB)
        case 0b001: rule(.aOrB, .never, .never, .aOrB)
        case 0b011: rule(.b, .b, .never, .never)
        case 0b101: rule(.b, .never, .never, .never)
        default: rule(.never, .never, .never, .never)
        }
    }

    /// DS-MFC table 7.
    private static func trailer(_ condition: UInt8) -> TrailerPermissions {
        func rule(
            _ writeA: KeyUse, _ readBits: KeyUse, _ writeBits: KeyUse, _ readB: KeyUse, _ writeB: KeyUse
        ) -> TrailerPermissions {
            TrailerPermissions(
                writeKeyA: writeA, readAccessBits: readBits, writeAccessBits: writeBits, readKeyB: readB,
                writeKeyB: writeB)
        }
        return switch condition {
        case 0b000: rule(.a, .a, .never, .a, .a)
        case 0b010: rule(.never, .a, .never, .a, .never)
        case 0b100: rule(.b, .aOrB, .never, .never, .b)
        case 0b110: rule(.never, .aOrB, .never, .never, .never)
        case 0b001: rule(.a, .a, .a, .a, .a)
        case 0b011: rule(.b, .aOrB, .b, .never, .b)
        case 0b101: rule(.never, .aOrB, .b, .never, .never)
        default: rule(.never, .aOrB, .never, .never, .never)
        }
    }
}
