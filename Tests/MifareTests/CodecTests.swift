import Mifare
import Platform
import Testing

@Suite struct CodecTests {
    @Test("The trailer of a big sector is governed by the trailer's condition, its data by groups of five")
    func bigSectors() {
        for sector in 32..<40 {
            let blocks = ClassicSize.blocks(ofSector: sector)
            #expect(blocks.count == 16)
            #expect(blocks.map(ClassicSize.accessGroup(ofBlock:)) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3])
            #expect(ClassicSize.trailer(ofSector: sector) == blocks.lowerBound + 15)
        }
    }

    @Test("Sectors tile the blocks of every size, each with one trailer at its end")
    func geometry() {
        for size in ClassicSize.allCases {
            let blocks = (0..<size.sectors).flatMap { Array(ClassicSize.blocks(ofSector: $0)) }
            #expect(blocks == Array(0..<size.blocks))
            #expect(blocks.filter(ClassicSize.isTrailer).count == size.sectors)
            #expect(blocks.allSatisfy { ClassicSize.blocks(ofSector: ClassicSize.sector(ofBlock: $0)).contains($0) })
            #expect(ClassicSize(bytes: size.bytes) == size)
        }
    }

    @Test("A key that is missing or has another length than 6 bytes is no key, so it cannot be written as zeros")
    func keyLengths() {
        for length in 0...20 where length != SectorKey.length {
            #expect(SectorKey([UInt8](repeating: 0, count: length)) == nil)
        }
        #expect(SectorKey(hex: "") == nil)
        #expect(SectorKey(hex: "ffffffffff") == nil)
        #expect(SectorKey(hex: "not a key...") == nil)
        #expect(SectorKey(hex: "FFFFFFFFFFFF") == .factory)
    }

    @Test("Keys, master keys and trailers show nothing of themselves when printed, dumped or interpolated")
    func keysNeverPrint() throws {
        let key = try #require(SectorKey(hex: "a1a2a3a4a5a6"))
        let master = try #require(MasterKey([UInt8](repeating: 0xA1, count: 16)))
        let trailer = try SectorTrailer(keyA: key, accessBits: .transport, keyB: key)
        var shown = "\(key) \(master) \(trailer) \(String(reflecting: key)) \(String(reflecting: trailer))"
        dump(key, to: &shown)
        dump(master, to: &shown)
        dump(trailer, to: &shown)
        for secret in ["a1", "A1", "161", "162"] { #expect(!shown.contains(secret)) }
    }
}
