import CampusCard
import Mifare

/// What is decoded from a card's own bytes: ATR, block 0, trailer, value block, directory, identity.
enum ChipTarget {
    static func feed(_ bytes: [UInt8]) {
        feedATR(bytes)
        // Zeros behind a short input, so that every byte of it reaches every decoder.
        let padded = bytes + [UInt8](repeating: 0, count: max(0, 112 - bytes.count))
        let blocks = stride(from: 0, to: 96, by: 16).compactMap { Block(Array(padded[$0..<$0 + 16])) }
        feedBlock0(blocks[0], uid: Array(padded[96...]))
        feedBlock(blocks[0], amount: Int32(truncatingIfNeeded: Int(padded[96]) << 24 | Int(padded[97])))
        feedDirectory(Array(blocks[1...]), GeneralPurposeByte(rawValue: padded[0]), sector: Int(padded[96]))
    }

    private static func feedATR(_ atr: [UInt8]) {
        let family = CardFamily(atr: atr)
        precondition(!family.description.isEmpty, "a card without words")
        precondition(family.classicSize == nil || family.mayBeClassic, "a Classic that cannot be one")
        precondition(!family.isSizeStated || family.classicSize != nil, "a stated size that is none")
    }

    private static func feedBlock0(_ block: Block, uid: [UInt8]) {
        for length in [4, 7, 10] {
            guard let uid = CardUID(Array(uid.prefix(length))) else { continue }
            guard let chip = ChipFingerprint(block0: block, uid: uid) else { continue }
            precondition(block.bytes.starts(with: chip.uid.bytes), "a UID that block 0 does not hold")
            precondition(chip.makersBytes.count == (chip.checkByte == nil ? 6 : 8), "maker's bytes of no length known")
            _ = (chip.size, chip.hints)
        }
    }

    private static func feedBlock(_ block: Block, amount: Int32) {
        if let bits = block.accessBits {
            precondition(bits.bytes == Array(block.bytes[6..<9]), "access bits are not what they were")
            _ = (bits.trap, bits.description)
            for block in -1...ClassicSize.fourK.blocks {
                for operation in BlockOperation.allCases { _ = bits.keyUse(for: operation, block: block) }
            }
            let trailer = try? SectorTrailer(keyA: .factory, accessBits: bits, keyB: .factory)
            precondition((trailer == nil) == (bits.trap != nil), "a trailer nobody gets out of")
        }
        if let value = ValueBlock(block) {
            precondition(value.block == block, "a value block is not what it was")
            if let more = try? value.incremented(by: amount) {
                precondition((try? more.decremented(by: amount)) == value, "an amount added is not the one taken off")
            }
        }
        if let identity = Identity(block) {
            precondition(identity.block == block, "an identity is not what it was")
        }
    }

    private static func feedDirectory(_ contents: [Block], _ byte: GeneralPurposeByte, sector: Int) {
        let numbers = MAD.Version.two.blocks
        let blocks = Dictionary(uniqueKeysWithValues: zip(numbers, contents))
        guard var directory = try? MAD(generalPurposeByte: byte, blocks: blocks) else { return }
        for (number, block) in directory.blocks {
            precondition(blocks[number] == block, "a directory is not what it was")
        }
        _ = (directory.firstFree, directory.publisherSector, directory[sector])
        let application = ApplicationID(functionCluster: 0x48, applicationCode: 1)
        let isAssigned = (try? directory.assign(application, to: sector)) != nil
        precondition(!isAssigned || directory[sector] == application, "an entry that was not made")
        try? directory.setPublisherSector(sector)
        try? directory.clear(sector)
        let again = try? MAD(generalPurposeByte: byte, blocks: directory.blocks)
        precondition(again == directory, "a changed directory does not decode")
    }
}
