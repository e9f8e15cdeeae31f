import Mifare
import Simulator

/// What can be parsed is written and parsed again as the same card, under a name that tells its form and under one that
/// does not.
enum ImageTarget {
    private static let names = ["card", "card.mfd", "card.eml", "card.json", "card.nfc"]

    static func feed(_ bytes: [UInt8]) {
        guard let choice = bytes.first,
            let image = try? CardImage.parse(Array(bytes.dropFirst()), file: names[Int(choice) % names.count])
        else { return }
        precondition(image.memory.count == image.size.bytes, "a memory that is not its size's")
        precondition(image.uid.bytes.count <= 7, "a UID that no Classic has")
        checkSame(image, image.encoded())
        // These two state the UID, so they can hold any card, whatever its block 0 says.
        for format in [CardImage.Format.flipper, .proxmarkJSON] {
            checkSame(CardImage(image.chip, format: format), CardImage(image.chip, format: format).encoded())
        }
    }

    private static func checkSame(_ image: CardImage, _ encoded: [UInt8]) {
        for name in ["card", "card" + suffix(image.format)] {
            guard let again = try? CardImage.parse(encoded, file: name) else {
                preconditionFailure("what was written as \(image.format) is not parsed as \(name)")
            }
            precondition(again.format == image.format, "\(image.format) is taken for \(again.format)")
            precondition(again.memory == image.memory && again.uid == image.uid, "another card after writing")
        }
    }

    private static func suffix(_ format: CardImage.Format) -> String {
        switch format {
        case .raw: ".mfd"
        case .eml: ".eml"
        case .proxmarkJSON: ".json"
        case .flipper: ".nfc"
        }
    }
}
