public import DeviceProfiles
public import Mifare
public import Platform

/// The memory of an invented card of the old system, for demonstrations, simulations and tests.
public enum SampleCard {
    /// The 16-byte blocks of a card as the old system issued it, one after another.
    ///
    /// - Parameters:
    ///   - otherPurse: what lies in the preserved sectors' first value block (water, electricity).
    /// - Returns: `nil` when the ring lacks the old keys, the card a sector that the old application lies in, or the
    ///   number does not fit its field.
    public static func memory(
        size: ClassicSize, uid: CardUID, holderNumber: String, smallPurse: Fen, otherPurse: Fen, layout: CardLayout,
        keys: any KeyRing
    ) -> [UInt8]? {
        guard let number = layout.old.holderNumber.encode(holderNumber) else { return nil }
        var blocks = [Block](repeating: .zero, count: size.blocks)
        blocks[0] = manufacturerBlock(uid: uid, size: size)
        for sector in 0..<size.sectors { blocks[ClassicSize.trailer(ofSector: sector)] = trailer(keyA: .factory) }
        let read = Set([layout.old.holderNumber.sector] + (layout.old.smallPurse.map { [$0.sector] } ?? []))
        guard read.allSatisfy((0..<size.sectors).contains) else { return nil }
        let used = read.union(layout.old.preserve.filter { $0 > 0 && $0 < size.sectors })
        for sector in used {
            let name = layout.old.holderNumber.key.name
            guard let key = keys.sectorKey(name, version: 1, uid: uid, sector: sector) else { return nil }
            blocks[ClassicSize.trailer(ofSector: sector)] = trailer(keyA: key)
            let first = ClassicSize.firstBlock(ofSector: sector)
            guard let other = Int32(exactly: otherPurse.rawValue) else { return nil }
            blocks[first] = ValueBlock(value: other, address: UInt8(first)).block
        }
        let holder = layout.old.holderNumber
        blocks[ClassicSize.firstBlock(ofSector: holder.sector) + holder.block] = number
        if let purse = layout.old.smallPurse, let value = Int32(exactly: smallPurse.rawValue) {
            let block = ClassicSize.firstBlock(ofSector: purse.sector) + purse.block
            blocks[block] = ValueBlock(value: value, address: UInt8(block)).block
        }
        return blocks.flatMap(\.bytes)
    }

    /// UID, check byte (4-byte UID only), SAK and ATQA as MF1S50YYX_V1 and AN10833 give them; the rest as on NXP's chips.
    private static func manufacturerBlock(uid: CardUID, size: ClassicSize) -> Block {
        let sak: UInt8 =
            switch size {
            case .mini: 0x09
            case .oneK, .twoK: 0x08
            case .fourK: 0x18
            }
        let atqa: UInt8 = (size == .fourK ? 0x02 : 0x04) | (uid.bytes.count == 7 ? 0x40 : 0)
        let check = uid.bytes.count == 4 ? [uid.bytes.reduce(0, ^)] : []
        let bytes = uid.bytes + check + [sak, atqa, 0x00]
        return Block(assembled: bytes + [UInt8](repeating: 0x62, count: ClassicSize.blockLength - bytes.count))
    }

    /// Transport access bits: what many old systems never changed.
    private static func trailer(keyA: SectorKey) -> Block {
        Block(assembled: keyA.bytes + AccessBits.transport.bytes + [0x69] + SectorKey.factory.bytes)
    }
}

extension CardLayout.TextField {
    /// A block of zeros with `text` in its place; `nil` when it does not fit or cannot be encoded.
    func encode(_ text: String) -> Block? {
        var bytes = [UInt8](repeating: 0, count: ClassicSize.blockLength)
        switch encoding {
        case .ascii:
            guard text.utf8.count <= length else { return nil }
            bytes.replaceSubrange(offset..<offset + text.utf8.count, with: Array(text.utf8))
        case .bcd:
            // A character may stand for more than a digit: 万 is 10,000.
            let digits = text.compactMap(\.wholeNumberValue).filter { $0 < 10 }.map(UInt8.init)
            guard digits.count == text.count, digits.count <= length * 2 else { return nil }
            let padded = digits + [UInt8](repeating: 15, count: length * 2 - digits.count)
            for index in 0..<length { bytes[offset + index] = padded[2 * index] << 4 | padded[2 * index + 1] }
        }
        return decode(bytes) == text ? Block(bytes) : nil
    }
}
