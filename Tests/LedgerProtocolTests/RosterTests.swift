import Crypto
import Platform
import Testing

@testable import LedgerProtocol

@Suite("Rosters")
struct RosterTests {
    private let signer = Curve25519.Signing.PrivateKey()
    private let key = RosterKey(bytes: [UInt8](repeating: 0x5A, count: 32))

    private func entry(_ index: Int) -> Roster.Entry {
        Roster.Entry(
            holder: HolderHash(holderNumber: "2026\(index)", key: key), account: UInt64(index),
            cardSerial: UInt32(index),
            status: Roster.Status(rawValue: UInt8(index % 3)) ?? .mayActivate,
            card: index % 3 == 0 ? .none : CardTag(uid: [4, UInt8(index & 255), UInt8(index >> 8), 1], key: key))
    }

    @Test("A signed roster is read back the same")
    func roundTrip() throws {
        for count in [0, 1, 2, 77] {
            let roster = Roster(version: 9, issuedMilliseconds: -5, entries: (0..<count).map(entry))
            let bytes = try roster.signed(by: signer)
            #expect(bytes.count == 32 + 40 * count + 64)
            let read = try Roster(verifying: bytes, with: signer.publicKey)
            #expect(read.version == 9 && read.issuedMilliseconds == -5 && read.entries == roster.entries)
        }
    }

