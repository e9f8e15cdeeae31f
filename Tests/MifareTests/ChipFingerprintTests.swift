import Mifare
import Platform
import Simulator
import Testing

/// A block 0 and what is to be said of it.
struct PrintedChip: Sendable, CustomTestStringConvertible {
    let block: String
    /// What the card answers its selection with; by default what block 0 begins with.
    let uid: String
    let size: ClassicSize?
    let hints: CloneHints

    init(_ block: String, uidLength: Int = 4, _ size: ClassicSize?, _ hints: CloneHints = []) {
        self.init(block, uid: String(block.prefix(uidLength * 2)), size, hints)
    }

    init(_ block: String, uid: String, _ size: ClassicSize?, _ hints: CloneHints = []) {
        (self.block, self.uid, self.size, self.hints) = (block, uid, size, hints)
    }

    var testDescription: String { "\(block) \(hints)" }
}

/// Nobody's cards: the UIDs are those of Proxmark3's notes on block 0. The makers' bytes are as published there, in
/// libnfc's issue 271 and in public dumps; those with digits counting up are invented.
private let genuine = [
    // NXP 1K before EV1: tails 45 to 48, 85, C0, C1.
    PrintedChip("11223344448804004791234567890123", .oneK),
    PrintedChip("11223344448804008512345678901234", .oneK),
    PrintedChip("1122334444880400c08e1dd341903312", .oneK),
    // NXP 1K EV1 with a 4-byte number.
    PrintedChip("1122334444880400c844002000000015", .oneK),
    PrintedChip("1122334444880400c823002000000018", .oneK),
    // NXP 1K EV1 with 7 bytes, NXP 4K, 4K EV1 with 7 bytes, Mini.
    PrintedChip("04112233445566884400c82000000000", uidLength: 7, .oneK),
    PrintedChip("1122334444980200648f761451103711", .fourK),
    PrintedChip("04112233445566984200e32000000000", uidLength: 7, .fourK),
    PrintedChip("11223344448904004791234567890123", .mini),
    // By structure: Infineon's 1K, which answers 88 to the selection too; Plus 4K and 2K with either kind of ATQA.
    PrintedChip("1122334444880400c18514d04d504412", .oneK),
    PrintedChip("04112233445566184400123456789012", uidLength: 7, .fourK),
    PrintedChip("04112233445566084200123456789012", uidLength: 7, .oneK),
    // NXP EV1 with 7 bytes set to answer with a random number, and with a fixed one derived from its UID.
    PrintedChip("04112233445566884400c82000000000", uid: "08a1b2c3", .oneK),
    PrintedChip("04112233445566884400c82000000000", uid: "1fa1b2c3", .oneK),
]

private let odd = [
    // Fudan FM11RF08S and FM11RF08, and writable chips with "bcdefghi" (Proxmark3's notes on magic cards).
    PrintedChip("112233444408040004599225bf5f7090", .oneK, .knownCloneMaker),
    PrintedChip("112233444408040002541711537fda1d", .oneK, .knownCloneMaker),
    PrintedChip("11223344440804000512345678901291", .oneK, .knownCloneMaker),
    PrintedChip("11223344440804000312345678901298", .oneK, .knownCloneMaker),
    PrintedChip("11223344440804006263646566676869", .oneK, .knownCloneMaker),
    PrintedChip("11223344441802006263646566676869", .fourK, .knownCloneMaker),
    PrintedChip("04112233445566084400626364656667", uidLength: 7, .oneK, .knownCloneMaker),
    // A check byte that does not fit, as after somebody edited the UID by hand.
    PrintedChip("1122334445880400c844002000000015", .oneK, .checkByteWrong),
    // "csetuid 01020304 0044 08": a 4-byte UID under the type bytes of a 7-byte one, as that tool leaves it.
    PrintedChip("0102030404084400c18514d04d504412", .oneK, .typeMismatch),
    // A 1K's type byte with a 4K's answer to the first call, the other way round, and a DESFire's.
    PrintedChip("1122334444880200c844002000000015", .oneK, .typeMismatch),
    PrintedChip("1122334444980400c844002000000015", .fourK, .typeMismatch),
    PrintedChip("1122334444200400c844002000000015", nil, .typeMismatch),
    PrintedChip("1122334444090200c844002000000015", .mini, .typeMismatch),
    PrintedChip("1122334444080100c844002000000015", .oneK, .typeMismatch),
    // 7 bytes of UID under the type bytes of 4.
    PrintedChip("04112233445566880400c82000000000", uidLength: 7, .oneK, .typeMismatch),
    // A chip whose UID was changed beside block 0, and one that only plays a random number, without NXP's block 0.
    PrintedChip("1122334444880400c844002000000015", uid: "55667788", .oneK, .uidMismatch),
    PrintedChip("04112233445566884400c82000000000", uid: "04112233445577", .oneK, .uidMismatch),
    PrintedChip("1122334444880400c844002000000015", uid: "08667788", .oneK, .uidMismatch),
    // A block 0 of nothing, as on a chip that can be written once.
    PrintedChip("00000000000000000000000000000000", nil, .typeMismatch),
]

