import Crypto
import Platform
import Testing

@testable import LedgerProtocol

@Suite("Hotlists")
struct HotlistTests {
    private let signer = Curve25519.Signing.PrivateKey()
    private let key = RosterKey(bytes: [UInt8](repeating: 0x5A, count: 32))

    private func hotlist(_ numbers: some Sequence<UInt64>, version: UInt64 = 9) -> Hotlist {
        Hotlist(version: version, issuedMilliseconds: 5, tags: numbers.map { CardTag(number: $0) })
    }

    @Test("A snapshot and a delta have the bytes that their formats say")
    func bytes() throws {
        let snapshot = try hotlist([0x0203_0405_0607_0809, 0x0102_0304_0506_0708]).signed(by: signer)
        #expect(
            snapshot.dropLast(64).hex()
                == Array("YKHOTLS1".utf8).hex() + "0900000000000000" + "0500000000000000" + "0200000000000000"
                + "0102030405060708" + "0203040506070809")
        let delta = try HotlistDelta(
            base: 9, version: 12, issuedMilliseconds: -1, added: [CardTag(number: 3), CardTag(number: 2)],
            removed: [CardTag(number: 1 << 56)], totalAfter: 7
        ).signed(by: signer)
        #expect(
            delta.dropLast(64).hex()
                == Array("YKHOTLD1".utf8).hex() + "0900000000000000" + "0c00000000000000" + "ffffffffffffffff"
                + "02000000" + "01000000" + "07000000" + "00000000" + "0000000000000002" + "0000000000000003"
                + "0100000000000000")
    }

    @Test("A signed hotlist is read back the same, finds all that it lists, and nothing beside it")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for count in [0, 1, 2, 255, 256, 257, 5000] {
            let numbers = Set((0..<count).map { _ in UInt64.random(in: 0...UInt64.max, using: &random) })
            let list = hotlist(numbers.shuffled(using: &random))
            let bytes = try list.signed(by: signer)
            #expect(bytes.count == 32 + 8 * numbers.count + 64)
            let read = try Hotlist(verifying: bytes, with: signer.publicKey)
            #expect(read.version == 9 && read.issuedMilliseconds == 5 && read.count == numbers.count)
            #expect(read.tags.map(\.number) == numbers.sorted())
            for number in numbers {
                #expect(read.contains(CardTag(number: number)))
                for near in [number &+ 1, number &- 1, number ^ 1 << 48, number ^ 1 << 56] {
                    #expect(read.contains(CardTag(number: near)) == numbers.contains(near))
                }
            }
        }
        print("hotlists: seed \(seed)")
    }

    @Test("Tags that stand twice are listed once, and tags crowded on one shelf are found as well")
    func crowded() {
        let list = hotlist(Array(0..<3000) + Array(1000..<4000))
        #expect(list.count == 4000 && list.tags.map(\.number) == Array(0..<4000))
        #expect((0..<4000).allSatisfy { list.contains(CardTag(number: $0)) })
        #expect(!list.contains(CardTag(number: 4000)) && !list.contains(CardTag(number: 1 << 63)))
    }

    @Test("Thousands of deltas one after the other lead to the same as one snapshot, from any version to any other")
    func chain() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var model: Set<UInt64> = []
        var list = hotlist([], version: 0)
        var kept = (version: UInt64(0), model: model, list: list)
        let steps = 4000
        for step in 1...UInt64(steps) {
            // Few second bytes, so that tags crowd, come again and go again.
            var more: Set<UInt64> = []
            var less: Set<UInt64> = []
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let number = UInt64.random(in: 0..<40, using: &random) << 50 | .random(in: 0..<40, using: &random)
                if Bool.random(using: &random) { more.insert(number) } else { less.insert(number) }
            }
            less.subtract(more)
            model = model.union(more).subtracting(less)
            let delta = HotlistDelta(
                base: step - 1, version: step, issuedMilliseconds: Int64(step), added: more.map(CardTag.init(number:)),
                removed: less.map(CardTag.init(number:)), totalAfter: model.count)
            try list.apply(HotlistDelta(verifying: try delta.signed(by: signer), with: signer.publicKey))
            guard step.isMultiple(of: 50) else { continue }
            #expect(list.version == step && list.issuedMilliseconds == Int64(step) && list.count == model.count)
            #expect(list.tags.map(\.number) == model.sorted(), "step \(step)")
            // As the ledger makes one over many versions: what is listed now and what is not, whatever was between.
            let touched = kept.model.symmetricDifference(model)
            let leap = HotlistDelta(
                base: kept.version, version: step, issuedMilliseconds: 0,
                added: model.filter { touched.contains($0) || $0.isMultiple(of: 3) }.map(CardTag.init(number:)),
                removed: (touched.subtracting(model).union([1 << 62])).map(CardTag.init(number:)),
                totalAfter: model.count)
            try kept.list.apply(leap)
            #expect(kept.list.tags == list.tags)
            if step.isMultiple(of: 200) { kept = (step, model, list) } else { kept.version = step; kept.model = model }
        }
        print("hotlist chain: seed \(seed), \(steps) deltas")
    }

    @Test("A delta for another base, or after which the count would not come out, is refused and changes nothing")
    func misfits() throws {
        var list = hotlist([1, 2, 3])
        func delta(_ base: UInt64, _ added: [UInt64], _ removed: [UInt64], _ total: Int) -> HotlistDelta {
            HotlistDelta(
                base: base, version: 20, issuedMilliseconds: 0, added: added.map(CardTag.init(number:)),
                removed: removed.map(CardTag.init(number:)), totalAfter: total)
        }
        for base in [0, 8, 10] as [UInt64] {
            #expect(throws: FeedError.otherBase(base, held: 9)) { try list.apply(delta(base, [4], [], 4)) }
        }
        #expect(throws: FeedError.contradiction(expected: 4, found: 3)) { try list.apply(delta(9, [3], [], 4)) }
        #expect(throws: FeedError.contradiction(expected: 2, found: 3)) { try list.apply(delta(9, [], [7], 2)) }
        #expect(list.version == 9 && list.tags.map(\.number) == [1, 2, 3])
        try list.apply(delta(9, [3, 4], [1, 7], 3))
        #expect(list.version == 20 && list.tags.map(\.number) == [2, 3, 4])
    }

    @Test("Tags of accounts are none of cards, and depend on the key")
    func accountTags() {
        let other = RosterKey(bytes: [UInt8](repeating: 0x5B, count: 32))
        let tag = CardTag(account: 7, key: key)
        #expect(tag == CardTag(account: 7, key: key) && tag.bytes.count == CardTag.size)
        #expect(tag != CardTag(account: 8, key: key) && tag != CardTag(account: 7, key: other))
        #expect(tag != CardTag(uid: [7, 0, 0, 0, 0, 0, 0, 0], key: key))
        #expect(CardTag(bytes: tag.bytes) == tag && CardTag.none.bytes == [UInt8](repeating: 0, count: 8))
        #expect(CardTag(number: 1) < CardTag(number: 256))
    }

    @Test("A million cards take at most 8 MB")
    func memory() throws {
        var random = SeededGenerator(seed: 1)
        var list = hotlist((0..<1_000_000).map { _ in UInt64.random(in: 0...UInt64.max, using: &random) })
        let before = list.memoryBytes
        for version in 10..<14 as Range<UInt64> {
            let gone = list.tags.shuffled(using: &random).prefix(2000)
            let new = (0..<2500).map { _ in CardTag(number: .random(in: 0...UInt64.max, using: &random)) }
            try list.apply(
                HotlistDelta(
                    base: version - 1, version: version, issuedMilliseconds: 0, added: new, removed: Array(gone),
                    totalAfter: list.count + new.count - gone.count))
        }
        print("hotlist: \(list.count) cards in \(list.memoryBytes) bytes, \(before) before any delta")
        #expect(before <= 8_000_000 && list.memoryBytes <= 8_000_000)
    }
}
