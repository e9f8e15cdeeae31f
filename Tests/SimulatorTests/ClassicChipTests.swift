import DeviceProfiles
import Mifare
import Platform
import SmartCard
import Testing

@testable import Simulator

@Suite struct ClassicChipTests {
    private let factoryKey = SectorKey.factory.bytes

    private func chip(_ size: ClassicSize = .oneK) throws -> ClassicChip {
        var chip = ClassicChip(factory: size, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        chip.select()
        return chip
    }

    @Test("A card that was given a wrong key is silent to the right one until it is selected again")
    func silentAfterFailedAuthentication() throws {
        var chip = try chip()
        #expect(throws: ClassicChip.Refusal.authenticationFailed) {
            try chip.authenticate(block: 4, key: [1, 2, 3, 4, 5, 6], type: .a)
        }
        #expect(throws: ClassicChip.Refusal.silent) { try chip.authenticate(block: 4, key: factoryKey, type: .a) }
        #expect(throws: ClassicChip.Refusal.silent) { try chip.identify() }
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        #expect(try chip.read(block: 4) == [UInt8](repeating: 0, count: 16))
    }

    @Test("A readable key B authenticates, and is then refused everything")
    func readableKeyB() throws {
        var chip = try chip()
        try chip.authenticate(block: 4, key: factoryKey, type: .b)
        #expect(throws: ClassicChip.Refusal.notPermitted) { try chip.read(block: 4) }
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .b)
        #expect(throws: ClassicChip.Refusal.notPermitted) {
            try chip.write(block: 4, [UInt8](repeating: 1, count: 16))
        }
    }

    @Test("Key A reads as zeros always, key B only when the access bits show it")
    func keysAreNotReadable() throws {
        var chip = try chip()
        try chip.authenticate(block: 7, key: factoryKey, type: .a)
        let zeros = [UInt8](repeating: 0, count: 6)
        #expect(try chip.read(block: 7) == zeros + [0xFF, 0x07, 0x80, 0x69] + factoryKey)
        let hidden = try #require(AccessBits(conditions: [4, 4, 4, 3]))
        try chip.write(block: 7, factoryKey + hidden.bytes + [0x69] + factoryKey)
        chip.select()
        try chip.authenticate(block: 7, key: factoryKey, type: .a)
        #expect(try chip.read(block: 7) == zeros + hidden.bytes + [0x69] + zeros)
    }

    @Test("Authentication counts for one sector only")
    func authenticationIsPerSector() throws {
        var chip = try chip()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        #expect(throws: ClassicChip.Refusal.notAuthenticated) { try chip.read(block: 8) }
        #expect(throws: ClassicChip.Refusal.silent) { try chip.read(block: 4) }
    }

    @Test("Block 0 cannot be written with any key")
    func manufacturerBlockIsReadOnly() throws {
        var chip = try chip()
        let before = chip.content(of: 0)
        try chip.authenticate(block: 0, key: factoryKey, type: .a)
        #expect(throws: ClassicChip.Refusal.notPermitted) {
            try chip.write(block: 0, [UInt8](repeating: 1, count: 16))
        }
        #expect(chip.content(of: 0) == before)
    }

    @Test("Inconsistent access bits block their sector for both keys, and no other sector")
    func corruptedAccessBits() throws {
        var chip = try chip()
        chip.store(factoryKey + [0, 0, 0, 0x69] + factoryKey, at: 7)
        for type in KeyType.allCases {
            chip.select()
            #expect(throws: ClassicChip.Refusal.authenticationFailed) {
                try chip.authenticate(block: 4, key: factoryKey, type: type)
            }
        }
        chip.select()
        try chip.authenticate(block: 8, key: factoryKey, type: .a)
    }

    @Test("Every access condition is enforced for both keys, as the datasheet's tables say")
    func accessConditionsAreEnforced() throws {
        var tried = 0
        for data in UInt8(0)..<8 {
            for trailer in UInt8(0)..<8 {
                let bits = try #require(AccessBits(conditions: [data, data, data, trailer]))
                for type in KeyType.allCases {
                    var chip = try chip()
                    chip.store(factoryKey + bits.bytes + [0x69] + factoryKey, at: 7)
                    let rule = bits.permissions(forGroup: 0)
                    try chip.authenticate(block: 4, key: factoryKey, type: type)
                    #expect(((try? chip.read(block: 4)) != nil) == rule.read.allows(type))
                    chip.select()
                    try chip.authenticate(block: 4, key: factoryKey, type: type)
                    let ones = [UInt8](repeating: 1, count: 16)
                    #expect(((try? chip.write(block: 4, ones)) != nil) == rule.write.allows(type))
                    #expect((chip.content(of: 4) == ones) == rule.write.allows(type))
                    tried += 2
                }
            }
        }
        print("access conditions: \(tried) accesses tried")
        #expect(tried == 256)
    }

    @Test("A trailer write changes only the parts that the key may change")
    func partialTrailerWrite() throws {
        var chip = try chip()
        // Trailer condition 100: key B writes both keys, nobody writes the access bits.
        let bits = try #require(AccessBits(conditions: [0, 0, 0, 0b100]))
        chip.store(factoryKey + bits.bytes + [0x69] + factoryKey, at: 7)
        try chip.authenticate(block: 7, key: factoryKey, type: .b)
        let one = [UInt8](repeating: 1, count: 6)
        let two = [UInt8](repeating: 2, count: 6)
        try chip.write(block: 7, one + [0xFF, 0x07, 0x80, 0x42] + two)
        #expect(chip.content(of: 7) == one + bits.bytes + [0x69] + two)
    }

    @Test("A torn write leaves the old bytes, the new ones, zeros, or bits of both")
    func tornWrites() throws {
        let old = [UInt8](repeating: 0xF0, count: 16)
        let new = [UInt8](repeating: 0x3C, count: 16)
        #expect(TornWrite.old.outcome(old: old, new: new) == old)
        #expect(TornWrite.new.outcome(old: old, new: new) == new)
        #expect(TornWrite.erased.outcome(old: old, new: new) == [UInt8](repeating: 0, count: 16))
        var distinct: Set<[UInt8]> = []
        for seed in UInt64(1)...1000 {
            let mixed = TornWrite.mixed(seed: seed).outcome(old: old, new: new)
            // Bits that old and new share keep their value; the others may be either.
            #expect(mixed.allSatisfy { $0 & 0x30 == 0x30 && $0 & 0x03 == 0 })
            #expect(mixed == TornWrite.mixed(seed: seed).outcome(old: old, new: new))
            distinct.insert(mixed)
        }
        print("mixed torn writes: seeds 1 to 1000, \(distinct.count) different outcomes")
        #expect(distinct.count == 1000)
    }

    @Test("A factory card's block 0 carries UID, check byte, SAK and ATQA of its kind")
    func manufacturerBlock() throws {
        let four = ClassicChip(factory: .oneK, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        #expect(Array(four.memory.prefix(8)) == [0x12, 0x34, 0x56, 0x78, 0x08, 0x08, 0x04, 0x00])
        let seven = ClassicChip(factory: .fourK, uid: try uid([4, 1, 2, 3, 4, 5, 6]))
        #expect(Array(seven.memory.prefix(10)) == [4, 1, 2, 3, 4, 5, 6, 0x18, 0x42, 0x00])
    }

    @Test("The ATRs of Mini, 1K and 4K end in the published check bytes")
    func answersToReset() {
        #expect(SimulatedCard.atr(of: .oneK).last == 0x6A)
        #expect(SimulatedCard.atr(of: .fourK).last == 0x69)
        #expect(SimulatedCard.atr(of: .mini).last == 0x4D)
        for size in ClassicSize.allCases {
            #expect(CardFamily(atr: SimulatedCard.atr(of: size)) == .classic(size))
        }
    }
}
