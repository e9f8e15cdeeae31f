import FoundationEssentials
public import Mifare
import Platform

/// What is wrong in a card image: which file, where in it, and what was expected there.
public struct ImageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, by the path it was opened with.
    public let file: String
    /// The line, as in `line 12`, or the way to the value, as in `blocks.7`; empty when the whole file is meant.
    public let place: String
    /// What was expected there instead.
    public let expected: String

    /// For people.
    public var description: String {
        place.isEmpty ? "\(file): expected \(expected)" : "\(file): \(place): expected \(expected)"
    }
}

/// The content of a MIFARE Classic as other tools store it, and how to store it again in the same form.
public struct CardImage: Hashable, Sendable {
    /// The forms that are understood.
    public enum Format: String, CaseIterable, Hashable, Sendable {
        /// The bare memory: `.mfd` and `.bin` of libnfc, mfoc, Proxmark3.
        case raw
        /// One line of hexadecimal digits for each block: Proxmark3's `.eml`.
        case eml
        /// Proxmark3's JSON, file types `mfcard` and `mfc v2`.
        case proxmarkJSON
        /// Flipper Zero's `.nfc`.
        case flipper
    }

    /// The form that the image has.
    public let format: Format
    /// The card's size.
    public let size: ClassicSize
    /// The card's UID.
    public let uid: CardUID
    /// The whole memory, keys included.
    public private(set) var memory: [UInt8]
    /// What the file says besides the memory, kept for writing it back.
    let extras: Extras

    /// What a form holds besides the blocks.
    enum Extras: Hashable, Sendable {
        case none
        case proxmark(ProxmarkImage.Extras)
        /// The lines of a Flipper file; those of the blocks are replaced when it is written.
        case flipper(lines: [String])
    }

    init(format: Format, size: ClassicSize, uid: CardUID, memory: [UInt8], extras: Extras = .none) {
        self.format = format
        self.size = size
        self.uid = uid
        self.memory = memory
        self.extras = extras
    }

    /// The image of `chip` as it is now, in `format`.
    public init(_ chip: ClassicChip, format: Format = .raw) {
        self.init(
            format: format, size: chip.size, uid: chip.uid, memory: chip.memory,
            extras: format == .flipper ? .flipper(lines: FlipperImage.lines(for: chip)) : .none)
    }

    /// A chip with this content.
    public var chip: ClassicChip {
        // The two ways to make an image both check that the memory has the size's length.
        ClassicChip(size: size, uid: uid, memory: memory) ?? ClassicChip(factory: size, uid: uid)
    }

    /// The same image with the content that `chip` has now.
    ///
    /// - Precondition: `chip` has the image's size.
    public func updated(from chip: ClassicChip) -> CardImage {
        precondition(chip.size == size, "a \(chip.size) cannot be stored in the image of a \(size)")
        var image = self
        image.memory = chip.memory
        return image
    }

    // MARK: Files

    /// Reads the image in the file at `path`.
    public static func read(path: String) throws(ImageError) -> CardImage {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ImageError(file: path, place: "", expected: "a file that can be read")
        }
        return try parse(Array(data), file: path)
    }

    /// Writes the image to the file at `path`, in its own form, whole or not at all.
    public func write(path: String) throws(ImageError) {
        do {
            try Data(encoded()).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ImageError(file: path, place: "", expected: "a file that can be written")
        }
    }

    /// Reads an image; the name of `file` tells its form, or else the content does.
    public static func parse(_ bytes: [UInt8], file: String) throws(ImageError) -> CardImage {
        // A 4K in the wordiest form takes 20 KB; what is a hundred times longer is not a card image.
        guard bytes.count <= 2_000_000 else { throw ImageError(file: file, place: "", expected: "at most 2 MB") }
        switch format(of: bytes, file: file) {
        case .raw: return try RawImage.parse(bytes, file: file)
        case .eml: return try EmulatorImage.parse(bytes, file: file)
        case .proxmarkJSON: return try ProxmarkImage.parse(bytes, file: file)
        case .flipper: return try FlipperImage.parse(bytes, file: file)
        }
    }

    /// The bytes of the file, in the image's form.
    public func encoded() -> [UInt8] {
        switch extras {
        case .proxmark(let extras): ProxmarkImage.encode(self, extras)
        case .flipper(let lines): FlipperImage.encode(self, lines)
        case .none:
            switch format {
            case .eml: EmulatorImage.encode(self)
            case .proxmarkJSON: ProxmarkImage.encode(self, ProxmarkImage.Extras(self))
            case .raw, .flipper: memory
            }
        }
    }

    private static func format(of bytes: [UInt8], file: String) -> Format {
        switch file.split(separator: ".").last?.lowercased() {
        case "mfd", "bin", "dump": return .raw
        case "eml": return .eml
        case "json": return .proxmarkJSON
        case "nfc": return .flipper
        default: break
        }
        // Texts first: one may happen to be as long as a memory, whose block 0 holds the zero byte of an ATQA.
        let start = bytes.prefix(FlipperImage.firstLine.utf8.count)
        if start.elementsEqual(FlipperImage.firstLine.utf8) { return .flipper }
        if ClassicSize(bytes: bytes.count) != nil, !isText(bytes) { return .raw }
        return bytes.first { $0 > 0x20 } == UInt8(ascii: "{") ? .proxmarkJSON : .eml
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy {
            $0 >= 0x20 || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t")
        }
    }

    /// The bytes of `block`.
    func block(_ block: Int) -> [UInt8] {
        Array(memory[block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength])
    }
}

/// Finds the UID in block 0, for forms that do not state it.
enum ManufacturerBlock {
    /// The UID that a file states in hexadecimal; `nil` unless it is one that a Classic has, 4 or 7 bytes.
    static func uid(stated text: String) -> CardUID? {
        guard let bytes = [UInt8](hex: text), bytes.count <= 7 else { return nil }
        return CardUID(bytes)
    }

    /// The UID; `nil` when the block begins neither with 4 bytes and their XOR nor with 7 bytes and a 7-byte ATQA.
    static func uid(of memory: [UInt8]) -> CardUID? {
        let block = Array(memory.prefix(ClassicSize.blockLength))
        guard block.count == ClassicSize.blockLength else { return nil }
        // ATQA bit 6 says "7 bytes"; Classics answer 44 00 or 42 00 then, else 04 00 or 02 00.
        let looksLikeSeven = [0x44, 0x42].contains(block[8]) && block[9] == 0
        let looksLikeFour = [0x04, 0x02].contains(block[6]) && block[7] == 0
        let hasCheckByte = block[0..<4].reduce(0, ^) == block[4]
        if hasCheckByte, looksLikeFour || !looksLikeSeven { return CardUID(Array(block[0..<4])) }
        return looksLikeSeven ? CardUID(Array(block[0..<7])) : nil
    }

    static let expectation = "a block 0 that begins with a UID: 4 bytes and their XOR, or 7 bytes of a 7-byte card"
}
