import Foundation
import Platform
import Testing

@testable import Voice

/// The ALSA configuration of all tests: its place is a variable of the process, so they share one.
enum ALSAStage {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let voices = "\(root)/device-profiles/voices"
    /// The cards that misbehave on command (tools/sound-card), each with its parameters.
    private static let cards = [
        "stereo": "rate 48000 channels 2 paced 0", "pulled": "rate 0 channels 0 paced 1",
        "busy": "rate 0 channels 0 paced 1", "asleep": "rate 0 channels 0 paced 1",
        "slept": "rate 0 channels 0 paced 1", "dry": "rate 0 channels 0 paced 1",
        "stalled": "rate 0 channels 0 paced 1", "hanging": "rate 0 channels 0 paced 1",
        "loud": "rate 0 channels 0 paced 0", "steps": "rate 0 channels 0 paced 0",
    ]

    static let folder: String = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("voice-alsa-\(getpid())").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        func capture(_ name: String) -> String {
            "pcm.\(name) { type file slave.pcm null file \"\(path)/\(name).wav\" format \"wav\" }\n"
        }
        let library = "\(path)/libyikacard.so"
        let text =
            "</usr/share/alsa/alsa.conf>\n" + ["yikaone", "yikatwo", "yikathree"].map(capture).joined()
                + """
                pcm.yikalaw {
                    type mulaw
                    slave { format S16_LE pcm { type file slave.pcm null file "\(path)/yikalaw.raw" format "raw" } }
                }
                pcm_type.yikacard { lib "\(library)" }
                ctl_type.yikacard { lib "\(library)" }

                """ + cards.map { card($0.key, $0.value, in: path) }.joined()
        try? Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/asound.conf"), options: .atomic)
        unsafe setenv("ALSA_CONFIG_PATH", "\(path)/asound.conf", 1)
        return path
    }()

    private static func card(_ name: String, _ parameters: String, in path: String) -> String {
        let folder = "\(path)/\(name)"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Only one of the cards says what its steps mean.
        let decibels = name == "loud" ? 1 : 0
        return """
            pcm.yika_\(name) { type yikacard control "\(folder)/control" played "\(path)/\(name).raw" log "\(path)/\(name).jsonl" \(parameters) }
            ctl.yika_\(name) { type yikacard control "\(folder)/control" state "\(path)/\(name).json" decibels \(decibels) }

            """
    }

    /// Compiles the card, once.
    private static let isBuilt: Bool = {
        let build = Process()
        build.executableURL = URL(fileURLWithPath: "\(root)/tools/sound-card/build")
        build.arguments = [folder]
        build.standardOutput = FileHandle.nullDevice
        guard (try? build.run()) != nil else { return false }
        build.waitUntilExit()
        return build.terminationStatus == 0
    }()

    /// A card that does what it is told.
    struct Card {
        let name: String

        init(_ name: String, _ word: String = "ok") throws {
            try #require(ALSAStage.isBuilt, "tools/sound-card/build failed")
            self.name = name
            try become(word)
        }

        var device: String { "yika_\(name)" }

        func become(_ word: String) throws {
            try Data(word.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)/control"), options: .atomic)
        }

        /// Everything that was heard, channels interleaved.
        func played() throws -> [Int16] {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).raw")))
            return stride(from: 0, to: bytes.count - 1, by: 2).map {
                Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
            }
        }

        /// What its mixer was set to.
        func mixer() throws -> Mixer {
            try JSONDecoder().decode(
                Mixer.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).json")))
        }

        struct Mixer: Decodable, Equatable {
            let volume: Int
            let `switch`: Bool
        }
    }
}
