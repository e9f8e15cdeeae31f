public import Mifare
import Platform

/// Block 0 of our sector: whose card this is.
///
/// Little-endian: version u8, status u8, account u48, card serial u32, key version u8, 3 zero. No check of its own: the
/// MAC of the allowance record beside it covers it.
public struct Identity: Hashable, Sendable {
    /// What the card may do.
    public enum Status: UInt8, Sendable {
        /// It may buy and pass.
        case active = 1
    }

    /// The version of the layout.
    public var version: UInt8
    /// What the card may do.
    public var status: Status
    /// The account that the card stands for; below 2^48.
    public var account: UInt64
    /// Which card of that account it is.
    public var cardSerial: UInt32
    /// The version of the master keys of its sector.
    public var keyVersion: UInt8

    /// Accounts that fit the block.
    public static let largestAccount: UInt64 = (1 << 48) - 1

    /// An identity with these fields.
    ///
    /// - Precondition: the account fits 48 bits.
    public init(version: UInt8, status: Status, account: UInt64, cardSerial: UInt32, keyVersion: UInt8) {
        precondition(account <= Self.largestAccount, "account number \(account) does not fit a card")
        self.version = version
        self.status = status
        self.account = account
        self.cardSerial = cardSerial
        self.keyVersion = keyVersion
    }

    /// The block's bytes.
    public var block: Block {
        var bytes = [UInt8](repeating: 0, count: ClassicSize.blockLength)
        bytes.store(account, at: 2)
        bytes[0] = version
        bytes[1] = status.rawValue
        bytes.store(cardSerial, at: 8)
        bytes[12] = keyVersion
        return Block(assembled: bytes)
    }

    /// Reads the block; `nil` when it is not an identity known here.
    public init?(_ block: Block) {
        let bytes = block.bytes
        guard bytes[0] != 0, let status = Status(rawValue: bytes[1]), bytes[13...].allSatisfy({ $0 == 0 }) else {
            return nil
        }
        let account = bytes.integer(at: 2, as: UInt32.self)
        let upper = bytes.integer(at: 6, as: UInt16.self)
        self.init(
            version: bytes[0], status: status, account: UInt64(upper) << 32 | UInt64(account),
            cardSerial: bytes.integer(at: 8), keyVersion: bytes[12])
    }
}
