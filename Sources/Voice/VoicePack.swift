public import DataFiles

/// One language's sentences, spoken, in memory: a folder of WAV files and the `manifest.json` that names them.
public struct VoicePack: Sendable {
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
    /// The version of the catalogue whose words were spoken.
    public let catalogueVersion: Int
    /// The spoken sentences.
    public let sentences: [PromptID: Sentence]

    /// One spoken sentence.
    public struct Sentence: Sendable {
        /// The words, as the manifest gives them.
        public let text: String
        /// The sound: 16 bits, one channel, at the pack's rate.
        public let samples: [Int16]
        /// How long it takes, in milliseconds, by the count of its samples.
        public let milliseconds: Int
    }

    /// Loads the pack in `folder`.
    ///
    /// All files are read now, so that a tap never waits for a disk.
    public init(folder: String) throws(DataFileError) {
        let file = "\(folder)/manifest.json"
        let manifest = try JSON5File.decode(Manifest.self, from: file)
        guard WAV.rates.contains(manifest.sampleRate) else {
            let range = "\(WAV.rates.lowerBound) to \(WAV.rates.upperBound)"
            throw DataFileError(file: file, path: "sampleRate", expected: "\(range) samples per second")
        }
        var sentences: [PromptID: Sentence] = [:]
        for (id, entry) in manifest.sentences.sorted(by: { left, right in left.key < right.key }) {
            let path = "sentences.\(id)"
            sentences[PromptID(rawValue: id)] = try Self.sentence(entry, at: path, of: manifest, in: folder)
        }
        self.language = manifest.language
        self.name = manifest.name
        self.speaker = manifest.speaker
        self.engine = manifest.engine
        self.licence = manifest.licence
        self.sampleRate = manifest.sampleRate
        self.catalogueVersion = manifest.catalogueVersion
        self.sentences = sentences
    }

    /// The catalogue's sentences that this pack does not speak.
    public func missing(from catalogue: PromptCatalogue) -> [PromptID] {
        catalogue.entries.map(\.id).filter { id in sentences[id] == nil }
    }

    /// How far a manifest's `milliseconds` may be from its file's: rounding, and a cut that was nudged by hand.
    private static let tolerance = 50

    private static func sentence(
        _ entry: Manifest.Entry, at path: String, of manifest: Manifest, in folder: String
    ) throws(DataFileError) -> Sentence {
        let manifestFile = "\(folder)/manifest.json"
        // A pack may come from anybody: it names files of its own folder only.
        guard !entry.file.isEmpty, entry.file != "..", !entry.file.utf8.contains(UInt8(ascii: "/")) else {
            let expected = "the name of a file in the same folder"
            throw DataFileError(file: manifestFile, path: "\(path).file", expected: expected)
        }
        let samples = try sound("\(folder)/\(entry.file)", rate: manifest.sampleRate)
        let milliseconds = samples.count * 1_000 / manifest.sampleRate
        guard (milliseconds - tolerance...milliseconds + tolerance).contains(entry.milliseconds) else {
            let expected = "\(milliseconds), the length of \(entry.file)"
            throw DataFileError(file: manifestFile, path: "\(path).milliseconds", expected: expected)
        }
        return Sentence(text: entry.text, samples: samples, milliseconds: milliseconds)
    }

    /// A minute of sound is 6 MB at the highest rate, so more than this is a mistake.
    private static let soundLimit = 16 << 20

    private static func sound(_ file: String, rate: Int) throws(DataFileError) -> [Int16] {
        let bytes = try DataFile.read(file, limit: soundLimit)
        let sound: WAV
        do throws(WAV.Problem) {
            sound = try WAV(bytes)
        } catch {
            throw DataFileError(file: file, path: error.path, expected: error.expected)
        }
        guard sound.sampleRate == rate else {
            let expected = "\(rate) as the manifest says, not \(sound.sampleRate)"
            throw DataFileError(file: file, path: "fmt.sampleRate", expected: expected)
        }
        guard !sound.samples.isEmpty else {
            throw DataFileError(file: file, path: "data", expected: "at least one sample")
        }
        return sound.samples
    }

    private struct Manifest: Decodable {
        let language: String
        let name: String
        let speaker: String
        let engine: String
        let licence: String
        let sampleRate: Int
        let catalogueVersion: Int
        let sentences: [String: Entry]

        struct Entry: Decodable {
            let file: String
            let text: String
            let milliseconds: Int
        }
    }
}
