import CampusCard
import DataFiles
import DeviceProfiles
import Foundation
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

@Suite("The campus application")
struct CampusCardTests {
    private let layout: CardLayout
    private let keys: FileKeyRing
    private let uid: CardUID
    private let identity = Identity(
        version: 1, status: .active, account: 0xABCD_1234_5678, cardSerial: 7, keyVersion: 1)

    init() throws {
        layout = try CardLayout.load(path: Repository.profiles + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: Repository.profiles + "/terminals/demo/keys.json5")
        uid = try #require(CardUID([0x04, 0x11, 0x22, 0x33]))
    }

    @Test("an identity and an allowance record read back as written")
    func roundTrip() throws {
        #expect(Identity(identity.block) == identity)
        var generator = SplitMix64(seed: 0x1CA2D)
        for _ in 0..<500 {
            let record = AllowanceRecord(
                sequence: UInt32.random(in: 0..<1 << 24, using: &generator),
                allowance: Fen(Int64.random(in: 0..<1 << 24, using: &generator)),
                terminal: UInt16.random(in: .min ... .max, using: &generator))
            let block = try #require(record.block(uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey))
            #expect(read(block, uid, identity) == record)
        }
    }

    @Test("no single bit of an allowance record, its identity or its UID can change unnoticed")
    func tampering() throws {
        let record = AllowanceRecord(sequence: 41, allowance: Fen(5000), terminal: 101)
        let block = try #require(record.block(uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey))
        var tried = 0
        for bit in 0..<128 {
            var bytes = block.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(read(Block(assembled: bytes), uid, identity) == nil)
            tried += 1
            var other = identity.block.bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            if let changed = Identity(Block(assembled: other)) {
                #expect(read(block, uid, changed) == nil)
                tried += 1
            }
        }
        for bit in 0..<32 {
            var bytes = uid.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let other = try #require(CardUID(bytes))
            #expect(read(block, other, identity) == nil)
            tried += 1
        }
        print("allowance record: \(tried) single-bit changes, all noticed")
    }

    private func read(_ block: Block, _ uid: CardUID, _ identity: Identity) -> AllowanceRecord? {
        AllowanceRecord(block, uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey)
    }

    @Test("of the two copies the valid one with the higher sequence counts")
    func copies() throws {
        let records = [
            AllowanceRecord(sequence: 9, allowance: Fen(300), terminal: 1),
            .init(sequence: 8, allowance: Fen(500), terminal: 2),
        ]
        let blocks = try records.map { try block($0) }
        #expect(copies(blocks).newest == records[0] && copies(blocks).newestIndex == 0)
        #expect(copies([.zero, blocks[1]]).newest == records[1])
        #expect(copies([blocks[0], .zero]).newest == records[0])
        #expect(copies([.zero, .zero]).newest == nil && copies([.zero, .zero]).newestIndex == nil)
    }

    @Test("two valid copies that are not neighbours give a card away that somebody has set back")
    func forks() throws {
        for (first, second, isForked) in [(9, 8, false), (8, 9, false), (9, 9, true), (9, 7, true), (5, 9, true)] {
            let blocks = try [first, second].map { sequence in
                try block(AllowanceRecord(sequence: UInt32(sequence), allowance: Fen(1), terminal: 1))
            }
            #expect(copies(blocks).isForked == isForked, "\(first) beside \(second)")
            #expect(!copies([blocks[0], .zero]).isForked)
        }
    }

    @Test("a sector is the card's application only once it is sealed")
    func seal() throws {
        let sector = try newSector()
        #expect(!copies([sector.data[1], .zero]).isSealed)
        #expect(copies([sector.data[1], sector.seal]).isSealed)
        #expect(copies([.zero, sector.seal]).isSealed)
    }

