public import DataFiles
import Platform

/// One language's sentences, spoken, in memory: a folder of WAV files and the `manifest.json` that names them.
public struct VoicePack: Sendable {
    /// What its manifest says of it.
    public let about: PackManifest
    /// What is spoken, by name.
    private var sounds: [Name: Sound]

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
        /// The sound: 16 bits, one channel.
        public private(set) var samples: [Int16]
        /// Samples per second: the pack's rate, or the device's once it was converted for it.
        public private(set) var rate: Int

        /// How long it takes, in milliseconds, by the count of its samples.
        public var milliseconds: Int { samples.count * 1_000 / rate }

        init(text: String, samples: [Int16], rate: Int) {
            (self.text, self.samples, self.rate) = (text, samples, rate)
        }

        mutating func convert(to rate: Int) {
            samples = Resampler.convert(samples, from: self.rate, to: rate)
            self.rate = rate
        }
    }

    /// The language tag: `zh-CN`.
    public var language: String { about.language }
    /// Samples per second, the same in all files.
    public var sampleRate: Int { about.sampleRate }

    /// Loads the pack in `folder`.
    ///
    /// All files are read now, so that a tap never waits for a disk.
    ///
    /// - Parameter wanted: which of its sounds to load; a pack that only fills another's gaps need not be in memory whole.
    public init(folder: String, where wanted: (Name) -> Bool = { _ in true }) throws(DataFileError) {
        let manifest = try PackManifest(folder: folder)
        about = manifest
        sounds = [:]
        for (name, entry, path) in manifest.files where wanted(name) {
            let samples = try manifest.samples(of: entry, at: path, in: folder)
            sounds[name] = Sound(text: entry.text ?? "", samples: samples, rate: manifest.sampleRate)
        }
    }

    /// What is spoken under `name`, if this pack has it.
    public subscript(name: Name) -> Sound? { sounds[name] }

    /// Everything it speaks.
    public var names: Dictionary<Name, Sound>.Keys { sounds.keys }

    /// Brings what is spoken under `name` to `rate` samples per second, once.
    mutating func convert(_ name: Name, to rate: Int) {
        guard let sound = sounds[name], sound.rate != rate else { return }
        sounds[name]?.convert(to: rate)
    }
}
