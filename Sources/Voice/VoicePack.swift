public import DataFiles
import Platform

/// One language's sentences, spoken: a folder of WAV files and the `manifest.json` that names them.
///
/// The sound stays in the files. Of the minutes that a pack lasts, a terminal says the same few sentences all day, and
/// what the kernel keeps of the files it can take back when somebody needs the memory.
public struct VoicePack: Sendable {
    /// What its manifest says of it.
    public let about: PackManifest
    private let folder: String
    /// What is spoken, by name.
    private let sounds: [Name: Sound]

    /// Under which name something is spoken.
    public enum Name: Hashable, Sendable {
        /// A sentence, or a piece of one with numbers in it: `paid-amount/1`.
        case sentence(String)
        /// A word of a number: 二十元.
        case word(String)
    }

    /// Something spoken.
    public struct Sound: Sendable {
        /// What is said.
        public let text: String
        /// How long it takes, in milliseconds, by the count of its samples.
        public let milliseconds: Int
        fileprivate let entry: PackManifest.Entry
        /// Where it stands in the manifest.
        fileprivate let path: String
    }

    /// The language tag: `zh-CN`.
    public var language: String { about.language }
    /// Samples per second, the same in all files.
    public var sampleRate: Int { about.sampleRate }

    /// Opens the pack in `folder`.
    ///
    /// All files are read now, so that what is wrong with one shows at the start, and not at somebody's tap.
    ///
    /// - Parameter wanted: which of its sounds to take; a pack that only fills another's gaps need not be read whole.
    public init(folder: String, where wanted: (Name) -> Bool = { _ in true }) throws(DataFileError) {
        let manifest = try PackManifest(folder: folder)
        about = manifest
        self.folder = folder
        var sounds: [Name: Sound] = [:]
        for (name, entry, path) in manifest.files where wanted(name) {
            let count = try manifest.samples(of: entry, at: path, in: folder).count
            sounds[name] = Sound(
                text: entry.text ?? "", milliseconds: count * 1_000 / manifest.sampleRate, entry: entry, path: path)
        }
        self.sounds = sounds
    }

    /// What is spoken under `name`, if this pack has it.
    public subscript(name: Name) -> Sound? { sounds[name] }

    /// Everything it speaks.
    public var names: Dictionary<Name, Sound>.Keys { sounds.keys }

    /// Reads what is spoken under `name`: 16 bits, one channel, ``sampleRate``; `nil` if this pack does not have it.
    ///
    /// The file is looked at as closely as at the start, as somebody may have put another in its place.
    public func samples(of name: Name) throws(DataFileError) -> [Int16]? {
        guard let sound = sounds[name] else { return nil }
        return try about.samples(of: sound.entry, at: sound.path, in: folder)
    }
}
