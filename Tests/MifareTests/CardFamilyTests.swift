import Mifare
import Platform
import Simulator
import Testing

/// An ATR as a reader reports it, and what is to be made of it.
struct ReportedCard: Sendable, CustomTestStringConvertible {
    let atr: String
    let size: ClassicSize?
    let isSizeStated: Bool
    let mayBeClassic: Bool
    let description: String

    var testDescription: String { "\(atr) \(description)" }

    /// A storage card of standard 03, ISO 14443 A part 3.
    static func named(
        _ name: String, _ check: String, _ size: ClassicSize?, stated: Bool, maybe: Bool = true, _ description: String
    ) -> ReportedCard {
        ReportedCard(
            atr: "3b8f8001804f0ca00000030603\(name)00000000\(check)", size: size, isSizeStated: stated,
            mayBeClassic: maybe, description: description)
    }

    static func processor(_ atr: String, _ description: String) -> ReportedCard {
        ReportedCard(atr: atr, size: nil, isSizeStated: false, mayBeClassic: false, description: description)
    }
}

/// PC/SC part 3, pcsc-tools' list of ATRs, and what readers make up.
private let reported: [ReportedCard] = [
    .named("0001", "6a", .oneK, stated: true, "MIFARE Classic 1K"),
    .named("0002", "69", .fourK, stated: true, "MIFARE Classic 4K"),
    .named("0026", "4d", .mini, stated: true, "MIFARE Classic Mini"),
    .named("0036", "5d", .twoK, stated: true, "MIFARE Plus SL1, as Classic 2K"),
    .named("0037", "5c", .fourK, stated: true, "MIFARE Plus SL1, as Classic 4K"),
    .named("0003", "68", nil, stated: false, "MIFARE Ultralight"),
    .named("003a", "51", nil, stated: false, "MIFARE Ultralight C"),
    .named("003d", "56", nil, stated: false, "MIFARE Ultralight EV1"),
    .named("0038", "53", nil, stated: false, "MIFARE Plus SL2"),
    .named("0039", "52", nil, stated: false, "MIFARE Plus SL2"),
    .named("003b", "50", nil, stated: false, maybe: false, "FeliCa"),
    .named("f011", "8a", nil, stated: false, maybe: false, "FeliCa"),
    // Readers that did not recognise a Classic: id3, Infineon's 1K on ACS, SpringCard.
    .named("0000", "6b", .oneK, stated: false, "storage card of unknown name 0000, perhaps Classic 1K"),
    .named("ff88", "1c", .oneK, stated: false, "storage card of unknown name ff88, perhaps Classic 1K"),
    .named("ffa0", "34", .oneK, stated: false, "storage card of unknown name ffa0, perhaps Classic 1K"),
    .named("ff38", "ac", .fourK, stated: false, "storage card of unknown name ff38, perhaps Classic 4K"),
    .named("1234", "4d", .oneK, stated: false, "storage card of unknown name 1234, perhaps Classic 1K"),
    // The same without a standard, and type B, ISO 15693 and FeliCa by their standards.
    ReportedCard(
        atr: "3b8f8001804f0ca0000003060000000000000068", size: .oneK, isSizeStated: false, mayBeClassic: true,
        description: "storage card of unknown name 0000, perhaps Classic 1K"),
    .processor("3b8f8001804f0ca000000306070000000000006f", "storage card of another radio standard"),
    .processor("3b8f8001804f0ca0000003060b00140000000077", "storage card of another radio standard"),
    .processor("3b8f8001804f0ca00000030611003b0000000042", "FeliCa"),
    // OMNIKEY's older readers.
    ReportedCard(
        atr: "3bf59100ff918171fe400041080000000d", size: .oneK, isSizeStated: true,
        mayBeClassic: true, description: "MIFARE Classic 1K"),
    ReportedCard(
        atr: "3bf59100ff918171fe400041180000001d", size: .fourK, isSizeStated: true, mayBeClassic: true,
        description: "MIFARE Classic 4K"),
    ReportedCard(
        atr: "3bf59100ff918171fe400041880000008d", size: .oneK, isSizeStated: false, mayBeClassic: true,
        description: "storage card of unknown name ff88, perhaps Classic 1K"),
    ReportedCard(
        atr: "3bf59100ff918171fe4000410000000005", size: nil, isSizeStated: false, mayBeClassic: true,
        description: "MIFARE Ultralight"),
    .processor("3bf59100ff918171fe4000420001008186", "no contactless card that PC/SC knows"),
    // Cards with a processor.
    .processor("3b8180018080", "MIFARE DESFire"),
    .processor("3b86800106757781028000", "MIFARE DESFire"),
    .processor("3b83800181028001", "MIFARE DESFire"),
    .processor("3b878001c1052f2f0035c730", "MIFARE Plus SL0 or SL3"),
    .processor("3b878001c1052f2f01bcd6a9", "MIFARE Plus SL0 or SL3"),
    .processor("3b80800101", "ISO 14443-4 card"),
]

@Suite("The family of a card")
struct CardFamilyTests {
    @Test("follows from its ATR, whose check byte is right", arguments: reported)
    func families(_ card: ReportedCard) throws {
        let bytes = try #require([UInt8](hex: card.atr))
        #expect(bytes.dropFirst().reduce(0, ^) == 0, "the check byte in the table")
        let family = CardFamily(atr: bytes)
        #expect(family.classicSize == card.size)
        #expect(family.isSizeStated == card.isSizeStated)
        #expect(family.mayBeClassic == card.mayBeClassic)
        #expect(family.description == card.description)
    }

    @Test("is read from any bytes without a trap, and whoever has a size may be a Classic")
    func arbitraryBytes() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var tried = 0
        var maybe = 0
        let known = reported.compactMap { [UInt8](hex: $0.atr) }
        for length in 0...40 {
            for round in 0..<300 {
                var atr = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                // Two of three begin as a real one does, cut or gone wild somewhere behind.
                if round % 3 > 0, let real = known.randomElement(using: &random) {
                    let kept = min(Int.random(in: 0...20, using: &random), length, real.count)
                    atr.replaceSubrange(..<kept, with: real[..<kept])
                }
                let family = CardFamily(atr: atr)
                if family.classicSize != nil { #expect(family.mayBeClassic) }
                if family.isSizeStated { #expect(family.classicSize != nil) }
                #expect(!family.description.isEmpty)
                tried += 1
                maybe += family.mayBeClassic ? 1 : 0
            }
        }
        print("card families: \(tried) ATRs of 0 to 40 bytes (seed \(seed)), \(maybe) perhaps a Classic")
    }

    @Test("of a type byte is Mini for 09, 1K for 08, 2K for 19, 4K for 18, and nothing for a DESFire's")
    func typeBytes() {
        let sizes: [UInt8: ClassicSize] = [
            0x09: .mini, 0x89: .mini, 0x08: .oneK, 0x88: .oneK, 0x28: .oneK, 0x19: .twoK, 0x18: .fourK, 0x98: .fourK,
            0x38: .fourK,
        ]
        for (sak, size) in sizes { #expect(ClassicSize(sak: sak) == size) }
        for sak in [0x00, 0x04, 0x10, 0x11, 0x20, 0xFF] as [UInt8] { #expect(ClassicSize(sak: sak) == nil) }
    }
}
