import FoundationEssentials
import Mifare
import Platform
import Testing

@testable import Simulator

@Suite struct CardImageTests {
    /// Cards of every size and both lengths of UID, with something in every block.
    private func chips() throws -> [ClassicChip] {
        var random = SplitMix64(seed: 42)
        return try ClassicSize.allCases.flatMap { size in
            try [[UInt8]([0x12, 0x34, 0x56, 0x78]), [0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6]].map { bytes in
                var chip = ClassicChip(factory: size, uid: try uid(bytes))
                for block in 1..<size.blocks where !ClassicSize.isTrailer(block) {
                    chip.store((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }, at: block)
                }
                return chip
            }
        }
    }

    private let extensions: [CardImage.Format: String] = [
        .raw: "mfd", .eml: "eml", .proxmarkJSON: "json", .flipper: "nfc",
    ]

    @Test("Every size and UID length survives every form, recognised by its name and by its content")
    func roundTrips() throws {
        var count = 0
        for chip in try chips() {
            for format in CardImage.Format.allCases {
                let bytes = CardImage(chip, format: format).encoded()
                for file in ["card.\(try #require(extensions[format]))", "card"] {
                    let image = try CardImage.parse(bytes, file: file)
                    #expect(image.format == format)
                    #expect(image.size == chip.size)
                    #expect(image.uid == chip.uid)
                    #expect(image.chip.memory == chip.memory)
                    #expect(image.encoded() == bytes)
                    count += 1
                }
            }
        }
        print("images: \(count) round trips")
    }

    @Test("A changed card is written back in the form it was read in, and nothing else in the file changes")
    func writesBack() throws {
        for chip in try chips() {
            for format in CardImage.Format.allCases {
                let image = try CardImage.parse(CardImage(chip, format: format).encoded(), file: "card")
                var changed = chip
                changed.store([UInt8](repeating: 0x5A, count: 16), at: 5)
                let bytes = image.updated(from: changed).encoded()
                #expect(bytes == CardImage(changed, format: format).encoded())
                #expect(try CardImage.parse(bytes, file: "card").memory == changed.memory)
            }
        }
    }

    @Test("A Flipper file as the device writes it is read, comments and line ends kept")
    func flipperFile() throws {
        let chip = ClassicChip(factory: .mini, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        var lines = [
            "Filetype: Flipper NFC device", "Version: 4", "# Device type can be ISO14443-3A, Mifare Classic",
            "Device type: Mifare Classic", "# UID is common for all formats", "UID: 12 34 56 78",
            "# ISO14443-3A specific data", "ATQA: 00 04", "SAK: 09", "# Mifare Classic specific data",
            "Mifare Classic type: MINI", "Data format version: 2", "# Mifare Classic blocks, '??' means unknown data",
        ]
        for block in 0..<20 {
            lines.append("Block \(block): \(chip.content(of: block).hex(separator: " ").uppercased())")
        }
        let text = lines.joined(separator: "\n") + "\n"
        let image = try CardImage.parse(Array(text.utf8), file: "card.nfc")
        #expect(image.chip.memory == chip.memory)
        #expect(image.encoded() == Array(text.utf8))
        let windows = text.replacing("\n", with: "\r\n")
        #expect(try CardImage.parse(Array(windows.utf8), file: "card.nfc").memory == chip.memory)
    }

    @Test("A Proxmark file keeps who made it and of which type it is")
    func proxmarkFile() throws {
        let chip = ClassicChip(factory: .mini, uid: try uid([4, 1, 2, 3, 4, 5, 6]))
        let blocks = (0..<20).map { "\"\($0)\": \"\(chip.content(of: $0).hex())\"" }.joined(separator: ", ")
        let text = """
            {"Created": "proxmark3", "FileType": "mfcard", "blocks": {\(blocks)},
             "Card": {"UID": "04010203040506", "ATQA": "4400", "SAK": "09"}}
            """
        let image = try CardImage.parse(Array(text.utf8), file: "card.json")
        #expect(image.uid == chip.uid)
        let written = String(decoding: image.encoded(), as: UTF8.self)
        for kept in ["\"proxmark3\"", "\"mfcard\"", "\"4400\""] { #expect(written.contains(kept)) }
        #expect(written.contains("\"AccessConditions\" : \"FF078069\""))
    }

    @Test("What is wrong in an image is named by file, place and expectation", arguments: faults)
    func faultsAreNamed(_ fault: ImageFault) throws {
        let error = #expect(throws: ImageError.self) {
            try CardImage.parse(Array(fault.content.utf8), file: fault.file)
        }
        #expect(error?.file == fault.file)
        #expect(error?.place == fault.place)
        #expect(error?.expected.contains(fault.expected) == true, "\(String(describing: error))")
    }

    @Test("Images with bytes changed, cut or repeated are read or refused, and never trap")
    func mutatedImages() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var tried = 0
        var refused = 0
        for chip in try chips().prefix(4) {
            for format in CardImage.Format.allCases {
                let original = CardImage(chip, format: format).encoded()
                for _ in 0..<40 {
                    let bytes = mutated(original, &random)
                    do {
                        let image = try CardImage.parse(bytes, file: Bool.random(using: &random) ? "card" : "card.nfc")
                        _ = image.encoded()
                        _ = image.chip
                    } catch {
                        refused += 1
                    }
                    tried += 1
                }
            }
        }
        print("images: \(tried) mutated with seed \(seed), \(refused) refused")
    }

