import FoundationEssentials
import Mifare
import Platform

/// Proxmark3's JSON form.
enum ProxmarkImage {
    /// What the file says besides the blocks.
    struct Extras: Hashable, Sendable {
        var created: String
        var fileType: String
        var atqa: String
        var sak: String

        init(created: String, fileType: String, atqa: String, sak: String) {
            self.created = created
            self.fileType = fileType
            self.atqa = atqa
            self.sak = sak
        }

        /// Those of a card that was never a file.
        init(_ image: CardImage) {
            self.init(
                created: "yika", fileType: "mfc v2",
                atqa: ClassicChip.atqa(size: image.size, uid: image.uid).hex().uppercased(),
                sak: [ClassicChip.sak(of: image.size)].hex().uppercased())
        }
    }

    private struct File: Codable {
        struct Card: Codable {
            var uid: String?
            var atqa: String?
            var sak: String?

            enum CodingKeys: String, CodingKey {
                case uid = "UID"
                case atqa = "ATQA"
                case sak = "SAK"
            }
        }
        struct Keys: Codable {
            var a: String
            var b: String
            var accessConditions: String

            enum CodingKeys: String, CodingKey {
                case a = "KeyA"
                case b = "KeyB"
                case accessConditions = "AccessConditions"
            }
        }
        var created: String?
        var fileType: String
        var card: Card?
        var blocks: [String: String]
        var sectorKeys: [String: Keys]?

        enum CodingKeys: String, CodingKey {
            case created = "Created"
            case fileType = "FileType"
            case card = "Card"
            case blocks
            case sectorKeys = "SectorKeys"
        }
    }

    static func parse(_ bytes: [UInt8], file: String) throws(ImageError) -> CardImage {
        let content: File
        do {
            content = try JSONDecoder().decode(File.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw ImageError(file: file, place: place(of: error), expected: "Proxmark3's JSON of a MIFARE Classic")
        } catch {
            throw ImageError(file: file, place: "", expected: "JSON")
        }
        guard ["mfcard", "mfc v2", "mfc v3"].contains(content.fileType) else {
            throw ImageError(file: file, place: "FileType", expected: "'mfcard' or 'mfc v2', not '\(content.fileType)'")
        }
        guard let size = ClassicSize.allCases.first(where: { $0.blocks == content.blocks.count }) else {
            let sizes = ClassicSize.allCases.map { "\($0.blocks)" }.joined(separator: ", ")
            throw ImageError(file: file, place: "blocks", expected: "one of \(sizes), not \(content.blocks.count)")
        }
        var memory: [UInt8] = []
        for block in 0..<size.blocks {
            guard let bytes = content.blocks["\(block)"].flatMap({ [UInt8](hex: $0) }),
                bytes.count == ClassicSize.blockLength
            else { throw ImageError(file: file, place: "blocks.\(block)", expected: "32 hexadecimal digits") }
            memory += bytes
        }
        let stated = content.card?.uid.flatMap { ManufacturerBlock.uid(stated: $0) }
        if content.card?.uid != nil, stated == nil {
            throw ImageError(file: file, place: "Card.UID", expected: "4 or 7 bytes in hexadecimal")
        }
        guard let uid = stated ?? ManufacturerBlock.uid(of: memory) else {
            throw ImageError(file: file, place: "blocks.0", expected: ManufacturerBlock.expectation)
        }
        var image = CardImage(format: .proxmarkJSON, size: size, uid: uid, memory: memory)
        var extras = Extras(image)
        extras.created = content.created ?? extras.created
        extras.fileType = content.fileType
        extras.atqa = content.card?.atqa ?? extras.atqa
        extras.sak = content.card?.sak ?? extras.sak
        image = CardImage(format: .proxmarkJSON, size: size, uid: uid, memory: memory, extras: .proxmark(extras))
        return image
    }

    static func encode(_ image: CardImage, _ extras: Extras) -> [UInt8] {
        var blocks: [String: String] = [:]
        for block in 0..<image.size.blocks { blocks["\(block)"] = image.block(block).hex().uppercased() }
        var keys: [String: File.Keys] = [:]
        for sector in 0..<image.size.sectors {
            let trailer = image.block(ClassicSize.trailer(ofSector: sector))
            keys["\(sector)"] = File.Keys(
                a: trailer[0..<6].hex().uppercased(), b: trailer[10..<16].hex().uppercased(),
                accessConditions: trailer[6..<10].hex().uppercased())
        }
        let card = File.Card(uid: image.uid.bytes.hex().uppercased(), atqa: extras.atqa, sak: extras.sak)
        let file = File(
            created: extras.created, fileType: extras.fileType, card: card, blocks: blocks, sectorKeys: keys)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            return Array(try encoder.encode(file)) + [UInt8(ascii: "\n")]
        } catch {
            // Texts in dictionaries: nothing that JSON could not hold.
            preconditionFailure("an image could not be written as JSON: \(error)")
        }
    }

    private static func place(of error: DecodingError) -> String {
        let path: [any CodingKey] =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            case .keyNotFound(let key, let context): context.codingPath + [key]
            @unknown default: []
            }
        return path.map(\.stringValue).joined(separator: ".")
    }
}