@Suite("What block 0 says")
struct ChipFingerprintTests {
    private func fingerprint(_ chip: PrintedChip) throws -> ChipFingerprint {
        let block = try #require([UInt8](hex: chip.block).flatMap(Block.init))
        let uid = try #require([UInt8](hex: chip.uid).flatMap(CardUID.init))
        return try #require(ChipFingerprint(block0: block, uid: uid))
    }

    @Test("of a genuine chip gives its size and no hint", arguments: genuine)
    func genuineChips(_ chip: PrintedChip) throws {
        let found = try fingerprint(chip)
        #expect(found.hints == [], "\(found.hints)")
        #expect(found.size == chip.size)
    }

    @Test("of a copy gives the hint that fits, and the size still", arguments: odd)
    func oddChips(_ chip: PrintedChip) throws {
        let found = try fingerprint(chip)
        #expect(found.hints == chip.hints, "\(found.hints)")
        #expect(found.size == chip.size)
    }

    @Test("is taken apart by the UID's length")
    func fields() throws {
        let four = try fingerprint(genuine[3])
        #expect(four.uid.bytes.hex() == "11223344" && four.checkByte == 0x44)
        #expect(four.sak == 0x88 && four.atqa == 0x0004 && four.makersBytes.hex() == "c844002000000015")
        let seven = try fingerprint(genuine[5])
        #expect(seven.uid.bytes.hex() == "04112233445566" && seven.checkByte == nil)
        #expect(seven.sak == 0x88 && seven.atqa == 0x0044 && seven.makersBytes.hex() == "c82000000000")
        #expect(try fingerprint(genuine[12]).uid.bytes.hex() == "04112233445566")
        let ten = try #require(CardUID([UInt8](repeating: 4, count: 10)))
        #expect(ChipFingerprint(block0: .zero, uid: ten) == nil)
    }

    @Test("of the simulator's own cards is without a hint, in every size and with both lengths of UID")
    func simulatedCards() throws {
        for size in ClassicSize.allCases {
            for bytes in [[0x12, 0x34, 0x56, 0x78], [0x04, 1, 2, 3, 4, 5, 6]] as [[UInt8]] {
                let uid = try #require(CardUID(bytes))
                let chip = ClassicChip(factory: size, uid: uid)
                let block = try #require(Block(chip.content(of: 0)))
                let found = try #require(ChipFingerprint(block0: block, uid: uid))
                #expect(found.hints == [])
                // Type bytes do not tell a Plus 2K from a 1K.
                #expect(found.size == (size == .twoK ? .oneK : size))
            }
        }
    }

    @Test("is read from any bytes without a trap")
    func arbitraryBytes() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var odd = 0
        for _ in 0..<5000 {
            let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let uid = try #require(CardUID(Array(bytes[..<(Bool.random(using: &random) ? 4 : 7)])))
            let block = try #require(Block(bytes))
            let found = try #require(ChipFingerprint(block0: block, uid: uid))
            #expect(!found.hints.contains(.uidMismatch))
            odd += found.hints.isEmpty ? 0 : 1
        }
        print("block 0: 5000 of random bytes (seed \(seed)), \(odd) odd")
        // Type bytes that fit are rarer than one in a thousand.
        #expect(odd > 4900)
    }
}

@Suite("Clone hints")
struct CloneHintsTests {
    @Test("keep the bits and names that records hold")
    func stable() {
        let records: [(UInt16, String)] = [
            (1, "uid-mismatch"), (2, "check-byte-wrong"), (4, "type-mismatch"), (8, "known-clone-maker"),
            (16, "default-keys-open"), (32, "sequence-fork"), (64, "reset"),
        ]
        #expect(CloneHints.all.map(\.rawValue) == records.map(\.0))
        for (bit, name) in records {
            #expect(CloneHints(rawValue: bit).names == [name])
            #expect(CloneHints(name: name) == CloneHints(rawValue: bit))
        }
        #expect(CloneHints(name: "clone") == nil)
    }

    @Test("are listed in the order of their bits, each with a sentence, and none that a later version set is lost")
    func listed() {
        let hints: CloneHints = [.reset, .uidMismatch, CloneHints(rawValue: 0x8000)]
        #expect(hints.names == ["uid-mismatch", "reset", "hint-15"])
        #expect("\(hints)" == "uid-mismatch reset hint-15")
        for number in UInt16.min ... .max {
            let hints = CloneHints(rawValue: number)
            guard hints.names.count == number.nonzeroBitCount else {
                Issue.record("\(number): \(hints.names)")
                continue
            }
        }
        let sentences = CloneHints(rawValue: .max).sentences
        #expect(sentences.count == 16 && sentences.allSatisfy { $0.hasSuffix(".") })
        #expect(Set(sentences.prefix(7)).count == 7)
    }
}
