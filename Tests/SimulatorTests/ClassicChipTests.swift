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

    @Test("The chip reads access bits as the Mifare room does, consistent or not")
    func accessRules() throws {
        var compared = 0
        func same(_ bytes: [UInt8]) -> Bool {
            compared += 1
            guard let bits = AccessBits(decoding: bytes) else {
                return AccessRules(bytes[0], bytes[1], bytes[2]) == nil
            }
            guard let rules = AccessRules(bytes[0], bytes[1], bytes[2]) else { return false }
            let trailer = bits.trailerPermissions
            return (0..<3).allSatisfy { group in
                let (ours, theirs) = (rules.data(group), bits.permissions(forGroup: group))
                return ours.read == theirs.read.rawValue && ours.write == theirs.write.rawValue
                    && ours.increment == theirs.increment.rawValue && ours.decrement == theirs.decrement.rawValue
            } && rules.trailer.writeKeyA == trailer.writeKeyA.rawValue
                && rules.trailer.readAccessBits == trailer.readAccessBits.rawValue
                && rules.trailer.writeAccessBits == trailer.writeAccessBits.rawValue
                && rules.trailer.readKeyB == trailer.readKeyB.rawValue
                && rules.trailer.writeKeyB == trailer.writeKeyB.rawValue
        }
        for number in 0..<4096 {
            let conditions = (0..<4).map { UInt8(number >> ($0 * 3) & 7) }
            let bytes = try #require(AccessBits(conditions: conditions)).bytes
            #expect(same(bytes))
            var broken = bytes
            broken[number % 3] ^= 1 << UInt8(number / 3 % 8)
            #expect(same(broken))
        }
        print("access rules: \(compared) compared")
    }

    @Test("A value is counted by the keys that the access bits let, under every condition")
    func valuePermissions() throws {
        let operations: [(String, (inout ClassicChip) throws -> Void, (DataPermissions) -> KeyUse, Int32)] = [
            ("increment", { try $0.increment(block: 4, by: 3) }, { $0.increment.intersection($0.decrement) }, 103),
            ("decrement", { try $0.decrement(block: 4, by: 3) }, { $0.decrement }, 97),
            ("restore", { try $0.restore(block: 4) }, { $0.decrement }, 100),
        ]
        var tried = 0
        for (name, operation, permission, result) in operations {
            for data in UInt8(0)..<8 {
                for trailer in UInt8(0)..<8 {
                    let bits = try #require(AccessBits(conditions: [data, data, data, trailer]))
                    for type in KeyType.allCases {
                        var chip = try chip()
                        chip.store(factoryKey + bits.bytes + [0x69] + factoryKey, at: 7)
                        chip.store(ValueBlock(value: 100, address: 4).block.bytes, at: 4)
                        try chip.authenticate(block: 4, key: factoryKey, type: type)
                        let isDone = (try? operation(&chip)) != nil && (try? chip.transfer(to: 5)) != nil
                        let isAllowed = permission(bits.permissions(forGroup: 0)).allows(type)
                        #expect(isDone == isAllowed, "\(name) \(bits) key \(type)")
                        let written = ValueBlock(value: result, address: 4).block.bytes
                        #expect((chip.content(of: 5) == written) == isAllowed)
                        tried += 1
                    }
                }
            }
        }
        print("values: \(tried) operations tried")
    }

    @Test("No value is counted that is none, none is transferred that was not loaded, and none goes to another sector")
    func valueFormat() throws {
        var chip = try chip()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        #expect(throws: ClassicChip.Refusal.noValue) { try chip.increment(block: 4, by: 1) }
        #expect(throws: ClassicChip.Refusal.silent) { try chip.read(block: 4) }
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        #expect(throws: ClassicChip.Refusal.noValue) { try chip.transfer(to: 4) }
        chip.store(ValueBlock(value: .max, address: 9).block.bytes, at: 4)
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        try chip.restore(block: 4)
        #expect(throws: ClassicChip.Refusal.notAuthenticated) { try chip.transfer(to: 8) }
        for block in [0, 3, 7] {
            chip.select()
            try chip.authenticate(block: block, key: factoryKey, type: .a)
            #expect(throws: (any Error).self) { try chip.restore(block: block) }
        }
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        try chip.increment(block: 4, by: 1)
        try chip.transfer(to: 4)
        #expect(chip.content(of: 4) == ValueBlock(value: .min, address: 9).block.bytes)
    }

    @Test("A factory card's block 0 carries UID, check byte, SAK and ATQA of its kind")
    func manufacturerBlock() throws {
        let four = ClassicChip(factory: .oneK, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        #expect(Array(four.memory.prefix(8)) == [0x12, 0x34, 0x56, 0x78, 0x08, 0x08, 0x04, 0x00])
        let seven = ClassicChip(factory: .fourK, uid: try uid([4, 1, 2, 3, 4, 5, 6]))
        #expect(Array(seven.memory.prefix(10)) == [4, 1, 2, 3, 4, 5, 6, 0x18, 0x42, 0x00])
    }

    @Test("The ATRs of Mini, 1K, 4K, and Plus 2K and 4K end in the published check bytes")
    func answersToReset() {
        #expect(SimulatedCard.atr(of: .oneK).last == 0x6A)
        #expect(SimulatedCard.atr(of: .fourK).last == 0x69)
        #expect(SimulatedCard.atr(of: .mini).last == 0x4D)
        for size in ClassicSize.allCases {
            #expect(CardFamily(atr: SimulatedCard.atr(of: size)).classicSize == size)
        }
        for (size, check) in [(ClassicSize.twoK, UInt8(0x5D)), (.fourK, 0x5C)] {
            #expect(SimulatedCard.atr(of: size, isPlus: true).last == check)
            #expect(CardFamily(atr: SimulatedCard.atr(of: size, isPlus: true)) == .plusSL1(size))
        }
    }
}
