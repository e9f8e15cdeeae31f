import Mifare
import Platform
import Testing

/// DS-MFC tables 7 and 8, copied from the data sheet as text, so that what the code says is read against the sheet.
private struct Sheet {
    /// C1 C2 C3, then who may read, write, increment, and decrement, transfer or restore.
    private static let dataTable = """
        000 AB AB AB AB
        010 AB -  -  -
        100 AB B  -  -
        110 AB B  B  AB
        001 AB -  -  AB
        011 B  B  -  -
        101 B  -  -  -
        111 -  -  -  -
        """

    /// C1 C2 C3, then who may write key A, read and write the access bits, read and write key B.
    private static let trailerTable = """
        000 A  A  -  A  A
        010 -  A  -  A  -
        100 B  AB -  -  B
        110 -  AB -  -  -
        001 A  A  A  A  A
        011 B  AB B  -  B
        101 -  AB B  -  -
        111 -  AB -  -  -
        """

    let data = rows(dataTable)
    let trailer = rows(trailerTable)

    private static func rows(_ table: String) -> [UInt8: [KeyUse]] {
        let uses: [Substring: KeyUse] = ["AB": .aOrB, "A": .a, "B": .b, "-": .never]
        let rows = table.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (UInt8(row[0], radix: 2) ?? 0xFF, row.dropFirst().compactMap { uses[$0] })
            })
    }

    func isKeyBReadable(_ conditions: [UInt8]) -> Bool { trailer[conditions[3]]?[3] != .never }

    /// What the sheet allows of reading, writing, incrementing and decrementing in data group `group`: where key B can
    /// be read it cannot serve for authentication (the note under table 8).
    func data(_ conditions: [UInt8], group: Int) -> [KeyUse] {
        let row = data[conditions[group]] ?? []
        return isKeyBReadable(conditions) ? row.map { $0.subtracting(.b) } : row
    }

    /// The same of the trailer as a block.
    func trailer(_ conditions: [UInt8]) -> [KeyUse] {
        let row = trailer[conditions[3]] ?? []
        let whole = [KeyUse.a, .b].filter { key in [0, 2, 4].allSatisfy { row[$0].contains(key) } }
        return [row[1], whole.first ?? .never, .never, .never]
    }

    /// Bytes 6 to 8, bit by bit as in the data sheet's figure of the access bits.
    func bytes(_ conditions: [UInt8]) -> [UInt8] {
        func bit(_ number: Int, _ group: Int) -> Int { Int(conditions[group] >> (3 - number)) & 1 }
        var bytes = [0, 0, 0]
        for group in 0..<4 {
            bytes[0] |= (1 - bit(1, group)) << group | (1 - bit(2, group)) << (group + 4)
            bytes[1] |= (1 - bit(3, group)) << group | bit(1, group) << (group + 4)
            bytes[2] |= bit(2, group) << group | bit(3, group) << (group + 4)
        }
        return bytes.map(UInt8.init)
    }
}

@Suite("Access bits")
struct AccessBitsTests {
    private let sheet = Sheet()
    private let combinations = (0..<4096).map { number in (0..<4).map { UInt8(number >> ($0 * 3) & 7) } }

    @Test("All 4096 combinations of access conditions are encoded as the data sheet draws them, and decoded again")
    func roundTrip() throws {
        var encodings: Set<[UInt8]> = []
        for conditions in combinations {
            let bits = try #require(AccessBits(conditions: conditions))
            #expect(bits.bytes == sheet.bytes(conditions))
            #expect(AccessBits(decoding: bits.bytes) == bits)
            encodings.insert(bits.bytes)
        }
        print("access bits: \(encodings.count) encodings")
        #expect(encodings.count == 4096)
    }