    private func mutated(_ original: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = original
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
        case 1: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 2:
            let start = Int.random(in: 0..<bytes.count, using: &random)
            bytes.insert(contentsOf: bytes[start...].prefix(64), at: start)
        default:
            let start = Int.random(in: 0..<bytes.count, using: &random)
            bytes.removeSubrange(start..<min(bytes.count, start + 40))
        }
        return bytes
    }
}

/// A text that is no image, and what must be said about it.
struct ImageFault: Sendable, CustomTestStringConvertible {
    let content: String
    let file: String
    let place: String
    let expected: String

    var testDescription: String { "\(file) \(place)" }
}

private let flipperHead = """
    Filetype: Flipper NFC device
    Version: 4
    Device type: Mifare Classic
    UID: 12 34 56 78
    Mifare Classic type: 1K

    """

private let faults = [
    ImageFault(content: "short", file: "a.mfd", place: "", expected: "320, 1024, 2048, 4096 bytes, not 5"),
    ImageFault(
        content: String(repeating: "x", count: 1024), file: "a.bin", place: "block 0", expected: "begins with a UID"),
    ImageFault(content: "00112233\n", file: "a.eml", place: "line 1", expected: "32 hexadecimal digits"),
    ImageFault(
        content: String(repeating: "0", count: 32) + "\n", file: "a.eml", place: "",
        expected: "20, 64, 128, 256 lines, not 1"),
    ImageFault(content: "{", file: "a.json", place: "", expected: "JSON"),
    ImageFault(
        content: "{\"FileType\": \"mfu\", \"blocks\": {}}", file: "a.json", place: "FileType", expected: "mfcard"),
    ImageFault(content: "{\"FileType\": \"mfcard\"}", file: "a.json", place: "blocks", expected: "MIFARE Classic"),
    ImageFault(
        content: "{\"FileType\": \"mfcard\", \"blocks\": {\"0\": \"00\"}}", file: "a.json", place: "blocks",
        expected: "20, 64, 128, 256, not 1"),
    ImageFault(content: "Filetype: Flipper SubGhz", file: "a.nfc", place: "line 1", expected: "Flipper NFC device"),
    ImageFault(
        content: flipperHead.replacing("Mifare Classic\n", with: "NTAG215\n"), file: "a.nfc", place: "line 3",
        expected: "Mifare Classic"),
    ImageFault(content: flipperHead.replacing("1K", with: "3K"), file: "a.nfc", place: "line 5", expected: "1K"),
    ImageFault(
        content: flipperHead.replacing("12 34", with: "?? 34"), file: "a.nfc", place: "line 4", expected: "4 or 7"),
    ImageFault(content: flipperHead, file: "a.nfc", place: "Block 0", expected: "16 bytes"),
    ImageFault(
        content: flipperHead + "Block 0: 12 34 ?? 78", file: "a.nfc", place: "line 6", expected: "none of them ??"),
]
