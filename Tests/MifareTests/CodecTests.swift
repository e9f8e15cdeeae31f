import Mifare
import Platform
import Testing

@Suite struct CodecTests {
    @Test("All 4096 combinations of access conditions survive encoding and decoding")
    func accessBitsRoundTrip() throws {
        var encodings: Set<[UInt8]> = []
        for number in 0..<4096 {
            let conditions = (0..<4).map { UInt8(number >> ($0 * 3) & 7) }
            let bits = try #require(AccessBits(conditions: conditions))
            #expect(AccessBits(decoding: bits.bytes) == bits)
            encodings.insert(bits.bytes)
        }
        print("access bits: \(encodings.count) encodings")
        #expect(encodings.count == 4096)
    }

    @Test("Access bits with any single bit flipped are refused, because copy and complement disagree")
    func flippedAccessBits() throws {
        var tried = 0
        for number in 0..<4096 {
            let bits = try #require(AccessBits(conditions: (0..<4).map { UInt8(number >> ($0 * 3) & 7) }))
            for bit in 0..<24 {
                var bytes = bits.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(AccessBits(decoding: bytes) == nil)
                tried += 1
            }
        }
        print("access bits: \(tried) single-bit faults refused")
    }

    @Test("The factory's access bits are FF 07 80, and zeros are no access bits")
    func transportAccessBits() {
        #expect(AccessBits.transport.bytes == [0xFF, 0x07, 0x80])
        #expect(AccessBits(decoding: [0xFF, 0x07, 0x80]) == .transport)
        #expect(AccessBits(decoding: [0, 0, 0]) == nil)
        #expect(AccessBits(decoding: [0xFF, 0x07]) == nil)
        #expect(AccessBits(conditions: [0, 0, 0, 8]) == nil)
    }

    @Test("Where key B is readable it allows nothing")
    func readableKeyBAllowsNothing() throws {
        for trailer in UInt8(0)..<8 {
            for data in UInt8(0)..<8 {
                let bits = try #require(AccessBits(conditions: [data, data, data, trailer]))
                #expect(bits.isKeyBReadable == [0b000, 0b010, 0b001].contains(trailer))
                guard bits.isKeyBReadable else { continue }
                let rule = bits.permissions(forGroup: 1)
                let uses = [rule.read, rule.write, rule.increment, rule.decrement]
                #expect(uses.allSatisfy { !$0.contains(.b) })
            }
        }
    }

    @Test("A value block's condition 110 lets key B write and key A only decrement")
    func valueBlockCondition() throws {
        let rule = try #require(AccessBits(conditions: [0b110, 0, 0, 0b011])).permissions(forGroup: 0)
        #expect(rule.write == .b)
        #expect(rule.increment == .b)
        #expect(rule.decrement == .aOrB)
    }

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

    @Test("A trailer that would lock its sector for ever is refused")
    func lockingTrailers() throws {
        func trailer(_ data: UInt8, _ trailer: UInt8) throws -> SectorTrailer {
            let bits = try #require(AccessBits(conditions: [data, data, data, trailer]))
            return try SectorTrailer(keyA: .factory, accessBits: bits, keyB: .factory)
        }
        // Nobody reads the data; nobody reads it because key B is readable; nobody changes the trailer any more.
        for (data, condition) in [(0b111, 0b011), (0b011, 0b001), (0b000, 0b010), (0b000, 0b110), (0b000, 0b111)] {
            #expect(throws: ClassicError.self) { try trailer(UInt8(data), UInt8(condition)) }
        }
        // The application's own: key A reads, key B writes, key B changes the trailer.
        _ = try trailer(0b100, 0b011)
        _ = try trailer(0b000, 0b001)
    }

    @Test("The published value block is made and read, and no single flipped bit is")
    func valueBlock() throws {
        let block = ValueBlock(value: 1_234_567, address: 17).block
        #expect(block.bytes.hex() == "87d612007829edff87d6120011ee11ee")
        #expect(ValueBlock(block) == ValueBlock(value: 1_234_567, address: 17))
        for bit in 0..<128 {
            var bytes = block.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(ValueBlock(try #require(Block(bytes))) == nil)
        }
        for value in [Int32.min, -1, 0, 1, .max] {
            #expect(ValueBlock(ValueBlock(value: value, address: 0).block)?.value == value)
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

    @Test("The ATR of a storage card tells its kind, whatever else it is told apart")
    func families() throws {
        func family(_ text: String) throws -> CardFamily { CardFamily(atr: try #require([UInt8](hex: text))) }
        #expect(try family("3B8F8001804F0CA000000306030001000000006A") == .classic(.oneK))
        #expect(try family("3B8F8001804F0CA0000003060300020000000069") == .classic(.fourK))
        #expect(try family("3B8F8001804F0CA000000306030026000000004D") == .classic(.mini))
        #expect(try family("3B8F8001804F0CA000000306030037000000005C") == .plusSL1(.fourK))
        #expect(try family("3B8F8001804F0CA0000003060300030000000068").classicSize == nil)
        #expect(try family("3B8180018080").classicSize == nil)
        #expect(CardFamily(atr: []).classicSize == nil)
    }
}