    @Test("Every flipped bit and every cut of a roster is refused, and so is another ledger's")
    func damage() throws {
        let bytes = try Roster(version: 9, issuedMilliseconds: 5, entries: (0..<4).map(entry)).signed(by: signer)
        var tried = 0
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FeedError.self) { try Roster(verifying: flipped, with: signer.publicKey) }
            tried += 1
        }
        for length in 0..<bytes.count {
            #expect(throws: FeedError.self) { try Roster(verifying: Array(bytes[..<length]), with: signer.publicKey) }
            tried += 1
        }
        let stranger = Curve25519.Signing.PrivateKey().publicKey
        #expect(throws: FeedError.badSignature) { try Roster(verifying: bytes, with: stranger) }
        print("roster: \(tried) flips and cuts, all refused")
    }

    @Test("Signed nonsense is malformed: wrong count, unknown status, wrong order, an account twice")
    func signedNonsense() throws {
        let good = try Roster(version: 9, issuedMilliseconds: 5, entries: (0..<4).map(entry)).signed(by: signer)
        let body = Array(good.dropLast(64))
        func resigned(_ change: (inout [UInt8]) -> Void) throws -> [UInt8] {
            var changed = body
            change(&changed)
            return changed + Array(try signer.signature(for: changed))
        }
        let nonsense = [
            try resigned { $0[24] = 5 }, try resigned { $0[27] = 0xFF }, try resigned { $0[32 + 28] = 3 },
            try resigned { $0.replaceSubrange(32..<72, with: body[72..<112]) },
            try resigned { $0.replaceSubrange(32..<112, with: body[72..<112] + body[32..<72]) },
            try resigned { $0.append(0) },
        ]
        for bytes in nonsense {
            #expect(throws: FeedError.malformed) { try Roster(verifying: bytes, with: signer.publicKey) }
        }
        try #expect(Roster(verifying: resigned { _ in }, with: signer.publicKey).entries.count == 4)
    }

    @Test("A delta has the bytes that its format says")
    func deltaBytes() throws {
        let delta = RosterDelta(
            base: 9, version: 12, issuedMilliseconds: 5, entries: [entry(1)], removals: [entry(2).holder], totalAfter: 3
        )
        let bytes = try delta.signed(by: signer)
        let row = entry(1)
        #expect(
            bytes.dropLast(64).hex()
                == Array("YKROSTD1".utf8).hex() + "0900000000000000" + "0c00000000000000" + "0500000000000000"
                + "01000000" + "01000000" + "03000000" + "00000000" + row.holder.bytes.hex() + "0100000000000000"
                + "01000000" + "01000000" + row.card.bytes.hex() + entry(2).holder.bytes.hex())
        #expect(try RosterDelta(verifying: bytes, with: signer.publicKey) == delta)
        #expect(delta.entries == [row])
    }

    @Test("Thousands of deltas one after the other lead to the same as one snapshot")
    func chain() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let holders = (0..<60).map { entry($0).holder }
        var model: [HolderHash: Roster.Entry] = [:]
        var roster = Roster(version: 0, issuedMilliseconds: 0, entries: [])
        let steps = 3000
        for step in 1...UInt64(steps) {
            var changed: [HolderHash: Roster.Entry] = [:]
            var removed: Set<HolderHash> = []
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let index = Int.random(in: 0..<60, using: &random)
                var next = entry(index)
                next.cardSerial = .random(in: 0...9, using: &random)
                if Bool.random(using: &random) {
                    changed[holders[index]] = next
                } else {
                    removed.insert(holders[index])
                }
            }
            removed.subtract(changed.keys)
            for (holder, entry) in changed { model[holder] = entry }
            for holder in removed { model[holder] = nil }
            let delta = RosterDelta(
                base: step - 1, version: step, issuedMilliseconds: Int64(step), entries: Array(changed.values),
                removals: Array(removed), totalAfter: model.count)
            try roster.apply(RosterDelta(verifying: try delta.signed(by: signer), with: signer.publicKey))
            #expect(roster.version == step && roster.count == model.count)
            if step.isMultiple(of: 20) {
                #expect(roster.entries == model.values.sorted { $0.holder < $1.holder }, "step \(step)")
            }
        }
        print("roster chain: seed \(seed), \(steps) deltas")
    }

    @Test("A delta for another base, or after which the count would not come out, is refused")
    func misfits() throws {
        let roster = Roster(version: 9, issuedMilliseconds: 5, entries: (0..<4).map(entry))
        func apply(_ base: UInt64, _ total: Int) throws -> Roster {
            try roster.applying(
                RosterDelta(
                    base: base, version: 20, issuedMilliseconds: 0, entries: [entry(3), entry(4)],
                    removals: [entry(0).holder, entry(7).holder], totalAfter: total))
        }
        #expect(throws: FeedError.otherBase(8, held: 9)) { try apply(8, 4) }
        #expect(throws: FeedError.contradiction(expected: 5, found: 4)) { try apply(9, 5) }
        #expect(try apply(9, 4).entries == (1..<5).map(entry).sorted { $0.holder < $1.holder })
    }

    @Test("Bisection finds what a search from end to end finds, and nothing else")
    func bisection() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var lookups = 0
        for count in [0, 1, 2, 3, 4, 7, 8, 9, 100, 500] {
            let roster = Roster(
                version: 1, issuedMilliseconds: 0, entries: (0..<count).map(entry).shuffled(using: &random))
            for index in 0..<count + 20 {
                let holder = entry(index).holder
                #expect(roster.entry(of: holder) == roster.entries.first { $0.holder == holder })
                #expect((roster.entry(of: holder) != nil) == (index < count))
                lookups += 1
            }
        }
        print("bisection: seed \(seed), \(lookups) lookups")
    }

    @Test("Hashes depend on the key and the number, have the right size, and no key prints")
    func hashes() {
        let other = RosterKey(bytes: [UInt8](repeating: 0x5B, count: 32))
        let hash = HolderHash(holderNumber: "20260001", key: key)
        #expect(hash == HolderHash(holderNumber: "20260001", key: key))
        #expect(hash != HolderHash(holderNumber: "20260002", key: key))
        #expect(hash != HolderHash(holderNumber: "20260001", key: other))
        #expect(hash.bytes.count == HolderHash.size && HolderHash(bytes: [1]) == nil && CardTag(bytes: [1]) == nil)
        #expect("\(key)" == "RosterKey(hidden)")
    }
}
