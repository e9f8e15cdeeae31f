import Crypto
import FoundationEssentials
import Platform
import Testing

@testable import LedgerProtocol

/// Every feed read as every other, so that nothing but its own bytes is ever one.
@Suite("Malformed feeds")
struct FeedMalformationTests {
    private let signer = Curve25519.Signing.PrivateKey()

    private func holder(_ index: Int) -> HolderHash {
        HolderHash(holderNumber: "2026\(index)", key: RosterKey(bytes: [UInt8](repeating: 1, count: 32)))
    }

    private func entry(_ index: Int) -> Roster.Entry {
        Roster.Entry(holder: holder(index), account: UInt64(index), cardSerial: 1, status: .mayActivate, card: .none)
    }

    private func samples() throws -> [[UInt8]] {
        let tags = (1...4).map { CardTag(number: UInt64($0) << 40) }
        return [
            try Roster(version: 3, issuedMilliseconds: 1, entries: (0..<3).map(entry)).signed(by: signer),
            try RosterDelta(
                base: 3, version: 4, issuedMilliseconds: 1, entries: (2..<4).map(entry),
                removals: [holder(0), holder(9)],
                totalAfter: 3
            ).signed(by: signer),
            try Hotlist(version: 3, issuedMilliseconds: 1, tags: tags).signed(by: signer),
            try HotlistDelta(
                base: 3, version: 4, issuedMilliseconds: 1, added: Array(tags[..<2]), removed: Array(tags[2...]),
                totalAfter: 2
            ).signed(by: signer),
            try SettingsFeed(version: 3, issuedMilliseconds: 1, settings: .init(heartbeatMilliseconds: 5000))
                .signed(by: signer),
        ]
    }

    /// How many of the five readers accept `bytes`; they may throw what they like, and must not trap.
    private func accepted(_ bytes: [UInt8]) -> Int {
        let key = signer.publicKey
        let roster = try? Roster(verifying: bytes, with: key)
        // Whatever is accepted can be used.
        _ = roster?.entries
        let rosterDelta = try? RosterDelta(verifying: bytes, with: key)
        if let rosterDelta {
            _ = try? Roster(version: rosterDelta.base, issuedMilliseconds: 0, entries: []).applying(rosterDelta)
        }
        let hotlist = try? Hotlist(verifying: bytes, with: key)
        _ = hotlist?.tags
        let hotlistDelta = try? HotlistDelta(verifying: bytes, with: key)
        if let hotlistDelta {
            var list = Hotlist(version: hotlistDelta.base, issuedMilliseconds: 0, tags: [])
            try? list.apply(hotlistDelta)
        }
        let settings = try? SettingsFeed(verifying: bytes, with: key)
        return [roster != nil, rosterDelta != nil, hotlist != nil, hotlistDelta != nil, settings != nil].count { $0 }
    }