    @Test("Access bits with any single bit flipped are refused, because copy and complement disagree")
    func flipped() throws {
        var tried = 0
        for conditions in combinations {
            let bits = try #require(AccessBits(conditions: conditions))
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
    func transport() {
        #expect(AccessBits.transport.bytes == [0xFF, 0x07, 0x80])
        #expect(AccessBits(decoding: [0xFF, 0x07, 0x80]) == .transport)
        #expect(AccessBits(decoding: [0, 0, 0]) == nil)
        #expect(AccessBits(decoding: [0xFF, 0x07]) == nil)
        #expect(AccessBits(conditions: [0, 0, 0, 8]) == nil)
        #expect(AccessBits(conditions: [0, 0, 0]) == nil)
    }

    @Test("Every part of a trailer has the permissions of the data sheet's table")
    func trailerParts() throws {
        for condition in UInt8(0)..<8 {
            let rule = try #require(AccessBits(conditions: [0, 0, 0, condition])).trailerPermissions
            let parts = [rule.writeKeyA, rule.readAccessBits, rule.writeAccessBits, rule.readKeyB, rule.writeKeyB]
            #expect(parts == sheet.trailer[condition])
        }
    }

    @Test("For every combination, block and operation the keys are those of the data sheet, in big sectors too")
    func keyUses() throws {
        var tried = 0
        var allowed = 0
        for conditions in combinations {
            let bits = try #require(AccessBits(conditions: conditions))
            #expect(bits.isKeyBReadable == sheet.isKeyBReadable(conditions))
            for (sector, groups) in [(1, [0, 1, 2, 3]), (32, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3])] {
                for (group, block) in zip(groups, ClassicSize.blocks(ofSector: sector)) {
                    let expected = group == 3 ? sheet.trailer(conditions) : sheet.data(conditions, group: group)
                    for (operation, use) in zip(BlockOperation.allCases, expected) {
                        let found = bits.keyUse(for: operation, block: block)
                        if found != use { Issue.record("\(bits), block \(block), \(operation): \(found), not \(use)") }
                        tried += 1
                        allowed += use.isEmpty ? 0 : 1
                    }
                }
            }
        }
        print("access bits: \(tried) permissions as in the data sheet, \(allowed) of them allowed to some key")
        #expect(tried == 4096 * 20 * 4)
    }

    @Test("The key to authenticate with is A where either will do, and none where nothing is allowed")
    func preferredKey() {
        #expect(KeyUse.aOrB.preferred == .a)
        #expect(KeyUse.a.preferred == .a)
        #expect(KeyUse.b.preferred == .b)
        #expect(KeyUse.never.preferred == nil)
    }

    @Test("The manufacturer's block is never written, and blocks that no card has allow nothing")
    func outsideBlocks() {
        let open = AccessBits.transport
        #expect(open.keyUse(for: .read, block: 0) == .a)
        for operation in BlockOperation.allCases where operation != .read {
            #expect(open.keyUse(for: operation, block: 0) == .never)
            #expect(open.keyUse(for: operation, block: 1) == .a)
        }
        for block in [Int.min, -16, -1, 256, 4096, .max] {
            for operation in BlockOperation.allCases {
                #expect(open.keyUse(for: operation, block: block) == .never)
            }
        }
    }

    @Test("Of all 4096 combinations, those from which nobody gets out again are refused, and the error says why")
    func traps() throws {
        var accepted = 0
        var refused: [String: Int] = [:]
        for conditions in combinations {
            let bits = try #require(AccessBits(conditions: conditions))
            let rows = (0..<3).map { sheet.data[conditions[$0]] ?? [] }
            let isTrap = sheet.isKeyBReadable(conditions) && rows.contains { $0.contains(.b) }
            let isUnreadable = (0..<3).contains { sheet.data(conditions, group: $0)[0].isEmpty }
            let isFrozen = [0, 2, 4].allSatisfy { sheet.trailer[conditions[3]]?[$0] == .never }
            let reason = isTrap ? "needs key B" : isUnreadable ? "may read data" : isFrozen ? "ever change" : nil
            do {
                _ = try SectorTrailer(keyA: .factory, accessBits: bits, keyB: .factory)
                #expect(reason == nil, "\(bits)")
                accepted += 1
            } catch {
                let reason = try #require(reason, "\(bits) refused: \(error)")
                #expect("\(error)".contains(reason) && "\(error)".contains(bits.description))
                refused[reason, default: 0] += 1
            }
        }
        let reasons = refused.sorted { $0.key < $1.key }.map { "\($0.value) '\($0.key)'" }.joined(separator: ", ")
        print("trailers: \(accepted) of 4096 accepted, \(refused.values.reduce(0, +)) refused: \(reasons)")
        // Readable key B: 3³ data conditions for each of 000 and 001; hidden: 7³ for each of 100, 011 and 101.
        #expect(accepted == 2 * 27 + 3 * 343)
        #expect(refused.count == 3)
    }

    @Test("A trap names the data group that it lies in")
    func trapsNameGroups() throws {
        func trap(_ conditions: [UInt8]) throws -> SectorTrap? {
            try #require(AccessBits(conditions: conditions)).trap
        }
        #expect(try trap([0b000, 0b000, 0b111, 0b011]) == .dataUnreadable(group: 2))
        #expect(try trap([0b000, 0b110, 0b000, 0b001]) == .needsReadableKeyB(group: 1))
        #expect(try trap([0b000, 0b000, 0b000, 0b111]) == .frozen)
        // The application's own: key A reads, key B writes and changes the trailer; and a new card's.
        #expect(try trap([0b100, 0b100, 0b100, 0b011]) == nil)
        #expect(AccessBits.transport.trap == nil)
    }
}
