public import DataFiles

/// What a voice pack says of itself, in its `manifest.json`.
public struct PackManifest: Sendable, Decodable {
    /// The language tag: `zh-CN`.
    public let language: String
    /// A name for people.
    public let name: String
    /// Who or what speaks.
    public let speaker: String
    /// What the sound was made with; `recorded` for a person.
    public let engine: String
    /// Under which licence the sound may be passed on.
    public let licence: String
    /// Samples per second, the same in all files.
    public let sampleRate: Int
    /// How loud its sentences were made, in LUFS (EBU R 128); `nil` in packs from before that was written down.
    public let loudness: Double?
    /// The version of the catalogue whose words were spoken.
    public let catalogueVersion: Int
    /// The spoken sentences by name.
    public let sentences: [String: Entry]
    /// The words of numbers.
    public let words: [String: Entry]?

    /// One file of the pack.
    public struct Entry: Sendable, Decodable {
        /// Its name, in the pack's folder.
        public let file: String
        /// What is said; a word says itself.
        public let text: String?
        /// How long it takes.
        public let milliseconds: Int
    }

    /// How far a manifest's `milliseconds` may be from its file's: rounding, and a cut that was nudged by hand.
    private static let tolerance = 50
    /// A minute of sound is 6 MB at the highest rate, so more than this is a mistake.
    private static let soundLimit = 16 << 20

    /// All its files in the order of their names, with the names under which they are spoken and their places in the manifest.
    public var files: [(name: VoicePack.Name, entry: Entry, path: String)] {
        func section(
            _ entries: [String: Entry], _ path: String, _ name: (String) -> VoicePack.Name
        ) -> [(VoicePack.Name, Entry, String)] {
            entries.sorted { $0.key < $1.key }.map { (name($0.key), $0.value, "\(path).\($0.key)") }
        }
        return section(sentences, "sentences") { .sentence($0) } + section(words ?? [:], "words") { .word($0) }
    }

    /// Reads the manifest in `folder`.
    public init(folder: String) throws(DataFileError) {
        self = try JSON5File.decode(Self.self, from: "\(folder)/manifest.json")
        guard WAV.rates.contains(sampleRate) else {
            let range = "\(WAV.rates.lowerBound) to \(WAV.rates.upperBound)"
            throw DataFileError(
                file: "\(folder)/manifest.json", path: "sampleRate", expected: "\(range) samples per second")
        }
    }

    /// The samples of `entry`, which stands at `path` of the manifest in `folder`.
    public func samples(
        of entry: Entry, at path: String, in folder: String
    ) throws(DataFileError) -> [Int16] {
        let manifestFile = "\(folder)/manifest.json"
        // A pack may come from anybody: it names files of its own folder only.
        guard !entry.file.isEmpty, entry.file != "..", !entry.file.utf8.contains(UInt8(ascii: "/")) else {
            let expected = "the name of a file in the same folder"
            throw DataFileError(file: manifestFile, path: "\(path).file", expected: expected)
        }
        let samples = try sound("\(folder)/\(entry.file)")
        let milliseconds = samples.count * 1_000 / sampleRate
        guard (milliseconds - Self.tolerance...milliseconds + Self.tolerance).contains(entry.milliseconds) else {
            let expected = "\(milliseconds), the length of \(entry.file)"
            throw DataFileError(file: manifestFile, path: "\(path).milliseconds", expected: expected)
        }
        return samples
    }

    private func sound(_ file: String) throws(DataFileError) -> [Int16] {
        let bytes = try DataFile.read(file, limit: Self.soundLimit)
        let sound: WAV
        do throws(WAV.Problem) {
            sound = try WAV(bytes)
        } catch {
            throw DataFileError(file: file, path: error.path, expected: error.expected)
        }
        guard sound.sampleRate == sampleRate else {
            let expected = "\(sampleRate) as the manifest says, not \(sound.sampleRate)"
            throw DataFileError(file: file, path: "fmt.sampleRate", expected: expected)
        }
        guard !sound.samples.isEmpty else {
            throw DataFileError(file: file, path: "data", expected: "at least one sample")
        }
        return sound.samples
    }
}