    @Test("what torn writes of ours can leave is recognised, whatever bits they leave; data of others is not")
    func leftovers() throws {
        let sector = try newSector()
        let whole = sector.data + [sector.seal]
        var generator = SplitMix64(seed: 0x1EF7)
        for _ in 0..<2000 {
            let left = whole.map { block in
                Block(assembled: block.bytes.map { $0 & UInt8.random(in: .min ... .max, using: &generator) })
            }
            #expect(sector.mayHaveLeft(left))
            var foreign = left.map(\.bytes)
            let place = (Int.random(in: 0..<3, using: &generator), Int.random(in: 0..<16, using: &generator))
            let bit: UInt8 = 1 << UInt8.random(in: 0..<8, using: &generator)
            guard whole[place.0].bytes[place.1] & bit == 0 else { continue }
            foreign[place.0][place.1] |= bit
            #expect(!sector.mayHaveLeft(foreign.map { Block(assembled: $0) }))
        }
        #expect(sector.mayHaveLeft([.zero, .zero, .zero]))
    }

    private func newSector() throws -> CampusSector {
        try #require(CampusSector(newCard: identity, uid: uid, layout: layout.ours, keys: keys))
    }

    private func block(_ record: AllowanceRecord) throws -> Block {
        try #require(record.block(uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey))
    }

    private func copies(_ blocks: [Block]) -> AllowanceCopies {
        AllowanceCopies(blocks, uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey)
    }

    @Test("our sector's access bits keep key B secret and writing to it alone")
    func accessBits() throws {
        let access = try #require(AccessBits(layout.ours))
        #expect(!access.isKeyBReadable)
        for group in 0..<3 {
            #expect(
                access.permissions(forGroup: group).read == .aOrB && access.permissions(forGroup: group).write == .b)
        }
        #expect(access.bytes == [0x78, 0x77, 0x88])
    }

    @Test("a key ring that lacks any key of the layout is found out before a card is touched")
    func missingKeys() throws {
        #expect(layout.keyMissing(from: keys) == nil)
        let ring = try String(contentsOfFile: Repository.profiles + "/terminals/demo/keys.json5", encoding: .utf8)
        for name in ["old.read", "transport", "yika.read", "yika.write", "yika.mac"] {
            let file = NSTemporaryDirectory() + "yika-ring-\(UUID()).json5"
            defer { try? FileManager.default.removeItem(atPath: file) }
            let changed = ring.replacingOccurrences(of: "\"\(name)\"", with: "\"other\"")
            try changed.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(layout.keyMissing(from: try FileKeyRing(path: file)) == "\(name) (version 1)")
        }
    }

    @Test("a layout that contradicts itself is refused, with the path to the value")
    func badLayouts() throws {
        let good = try String(contentsOfFile: Repository.profiles + "/cards/campus-2026.json5", encoding: .utf8)
        let cases = [
            ("candidates: [9, 10, 11, 4]", "candidates: [9, 3]", "ours.candidates"),
            ("candidates: [9, 10, 11, 4]", "candidates: []", "ours.candidates"),
            ("candidates: [9, 10, 11, 4]", "candidates: [40]", "ours.candidates"),
            ("offset: 0, length: 10", "offset: 8, length: 10", "old.holderNumber"),
            ("sector: 2, block: 0", "sector: 2, block: 3", "old.smallPurse.block"),
            ("dataAccess: \"100\"", "dataAccess: \"021\"", "ours.dataAccess"),
            ("trailerAccess: \"011\"", "trailerAccess: \"111\"", "ours.trailerAccess"),
            ("encoding: \"ascii\"", "encoding: \"utf8\"", "old.holderNumber.encoding"),
            ("number: 1,", "number: \"one\",", "number"),
        ]
        for (text, replacement, path) in cases {
            let file = NSTemporaryDirectory() + "yika-layout-\(UUID()).json5"
            defer { try? FileManager.default.removeItem(atPath: file) }
            #expect(good.contains(text))
            try good.replacingOccurrences(of: text, with: replacement).write(
                toFile: file, atomically: true, encoding: .utf8)
            do throws(DataFileError) {
                _ = try CardLayout.load(path: file)
                Issue.record("accepted: \(replacement)")
            } catch {
                #expect(error.file == file && error.path == path, "\(replacement): \(error)")
            }
        }
    }
}
