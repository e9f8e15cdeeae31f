public import DeviceProfiles
public import Mifare
import Platform

/// Our application as it is to lie in one sector of a newly activated card.
///
/// It depends on the card, the account and the keys alone, not on the terminal: whatever a write that was cut short has
/// left of it is recognised by any other terminal.
public struct CampusSector: Hashable, Sendable {
    /// Identity, and the first copy of the allowance record: written before the sector gets its keys.
    public let data: [Block]
    /// The second copy, one use ahead: written last, with the new key, once the sector's trailer is proved. A sector
    /// without it is not the card's application yet.
    public let seal: Block

    /// The data blocks of a sector of ours.
    public static let blockCount = 3
    /// Where the seal goes, counted from the sector's first block.
    public static let sealBlock = 2
    /// The sequence of the seal: a sector whose newest record is older was never finished.
    public static let sealedSequence: UInt32 = 2
    /// Stands for the terminal in the records of a card that no terminal has sold to yet.
    private static let noTerminal: UInt16 = 0

    /// A newly activated card's sector: no allowance yet.
    ///
    /// - Returns: `nil` when the ring lacks the MAC key.
    public init?(
        newCard identity: Identity, uid: CardUID, layout: CardLayout.OurApplication, keys: any KeyRing
    ) {
        func record(_ sequence: UInt32) -> Block? {
            AllowanceRecord(sequence: sequence, allowance: .zero, terminal: Self.noTerminal)
                .block(uid: uid, identity: identity, keys: keys, macKey: layout.macKey)
        }
        guard let first = record(Self.sealedSequence - 1), let seal = record(Self.sealedSequence) else { return nil }
        data = [identity.block, first]
        self.seal = seal
    }

    /// Whether `blocks` hold nothing but what writes of this sector, finished or cut short, can have left over zeros.
    ///
    /// Every such write goes over zeros or over an earlier one of the same bytes, so whatever bits it leaves, set ones
    /// are among those to be set. Somebody else's data passes for that only when it is next to nothing.
    public func mayHaveLeft(_ blocks: [Block]) -> Bool {
        zip(blocks, data + [seal]).allSatisfy { $0.isPartial(of: $1) }
    }

    /// The sector trailer that makes `sector` ours on the card `uid`; `nil` when the ring lacks a key.
    public static func trailer(
        of sector: Int, uid: CardUID, layout: CardLayout.OurApplication, keys: any KeyRing
    ) -> SectorTrailer? {
        guard let keyA = keys.sectorKey(layout.readKey, version: layout.keyVersion, uid: uid, sector: sector),
            let keyB = keys.sectorKey(layout.writeKey, version: layout.keyVersion, uid: uid, sector: sector),
            let access = AccessBits(layout)
        else { return nil }
        return try? SectorTrailer(keyA: keyA, accessBits: access, keyB: keyB)
    }
}

extension AccessBits {
    /// The access bits that `layout` gives our sector; `nil` when its conditions are not three binary digits each.
    public init?(_ layout: CardLayout.OurApplication) {
        guard let data = UInt8(layout.dataAccess, radix: 2), let trailer = UInt8(layout.trailerAccess, radix: 2) else {
            return nil
        }
        self.init(conditions: [data, data, data, trailer])
    }
}

extension Block {
    /// Whether every bit set here is set in `whole`.
    func isPartial(of whole: Block) -> Bool { zip(bytes, whole.bytes).allSatisfy { $0 & ~$1 == 0 } }
}
