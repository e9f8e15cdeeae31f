import Mifare
import Platform

/// The bare memory.
enum RawImage {
    static func parse(_ bytes: [UInt8], file: String) throws(ImageError) -> CardImage {
        guard let size = ClassicSize(bytes: bytes.count) else {
            let sizes = ClassicSize.allCases.map { "\($0.bytes)" }.joined(separator: ", ")
            throw ImageError(file: file, place: "", expected: "one of \(sizes) bytes, not \(bytes.count)")
        }
        guard let uid = ManufacturerBlock.uid(of: bytes) else {
            throw ImageError(file: file, place: "block 0", expected: ManufacturerBlock.expectation)
        }
        return CardImage(format: .raw, size: size, uid: uid, memory: bytes)
    }
}

/// A line of 32 hexadecimal digits for each block.
enum EmulatorImage {
    static func parse(_ bytes: [UInt8], file: String) throws(ImageError) -> CardImage {
        var memory: [UInt8] = []
        for (index, line) in TextLines.split(bytes).enumerated() where !line.isEmpty {
            guard let block = [UInt8](hex: line), block.count == ClassicSize.blockLength else {
                throw ImageError(
                    file: file, place: "line \(index + 1)", expected: "a block as 32 hexadecimal digits")
            }
            memory += block
        }
        guard let size = ClassicSize(bytes: memory.count) else {
            let sizes = ClassicSize.allCases.map { "\($0.blocks)" }.joined(separator: ", ")
            let count = memory.count / ClassicSize.blockLength
            throw ImageError(file: file, place: "", expected: "one of \(sizes) lines, not \(count)")
        }
        guard let uid = ManufacturerBlock.uid(of: memory) else {
            throw ImageError(file: file, place: "line 1", expected: ManufacturerBlock.expectation)
        }
        return CardImage(format: .eml, size: size, uid: uid, memory: memory)
    }

    static func encode(_ image: CardImage) -> [UInt8] {
        Array((0..<image.size.blocks).map { image.block($0).hex() + "\n" }.joined().utf8)
    }
}

/// Flipper Zero's text form, versions 2 to 4.
enum FlipperImage {
    static let firstLine = "Filetype: Flipper NFC device"

    static func parse(_ bytes: [UInt8], file: String) throws(ImageError) -> CardImage {
        let lines = TextLines.split(bytes)
        guard lines.first == firstLine else {
            throw ImageError(file: file, place: "line 1", expected: "'\(firstLine)'")
        }
        var values: [String: (text: String, line: Int)] = [:]
        for (index, line) in lines.enumerated() where !line.hasPrefix("#") {
            guard let (name, value) = entry(line) else { continue }
            values[name] = (value, index + 1)
        }
        func fault(_ name: String, _ expected: String) -> ImageError {
            ImageError(file: file, place: values[name].map { "line \($0.line)" } ?? name, expected: expected)
        }
        guard values["Device type"]?.text.lowercased() == "mifare classic" else {
            throw fault("Device type", "'Mifare Classic'")
        }
        let type = values["Mifare Classic type"]?.text.uppercased() ?? ""
        guard let size = ClassicSize.allCases.first(where: { $0.rawValue.uppercased() == type }) else {
            throw fault("Mifare Classic type", "MINI, 1K, 2K or 4K")
        }
        guard let uid = values["UID"].flatMap({ ManufacturerBlock.uid(stated: $0.text) }) else {
            throw fault("UID", "4 or 7 bytes in hexadecimal")
        }
        var memory: [UInt8] = []
        for block in 0..<size.blocks {
            let name = "Block \(block)"
            guard let content = values[name].flatMap({ [UInt8](hex: $0.text) }),
                content.count == ClassicSize.blockLength
            else {
                // ?? stands for what the Flipper could not read; a card with holes cannot be played.
                throw fault(name, "16 bytes in hexadecimal, none of them ??")
            }
            memory += content
        }
        return CardImage(format: .flipper, size: size, uid: uid, memory: memory, extras: .flipper(lines: lines))
    }

    static func encode(_ image: CardImage, _ lines: [String]) -> [UInt8] {
        let text = lines.map { line in
            guard let (name, _) = entry(line), name.hasPrefix("Block "), let block = Int(name.dropFirst(6)),
                (0..<image.size.blocks).contains(block)
            else { return line }
            return "\(name): \(image.block(block).hex(separator: " ").uppercased())"
        }
        return Array(text.joined(separator: "\n").utf8)
    }

    /// The lines of a file for a card that never was one.
    static func lines(for chip: ClassicChip) -> [String] {
        let atqa = ClassicChip.atqa(size: chip.size, uid: chip.uid).reversed()
        let head = [
            firstLine, "Version: 4", "Device type: Mifare Classic",
            "UID: \(chip.uid.bytes.hex(separator: " ").uppercased())",
            "ATQA: \(Array(atqa).hex(separator: " ").uppercased())",
            "SAK: \([ClassicChip.sak(of: chip.size)].hex().uppercased())",
            "Mifare Classic type: \(chip.size.rawValue.uppercased())", "Data format version: 2",
        ]
        return head + (0..<chip.size.blocks).map { "Block \($0): " } + [""]
    }

    private static func entry(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return (String(line[..<colon]), String(value))
    }
}

/// Lines of text from a file of unknown origin.
enum TextLines {
    /// The lines, without line ends of either kind.
    ///
    /// A last line end leaves an empty last line.
    static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }
}
