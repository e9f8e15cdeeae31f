import Mifare
import Platform
import Testing

@Suite("A value block")
struct ValueBlockTests {
    @Test("is made and read as published, and with no single bit flipped")
    func published() throws {
        let block = ValueBlock(value: 1_234_567, address: 17).block
        #expect(block.bytes.hex() == "87d612007829edff87d6120011ee11ee")
        var refused = 0
        for value in [1_234_567, 0, -1, .max, .min, 350] as [Int32] {
            let block = ValueBlock(value: value, address: 17).block
            #expect(ValueBlock(block) == ValueBlock(value: value, address: 17))
            for bit in 0..<128 {
                var bytes = block.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                if ValueBlock(try #require(Block(bytes))) == nil { refused += 1 }
            }
        }
        print("value blocks: \(refused) single-bit faults refused")
        #expect(refused == 6 * 128)
    }

    @Test("that was torn between two values is neither of them by chance")
    func torn() throws {
        let old = ValueBlock(value: 350, address: 8).block.bytes
        let new = ValueBlock(value: 1_000_350, address: 8).block.bytes
        var decoded: Set<Int32> = []
        for cut in 0...16 {
            let block = try #require(Block(Array(new[..<cut] + old[cut...])))
            if let value = ValueBlock(block)?.value { decoded.insert(value) }
        }
        #expect(decoded == [350, 1_000_350])
    }

    @Test("changes by an amount and keeps its address, up to both ends of 32 bits")
    func changes() throws {
        let purse = ValueBlock(value: 350, address: 17)
        #expect(try purse.incremented(by: 50) == ValueBlock(value: 400, address: 17))
        #expect(try purse.decremented(by: 400) == ValueBlock(value: -50, address: 17))
        #expect(try ValueBlock(value: .max - 1, address: 0).incremented(by: 1).value == .max)
        #expect(try ValueBlock(value: .min + 1, address: 0).decremented(by: 1).value == .min)
        #expect(try ValueBlock(value: .min, address: 0).incremented(by: .max).value == -1)
    }

    @Test("that would leave 32 bits, or change by a negative amount, is an error with the figures in it")
    func overflow() {
        let full = ValueBlock(value: .max, address: 0)
        let empty = ValueBlock(value: .min, address: 0)
        #expect(throws: ValueBlockError.overflow(value: .max, change: 1)) { try full.incremented(by: 1) }
        #expect(throws: ValueBlockError.overflow(value: .min, change: -1)) { try empty.decremented(by: 1) }
        #expect(throws: ValueBlockError.overflow(value: .max, change: Int64(Int32.max))) {
            try full.incremented(by: .max)
        }
        for amount in [-1, Int32.min] {
            #expect(throws: ValueBlockError.negativeAmount(amount)) { try full.incremented(by: amount) }
            #expect(throws: ValueBlockError.negativeAmount(amount)) { try empty.decremented(by: amount) }
        }
    }
}
