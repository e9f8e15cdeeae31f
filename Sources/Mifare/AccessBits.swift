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

    /// The key to authenticate with: key A where either will do, `nil` where none does.
    public var preferred: KeyType? {
        if contains(.a) { return .a }
        return contains(.b) ? .b : nil
    }
}

/// What is asked of a block; the chip has a permission for each (DS-MFC tables 7 and 8).
public enum BlockOperation: CaseIterable, Hashable, Sendable {
    /// Reading its 16 bytes.
    case read
    /// Writing its 16 bytes.
    case write
    /// Adding to its value.
    case increment
    /// Taking from its value, and moving a value with RESTORE and TRANSFER.
    case decrement
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

    /// Whether something is allowed to key B alone.
    var needsKeyB: Bool { [read, write, increment, decrement].contains(.b) }
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

    /// Writing both keys and the access bits in one block write.
    ///
    /// A key that may write some parts only is not among them: the chip takes its write and keeps the old parts.
    public var writeWhole: KeyUse { writeKeyA.intersection(writeAccessBits).intersection(writeKeyB) }
}

/// What makes access bits a dead end: the chip takes them, and nobody gets out of it again.
public enum SectorTrap: Hashable, Sendable, CustomStringConvertible {
    /// Nobody may read the data blocks of this group, 0 to 2.
    case dataUnreadable(group: Int)
    /// Nobody may ever change a key or the access bits again.
    case frozen
    /// The data blocks of this group need key B for something, but key B is readable and therefore no key.
    case needsReadableKeyB(group: Int)

    /// For people.
    public var description: String {
        switch self {
        case .dataUnreadable(let group): "nobody may read data group \(group)"
        case .frozen: "nobody may ever change keys or access bits again"
        case .needsReadableKeyB(let group): "data group \(group) needs key B, which is readable and so opens nothing"
        }
    }
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

    /// Which keys allow `operation` on `block` of a card; `.never` for a block that no Classic has.
    ///
    /// It knows that sectors from 32 on have 16 blocks, of which the last is the trailer. Reading a trailer means its
    /// access bits, since keys read as zeros; writing one means all of it (``TrailerPermissions/writeWhole``). The
    /// manufacturer's block 0 is never written, whatever the access bits say.
    public func keyUse(for operation: BlockOperation, block: Int) -> KeyUse {
        guard (0..<ClassicSize.fourK.blocks).contains(block) else { return .never }
        let group = ClassicSize.accessGroup(ofBlock: block)
        guard group < 3 else {
            return switch operation {
            case .read: trailerPermissions.readAccessBits
            case .write: trailerPermissions.writeWhole
            case .increment, .decrement: .never
            }
        }
        let rule = permissions(forGroup: group)
        return switch operation {
        case .read: rule.read
        case _ where block == 0: .never
        case .write: rule.write
        case .increment: rule.increment
        case .decrement: rule.decrement
        }
    }

    /// Why a sector must not be given these access bits, or `nil`.
    ///
    /// Where several reasons hold, a useless key B is named first, since it is the cause of the others.
    public var trap: SectorTrap? {
        if isKeyBReadable, let group = (0..<3).first(where: { Self.data(conditions[$0]).needsKeyB }) {
            return .needsReadableKeyB(group: group)
        }
        if let group = (0..<3).first(where: { permissions(forGroup: $0).read.isEmpty }) {
            return .dataUnreadable(group: group)
        }
        let trailer = trailerPermissions
        let changeable = trailer.writeKeyA.union(trailer.writeAccessBits).union(trailer.writeKeyB)
        return changeable.isEmpty ? .frozen : nil
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