    @Test("Each feed is read as what it is, and as nothing else")
    func oneReaderEach() throws {
        for sample in try samples() { #expect(accepted(sample) == 1) }
        for bytes in [[], Array("YKHOTLS1".utf8), [UInt8](repeating: 0, count: 96)] { #expect(accepted(bytes) == 0) }
    }

    @Test("Every cut and every flipped bit is refused, and so is another ledger's")
    func damage() throws {
        var tried = 0
        for sample in try samples() {
            for length in 0..<sample.count {
                #expect(accepted(Array(sample[..<length])) == 0)
                tried += 1
            }
            for bit in stride(from: 0, to: sample.count * 8, by: 3) {
                var flipped = sample
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(accepted(flipped) == 0)
                tried += 1
            }
        }
        let stranger = Curve25519.Signing.PrivateKey().publicKey
        let list = try samples()[2]
        #expect(throws: FeedError.badSignature) { try Hotlist(verifying: list, with: stranger) }
        print("feeds: \(tried) cuts and flips, all refused")
    }

    @Test("Nonsense that the ledger itself signed is refused or can be used, and never traps, whatever its counts")
    func signedNonsense() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let samples = try samples().map { Array($0.dropLast(64)) }
        var kept = 0
        let rounds = 4000
        for round in 0..<rounds {
            var bytes = samples[round % samples.count]
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                // Counts and lengths lie between bytes 24 and 48; these are absurd.
                let counts: [UInt32] = [.max, .max / 8 + 1, .max / 40 + 1, 1 << 31, 0]
                let count = counts.randomElement(using: &random) ?? 0
                bytes.store(count, at: [24, 32, 36, 40].randomElement(using: &random) ?? 24)
            case 1: bytes.removeLast(.random(in: 0...bytes.count, using: &random))
            case 2:
                bytes += (0..<Int.random(in: 1...80, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            default:
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[.random(in: 8..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            let count = accepted(bytes + Array(try signer.signature(for: bytes)))
            #expect(count <= 1)
            kept += count
        }
        print("signed nonsense: seed \(seed), \(rounds) tried, \(kept) still feeds, none trapped")
    }

    @Test("Tags out of order or twice, a tag added and removed, and a delta that leads nowhere are malformed")
    func disorder() throws {
        func sign(_ header: String, _ fields: [UInt64], _ tags: [UInt64]) throws -> [UInt8] {
            var bytes = Array(header.utf8) + [UInt8](repeating: 0, count: fields.count * 8)
            for (index, field) in fields.enumerated() { bytes.store(field, at: 8 + index * 8) }
            for tag in tags { bytes += CardTag(number: tag).bytes }
            return bytes + Array(try signer.signature(for: bytes))
        }
        for tags in [[2, 1], [1, 1], [1, 3, 2]] as [[UInt64]] {
            let snapshot = try sign("YKHOTLS1", [1, 0, UInt64(tags.count)], tags)
            #expect(throws: FeedError.malformed) { try Hotlist(verifying: snapshot, with: signer.publicKey) }
        }
        let cases: [(UInt64, UInt64, Int, [UInt64])] = [
            (1, 2, 2, [2, 1]), (1, 2, 0, [2, 1]), (1, 2, 1, [7, 7]), (2, 2, 1, [7, 8]), (3, 2, 1, [7, 8]),
        ]
        for (base, version, added, tags) in cases {
            let counts = UInt64(added) | UInt64(tags.count - added) << 32
            let delta = try sign("YKHOTLD1", [base, version, 0, counts, 0], tags)
            #expect(throws: FeedError.malformed) { try HotlistDelta(verifying: delta, with: signer.publicKey) }
        }
        let sound = try sign("YKHOTLD1", [1, 2, 0, 1 | 1 << 32, 0], [8, 7])
        #expect(try HotlistDelta(verifying: sound, with: signer.publicKey).removed == [CardTag(number: 7)])
    }

    @Test("Settings of a newer ledger are read as far as they are known, and senseless values are refused")
    func settings() throws {
        func read(_ json: String) throws -> TerminalSettings {
            let bytes = try SettingsFeed.signed(
                version: 2, issuedMilliseconds: 3, json: Array(json.utf8), by: signer)
            return try SettingsFeed(verifying: bytes, with: signer.publicKey).settings
        }
        #expect(try read("{}") == TerminalSettings())
        #expect(
            try read(#"{"heartbeatMilliseconds":1000,"colour":"red","menu":{"rice":1}}"#).heartbeatMilliseconds == 1000)
        for json in [
            "", "[]", "{", #"{"heartbeatMilliseconds":999}"#, #"{"heartbeatMilliseconds":"soon"}"#,
            #"{"heartbeatMilliseconds":60001}"#, #"{"heartbeatMilliseconds":1e300}"#, "\u{0}",
        ] { #expect(throws: FeedError.malformed, "\(json)") { try read(json) } }
        let bytes = try SettingsFeed.signed(version: 2, issuedMilliseconds: 3, json: [0xFF, 0xFE], by: signer)
        #expect(throws: FeedError.malformed) { try SettingsFeed(verifying: bytes, with: signer.publicKey) }
    }

    @Test("Acknowledgements of an older ledger, and heartbeats' answers without the optional fields, are understood")
    func olderLedger() throws {
        let old = #"{"acknowledged":9,"chainHead":"00","timeMilliseconds":7,"rosterVersion":2}"#
        #expect(
            try JSONDecoder().decode(Acknowledgement.self, from: Data(old.utf8))
                == Acknowledgement(acknowledged: 9, chainHead: "00", timeMilliseconds: 7, rosterVersion: 2))
        let new = Acknowledgement(
            acknowledged: 9, chainHead: "00", timeMilliseconds: 7, rosterVersion: 2, hotlistVersion: 3,
            settingsVersion: 4)
        #expect(try JSONDecoder().decode(Acknowledgement.self, from: try JSONEncoder().encode(new)) == new)
        #expect(new.feedVersions == FeedVersions(roster: 2, hotlist: 3, settings: 4))
    }
}
