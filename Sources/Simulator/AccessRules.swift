import Mifare

/// The access conditions of one sector, in the form in which a chip asks for them at every command.
///
/// The rules are those of `AccessBits`, laid out once as tables of key bits; sweeps ask a million times a second.
struct AccessRules: Hashable {
    /// Who may do what with a data block; each a `KeyUse`'s bits.
    struct Data {
        let read: UInt8
        let write: UInt8
        let increment: UInt8
        let decrement: UInt8
    }

    /// Who may do what with the trailer; each a `KeyUse`'s bits.
    struct Trailer {
        let writeKeyA: UInt8
        let readAccessBits: UInt8
        let writeAccessBits: UInt8
        let readKeyB: UInt8
        let writeKeyB: UInt8
    }

    /// The bits C1, C2 and C3 of the four groups, group 0 lowest.
    private let c1: UInt8
    private let c2: UInt8
    private let c3: UInt8

    /// Reads bytes 6 to 8 of a trailer; `nil` when a bit and its complement disagree.
    init?(_ byte6: UInt8, _ byte7: UInt8, _ byte8: UInt8) {
        (c1, c2, c3) = (byte7 >> 4, byte8 & 0x0F, byte8 >> 4)
        guard ~byte6 == c2 << 4 | c1, ~byte7 & 0x0F == c3 else { return nil }
    }

    /// The rules for the data blocks of `group`, 0 to 2.
    func data(_ group: Int) -> Data { Self.dataTable[Int(condition(3)) << 3 | Int(condition(group))] }

    /// The rules for the trailer.
    var trailer: Trailer { Self.trailerTable[Int(condition(3))] }

    private func condition(_ group: Int) -> UInt8 {
        (c1 >> group & 1) << 2 | (c2 >> group & 1) << 1 | c3 >> group & 1
    }

    /// By the trailer's condition and the block's: a key B that can be read may do nothing.
    private static let dataTable: [Data] = (UInt8(0)..<8).flatMap { trailer in
        (UInt8(0)..<8).map { data in
            // Conditions below 8 always make access bits.
            let bits = AccessBits(conditions: [data, data, data, trailer]) ?? .transport
            let rule = bits.permissions(forGroup: 0)
            return Data(
                read: rule.read.rawValue, write: rule.write.rawValue, increment: rule.increment.rawValue,
                decrement: rule.decrement.rawValue)
        }
    }

    private static let trailerTable: [Trailer] = (UInt8(0)..<8).map { condition in
        let bits = AccessBits(conditions: [0, 0, 0, condition]) ?? .transport
        let rule = bits.trailerPermissions
        return Trailer(
            writeKeyA: rule.writeKeyA.rawValue, readAccessBits: rule.readAccessBits.rawValue,
            writeAccessBits: rule.writeAccessBits.rawValue, readKeyB: rule.readKeyB.rawValue,
            writeKeyB: rule.writeKeyB.rawValue)
    }
}
