import DataFiles
import Platform

/// In which languages a terminal speaks.
public enum SpeakingLanguages: String, Sendable, Decodable, CaseIterable {
    /// In the first; what it lacks comes from the next that has it.
    case first
    /// In all, one after the other.
    case all
    /// In the holder's own where the ledger tells it, in the first otherwise.
    case holder
}

/// Everything that can be said: it finds the sounds for an utterance, in the right languages.
struct Repertoire {
    /// One utterance as it is played: a tone, then the same in one language after the other.
    struct Recital: Hashable {
        /// At the device's rate.
        var tone: [Int16] = []
        /// At their packs' rates.
        var passages: [[SoundStream.Sound]] = []
        /// Set when files that were in order at the start no longer are: what is said instead, and in which language.
        var stopgap: Stopgap?

        var isEmpty: Bool { tone.isEmpty && passages.isEmpty }

        enum Stopgap: Hashable { case language(String), tone }
    }

    /// What the device takes, in samples per second; the packs' own rate until one has said so.
    var rate: Int
    let catalogue: PromptCatalogue
    private let packs: [VoicePack]
    private let languages: SpeakingLanguages
    private let hasTones: Bool
    private var shelf = SoundShelf()

    init(packs: [VoicePack], catalogue: PromptCatalogue, languages: SpeakingLanguages, tones: Bool) {
        self.packs = packs
        self.catalogue = catalogue
        self.languages = languages
        hasTones = tones
        rate = packs.first?.sampleRate ?? 24_000
    }

    /// The rate to ask the device for.
    var ownRate: Int { packs.first?.sampleRate ?? 24_000 }

    /// What is played for `utterance`; empty when nobody can say it, and nothing even whistle it.
    ///
    /// - Parameters:
    ///   - language: the holder's, if it is known.
    ///   - abridged: its tone alone.
    mutating func recital(of utterance: Utterance, language: String?, abridged: Bool) -> Recital {
        var recital = Recital()
        var order = Array(packs.indices)
        if languages == .holder, let own = packs.firstIndex(where: { $0.language == language }) {
            order.removeAll { $0 == own }
            order.insert(own, at: 0)
        }
        if !abridged {
            var isUnreadable = false
            for index in order where languages == .all || recital.passages.isEmpty {
                do throws(DataFileError) {
                    guard let passage = try passage(utterance, index) else { continue }
                    recital.passages.append(passage)
                    if isUnreadable { recital.stopgap = .language(packs[index].language) }
                } catch {
                    isUnreadable = true
                }
            }
            if isUnreadable, recital.stopgap == nil { recital.stopgap = .tone }
        }
        if hasTones || recital.passages.isEmpty, let tone = catalogue.tone(of: utterance.id) {
            recital.tone = tone.samples(rate: rate)
        }
        return recital
    }

    private mutating func passage(_ utterance: Utterance, _ index: Int) throws(DataFileError) -> [SoundStream.Sound]? {
        let instead = catalogue[utterance.id]?.instead.map { Utterance($0) }
        guard
            let names = packs[index].names(for: utterance, in: catalogue)
                ?? instead.flatMap({ packs[index].names(for: $0, in: catalogue) })
        else { return nil }
        var sounds: [SoundStream.Sound] = []
        for name in names {
            sounds.append(SoundStream.Sound(samples: try samples(name, of: index), rate: packs[index].sampleRate))
        }
        return sounds
    }

    /// What is spoken under `name`: from the shelf, or else from its file.
    private mutating func samples(_ name: VoicePack.Name, of index: Int) throws(DataFileError) -> [Int16] {
        let label = SoundShelf.Label(pack: index, name: name)
        if let samples = shelf.take(label) { return samples }
        let samples = try packs[index].samples(of: name) ?? []
        shelf.put(samples, label)
        return samples
    }

    /// Which of the catalogue's sentences are not spoken in a language that they should be, and by whom they are instead.
    var gaps: [(id: PromptID, instead: String?)] {
        let wanted = languages == .all ? packs[...] : packs.prefix(1)
        return catalogue.entries.compactMap { entry in
            guard wanted.isEmpty || wanted.contains(where: { !$0.canSay(entry, of: catalogue) }) else { return nil }
            return (entry.id, packs.first { $0.canSay(entry, of: catalogue) }?.language)
        }
    }
}
