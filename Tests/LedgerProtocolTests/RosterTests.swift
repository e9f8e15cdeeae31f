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
