import Foundation
import Synchronization

@testable import Voice

extension VoicePack {
    /// The samples that it has under `name`; none when it has not.
    func sound(_ name: Name) -> [Int16] { (try? samples(of: name)) ?? [] }
}

/// Folders and files for tests, removed with the object.
final class TemporaryFolder: Sendable {
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

    /// What a device that takes `wanted` samples per second hears of `sounds`, in periods of 20 ms if nothing else is said.
    static func converted(_ sounds: [[Int16]], to wanted: Int, period: Int? = nil) -> [Int16] {
        var stream = SoundStream(
            sounds.map { SoundStream.Sound(samples: $0, rate: rate) }, rate: wanted, period: period ?? wanted / 50)
        var (heard, buffer): ([Int16], [Int16]) = ([], [])
        while stream.next(into: &buffer) { heard += buffer }
        return heard
    }

    static func converted(_ sound: [Int16], to wanted: Int, period: Int? = nil) -> [Int16] {
        converted([sound], to: wanted, period: period)
    }

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
        _ lengths: [String: Int], language: String = "zh-CN", seed: Int = 0, words: [String] = []
    ) throws -> (pack: VoicePack, folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        var entries: [String] = []
        for (index, (id, periods)) in lengths.sorted(by: { $0.key < $1.key }).enumerated() {
            let file = id.map { $0 == "/" ? "-" : String($0) }.joined() + ".wav"
            try folder.write(file, wav(samples(seed + index, periods * rate / 50)))
            entries.append(#""\#(id)": {"file": "\#(file)", "text": "\#(id)", "milliseconds": \#(periods * 20)}"#)
        }
        var numbers: [String] = []
        for (index, word) in words.enumerated() {
            try folder.write("w\(index).wav", wav(samples(1_000 + seed + index, rate / 100 + index)))
            numbers.append(#""\#(word)": {"file": "w\#(index).wav", "milliseconds": 10}"#)
        }
        try folder.write("manifest.json", manifest(language: language, entries, words: numbers))
        kept.withLock { kept in kept.append(folder) }
        return (try VoicePack(folder: folder.path), folder)
    }

    /// A pack reads its files when it speaks, so they stay until the tests end.
    private static let kept = Mutex<[TemporaryFolder]>([])

    static func manifest(language: String = "zh-CN", _ entries: [String], words: [String] = []) -> String {
        """
        {"language": "\(language)", "name": "Test", "speaker": "test", "engine": "test", "licence": "CC0-1.0",
         "sampleRate": \(rate), "catalogueVersion": 1, "sentences": {\(entries.joined(separator: ", "))},
         "words": {\(words.joined(separator: ", "))}}
        """
    }

    /// A catalogue of `ids`; those in `uncut` may not be cut, and begin with a tone where `tones` are wanted.
    static func catalogue(
        _ ids: [String], uncut: Set<String> = [], tones: Bool = false, texts: [String: String] = [:],
        instead: [String: String] = [:], words: [String] = []
    ) -> PromptCatalogue {
        let entries = ids.map { id in
            let tone = tones ? #""tone": "success","# : ""
            let other = instead[id].map { #""instead": "\#($0)","# } ?? ""
            let text = #""zh-CN": "\#(texts[id] ?? "x")", "en": "\#(texts[id] ?? "x")""#
            return
                #"{"id": "\#(id)", "text": {\#(text)}, \#(tone) \#(other) "mayBeCut": \#(!uncut.contains(id)), "whenSaid": ""}"#
        }
        let list = words.map { #""\#($0)""# }.joined(separator: ", ")
        let text = """
            {"version": 1, "prompts": [\(entries.joined(separator: ", "))],
             "tones": {"success": [{"hertz": 1000, "milliseconds": 40}]}, "words": {"zh-CN": [\(list)], "en": [\(list)]}}
            """
        guard let catalogue = try? PromptCatalogue(Array(text.utf8), file: "test") else {
            preconditionFailure("the test's own catalogue is malformed")
        }
        return catalogue
    }
}
