import ArgumentParser
import CampusCard
import DeviceProfiles
import Mifare
import Platform
import Simulator

/// Makes the image of an invented card of the old system.
struct NewCard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-card", abstract: "Make the image of an invented card as the old system issued it.")

    @Option(help: "The card layout.")
    var layout = "device-profiles/cards/campus-2026.json5"

    @Option(help: "The key ring; a demonstration one.")
    var keys = "device-profiles/terminals/demo/keys.json5"

    @Option(
        help: "mini, 1K, 2K (a Plus in SL1) or 4K.",
        transform: { text in
            guard let size = ClassicSize(rawValue: text) else { throw ValidationError("Expected mini, 1K, 2K or 4K.") }
            return size
        })
    var size = ClassicSize.oneK

    @Option(help: "The UID: 4 or 7 bytes in hexadecimal.")
    var uid: String

    @Option(help: "The holder's number.")
    var holder: String

    @Option(help: "What the small purse holds, in fen.")
    var purse: Int64 = 0

    @Option(help: "What the water and electricity purse holds, in fen.")
    var otherPurse: Int64 = 0

    @Argument(help: "The file to write, raw (.mfd).")
    var image: String

    func run() throws {
        let layout = try CardLayout.load(path: layout)
        let ring = try FileKeyRing(path: keys)
        guard let bytes = [UInt8](hex: uid), [4, 7].contains(bytes.count), let uid = CardUID(bytes) else {
            throw ValidationError("--uid: expected 4 or 7 bytes in hexadecimal.")
        }
        guard
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: holder, smallPurse: Fen(purse), otherPurse: Fen(otherPurse),
                layout: layout, keys: ring),
            let chip = ClassicChip(size: size, uid: uid, memory: memory)
        else {
            throw ValidationError(
                "The holder number or an amount does not fit the layout, or the key ring lacks a key.")
        }
        try CardImage(chip).write(path: image)
    }
}
