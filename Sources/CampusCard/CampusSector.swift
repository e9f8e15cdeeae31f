public import DeviceProfiles
public import Mifare
import Platform

/// Our application as it is to lie, or lies, in one sector: three data blocks.
public struct CampusSector: Hashable, Sendable {
    /// Identity, and the two copies of the allowance record.
    public let blocks: [Block]

    /// The data blocks of a sector of ours, in order.
    public static let blockCount = 3

    /// A newly activated card's sector: no allowance yet, the first copy one use ahead of the second.
    ///
    /// - Returns: `nil` when the ring lacks the MAC key.
    public init?(
        newCard identity: Identity, uid: CardUID, terminal: UInt16, layout: CardLayout.OurApplication, keys: any KeyRing
    ) {
        var blocks = [identity.block]
        for sequence: UInt32 in [1, 0] {
            let record = AllowanceRecord(sequence: sequence, allowance: .zero, terminal: terminal)
            guard let block = record.block(uid: uid, identity: identity, keys: keys, macKey: layout.macKey) else {
                return nil
            }
            blocks.append(block)
        }
        self.blocks = blocks
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

/// What the data blocks of a candidate sector turn out to hold.
public enum SectorContent: Sendable, Hashable {
    /// Nothing: every byte zero.
    case empty
    /// Our application, complete: the identity and the copy of the allowance record that counts.
    case ours(Identity, AllowanceRecord)
    /// What a write of ours that was cut short can have left, and nothing else can: to be written anew.
    case unfinished
    /// Somebody else's data: not to be touched.
    case foreign

    /// Reads `blocks` of a sector on the card `uid`; `expected` is what we would write there now.
    public init(
        _ blocks: [Block], uid: CardUID, expected: Identity, layout: CardLayout.OurApplication, keys: any KeyRing
    ) {
        if let identity = Identity(blocks[0]) {
            let copies = blocks[1...].compactMap {
                AllowanceRecord($0, uid: uid, identity: identity, keys: keys, macKey: layout.macKey)
            }
            if let newest = copies.max(by: { $0.sequence < $1.sequence }) {
                self = .ours(identity, newest)
                return
            }
        }
        if blocks.allSatisfy(\.isZero) {
            self = .empty
        } else if blocks[0] == expected.block
            || (blocks[0].isPartial(of: expected.block) && blocks[1...].allSatisfy(\.isZero))
        {
            // Block 0 is written first, over zeros. Cut short, it holds some of the bits to be written and no others;
            // once it is whole, whatever stands in blocks 1 and 2 is ours.
            self = .unfinished
        } else {
            self = .foreign
        }
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
    /// Whether every byte is zero.
    public var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

    /// Whether every bit set here is set in `whole`.
    func isPartial(of whole: Block) -> Bool { zip(bytes, whole.bytes).allSatisfy { $0 & ~$1 == 0 } }
}
