import Foundation
import Voice

/// Folders and files for tests, removed with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("voice-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
}

enum TestPacks {
    static let rate = 8_000

    /// A WAV file of `samples`, by the format's own rules.
    static func wav(_ samples: [Int16], rate: Int = rate) -> [UInt8] {
        func number(_ value: Int, _ bytes: Int) -> [UInt8] {
            (0..<bytes).map { index in UInt8(truncatingIfNeeded: value >> (8 * index)) }
        }
        let data = samples.flatMap { sample in number(Int(sample), 2) }
        let format =
            number(1, 2) + number(1, 2) + number(rate, 4) + number(rate * 2, 4) + number(2, 2) + number(16, 2)
        return Array("RIFF".utf8) + number(36 + data.count, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + format
            + Array("data".utf8) + number(data.count, 4) + data
    }

    /// Samples that tell sentences apart: `count` of them, from `seed` on.
    static func samples(_ seed: Int, _ count: Int) -> [Int16] {
        (0..<count).map { index in Int16(truncatingIfNeeded: seed &* 7_919 &+ index &* 31 &+ 1) }
    }

    /// A pack whose sentences are named in `lengths`, in periods of 20 ms.
    static func pack(
        _ lengths: [String: Int], language: String = "zh-CN", seed: Int = 0
    ) throws -> (pack: VoicePack, folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        var entries: [String] = []
        for (index, (id, periods)) in lengths.sorted(by: { $0.key < $1.key }).enumerated() {
            try folder.write("\(id).wav", wav(samples(seed + index, periods * rate / 50)))
            entries.append(#""\#(id)": {"file": "\#(id).wav", "text": "\#(id)", "milliseconds": \#(periods * 20)}"#)
        }
        try folder.write("manifest.json", manifest(language: language, entries))
        return (try VoicePack(folder: folder.path), folder)
    }

    static func manifest(language: String = "zh-CN", _ entries: [String]) -> String {
        """
        {"language": "\(language)", "name": "Test", "speaker": "test", "engine": "test", "licence": "CC0-1.0",
         "sampleRate": \(rate), "catalogueVersion": 1, "sentences": {\(entries.joined(separator: ", "))}}
        """
    }

    /// A catalogue of `ids`; those in `uncut` may not be cut.
    static func catalogue(_ ids: [String], uncut: Set<String> = []) -> PromptCatalogue {
        let entries = ids.map { id in
            #"{"id": "\#(id)", "text": {"en": "x"}, "mayBeCut": \#(!uncut.contains(id)), "whenSaid": "in a test"}"#
        }
        let text = #"{"version": 1, "prompts": [\#(entries.joined(separator: ", "))]}"#
        guard let catalogue = try? PromptCatalogue(Array(text.utf8), file: "test") else {
            preconditionFailure("the test's own catalogue is malformed")
        }
        return catalogue
    }
}
