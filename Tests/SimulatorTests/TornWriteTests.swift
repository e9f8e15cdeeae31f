import Mifare
import Platform
import Testing

@testable import Simulator

@Suite struct TornWriteTests {
    private let factoryKey = SectorKey.factory.bytes
    private let old = [UInt8](repeating: 0xF0, count: 16)
    private let new = [UInt8](repeating: 0x3C, count: 16)

    /// A chip with `old` in block 4, sector 1 authenticated.
    private func chip() throws -> ClassicChip {
        var chip = ClassicChip(factory: .oneK, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        chip.store(old, at: 4)
        chip.select()
        try chip.authenticate(block: 4, key: factoryKey, type: .a)
        return chip
    }

    @Test("A torn write leaves the old bytes, the new ones, zeros, or bits of both")
    func whole() throws {
        func outcome(_ torn: TornWrite) -> [UInt8] { torn.outcome(old: StoredBlock(old), new: new).bytes }
        #expect(outcome(.old) == old)
        #expect(outcome(.new) == new)
        #expect(outcome(.erased) == [UInt8](repeating: 0, count: 16))
        var distinct: Set<[UInt8]> = []
        for seed in UInt64(1)...1000 {
            let mixed = outcome(.mixed(seed: seed))
            // Bits that old and new share keep their value; the others may be either.
            #expect(mixed.allSatisfy { $0 & 0x30 == 0x30 && $0 & 0x03 == 0 })
            #expect(mixed == outcome(.mixed(seed: seed)))
            distinct.insert(mixed)
        }
        print("mixed torn writes: seeds 1 to 1000, \(distinct.count) different outcomes")
        #expect(distinct.count == 1000)
    }

    @Test("Weak torn writes reach from nothing done to all done, and from stable to half unstable")
    func weakDistribution() throws {
        var (untouched, finished, stable, mostUnstable) = (0, 0, 0, 0)
        let seeds = 2000
        for seed in 0..<UInt64(seeds) {
            let torn = TornWrite.weak(seed: seed).outcome(old: StoredBlock(old), new: new)
            let unstable = torn.unstable.reduce(0) { $0 + $1.nonzeroBitCount }
            for index in 0..<16 {
                #expect(torn.unstable[index] & ~(old[index] ^ new[index]) == 0, "only bits that were to change")
                #expect(torn.bytes[index] & 0x33 == 0x30)
            }
            untouched += torn.bytes == old ? 1 : 0
            finished += torn.bytes == new ? 1 : 0
            stable += unstable == 0 ? 1 : 0
            mostUnstable = max(mostUnstable, unstable)
        }
        print("weak torn writes: \(seeds) seeds, \(untouched) old, \(finished) new, \(stable) without an unstable bit")
        // Each end of the progress is a quarter of the draws.
        for count in [untouched, finished] { #expect((400...650).contains(count), "\(count) of \(seeds)") }
        #expect((1...300).contains(stable))
        // 64 bits were to change.
        #expect((32...64).contains(mostUnstable))
    }

    @Test("Unstable bits read differently from one time to the next, until the block is written whole")
    func unstableBits() throws {
        var changing = 0
        for seed in UInt64(0)..<200 {
            var chip = try chip()
            try chip.write(block: 4, new, torn: .weak(seed: seed))
            guard chip.unstableBlocks == [4] else { continue }
            let settled = chip.content(of: 4)
            let torn = chip
            var seen: Set<[UInt8]> = []
            for _ in 0..<40 { seen.insert(try chip.read(block: 4)) }
            changing += seen.count > 1 ? 1 : 0
            #expect(chip.content(of: 4) == settled, "reading settles nothing")
            var again = torn
            #expect(
                try again.read(block: 4)
                    == {
                        var other = torn; return try other.read(block: 4)
                    }())
            try chip.write(block: 4, settled)
            #expect(chip.unstableBlocks.isEmpty)
            #expect(try (0..<20).allSatisfy { _ in try chip.read(block: 4) == settled })
        }
        print("weak torn writes: \(changing) of 200 blocks read in more than one way")
        #expect(changing > 180)
    }

    @Test("What a second tear leaves untouched stays unstable, and what it programs or erases becomes stable")
    func secondTear() throws {
        var weak = StoredBlock(old)
        weak.unstable = [UInt8](repeating: 0xCC, count: 16)
        #expect(TornWrite.old.outcome(old: weak, new: new).unstable == weak.unstable)
        for torn in [TornWrite.new, .erased] {
            #expect(torn.outcome(old: weak, new: new).unstable.allSatisfy { $0 == 0 })
        }
        let halves = TornWrite.halves(.old, .new).outcome(old: weak, new: new)
        #expect(halves.unstable == [UInt8](repeating: 0xCC, count: 8) + [UInt8](repeating: 0, count: 8))
        let mixed = TornWrite.mixed(seed: 5).outcome(old: weak, new: new)
        let left = zip(mixed.bytes, old).map { $0 ^ $1 ^ 0xFF }
        #expect(zip(mixed.unstable, left).allSatisfy { $0 & ~$1 == 0 }, "bits that changed are stable")
        #expect(mixed.unstable != weak.unstable && mixed.unstable.contains { $0 != 0 })
    }

    @Test("A trailer with unstable bits opens now and then, and its other sectors always")
    func unstableTrailer() throws {
        let key: [UInt8] = [1, 2, 3, 4, 5, 6]
        var (always, never, sometimes, accessesRefused) = (0, 0, 0, 0)
        for seed in UInt64(0)..<300 {
            var chip = try chip()
            try chip.write(block: 7, key + AccessBits.transport.bytes + [0x69] + key, torn: .weak(seed: seed))
            var opened = 0
            for _ in 0..<64 {
                chip.select()
                do {
                    try chip.authenticate(block: 4, key: key, type: .a)
                    opened += 1
                } catch {
                    #expect(error == .authenticationFailed)
                }
                chip.select()
                try chip.authenticate(block: 8, key: factoryKey, type: .a)
            }
            always += opened == 64 ? 1 : 0
            never += opened == 0 ? 1 : 0
            sometimes += (1...63).contains(opened) ? 1 : 0
        }
        // Access bits that change are inconsistent in half of the accesses and more.
        let bits = try #require(AccessBits(conditions: [4, 4, 4, 3])).bytes
        for seed in UInt64(0)..<300 {
            var chip = try chip()
            try chip.write(block: 7, factoryKey + bits + [0x69] + factoryKey, torn: .weak(seed: seed))
            for _ in 0..<16 {
                chip.select()
                guard (try? chip.authenticate(block: 4, key: factoryKey, type: .a)) != nil else { continue }
                accessesRefused += (try? chip.read(block: 4)) == nil ? 1 : 0
            }
        }
        print("weak trailers: \(always) open always, \(sometimes) now and then, \(never) never;", terminator: " ")
        print("\(accessesRefused) accesses refused after authentication")
        #expect(always > 0 && never > 0 && sometimes > 0 && accessesRefused > 0)
        #expect(always + never + sometimes == 300)
    }

    @Test("Part by part, a trailer has 27 torn states and a data block 9, all different")
    func everyField() throws {
        for (isTrailer, count) in [(true, 27), (false, 9)] {
            let torn = TornWrite.everyField(isTrailer: isTrailer)
            #expect(torn.count == count)
            let outcomes = Set(torn.map { $0.outcome(old: StoredBlock(old), new: new).bytes })
            #expect(outcomes.count == count)
        }
        let mixed = TornWrite.trailer(keyA: .new, accessBits: .erased, keyB: .old)
        let expected =
            [UInt8](repeating: 0x3C, count: 6) + [0, 0, 0, 0] + [UInt8](repeating: 0xF0, count: 6)
        #expect(mixed.outcome(old: StoredBlock(old), new: new).bytes == expected)
    }
}
