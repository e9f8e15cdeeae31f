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

/// Everything that can be said: it finds the sounds for an utterance, in the right languages, at the device's rate.
struct Repertoire {
    /// One utterance as it is played: a tone, then the same in one language after the other.
    struct Recital: Hashable {
        var tone: [Int16] = []
        var passages: [[[Int16]]] = []

        var isEmpty: Bool { tone.isEmpty && passages.isEmpty }
    }

    /// What the sounds are to be converted to; the packs' own rate until a device has said what it takes.
    private(set) var rate: Int
    let catalogue: PromptCatalogue
    private var packs: [VoicePack]
    private let languages: SpeakingLanguages
    private let hasTones: Bool
    /// What has not been brought to ``rate`` yet.
    private var pending: [(pack: Int, name: VoicePack.Name)] = []

    init(packs: [VoicePack], catalogue: PromptCatalogue, languages: SpeakingLanguages, tones: Bool) {
        self.packs = packs
        self.catalogue = catalogue
        self.languages = languages
        hasTones = tones
        rate = packs.first?.sampleRate ?? 24_000
        setRate(rate)
    }

    /// The rate to ask the device for.
    var ownRate: Int { packs.first?.sampleRate ?? 24_000 }

    /// The device takes `rate` samples per second.
    mutating func setRate(_ rate: Int) {
        self.rate = rate
        pending = packs.indices.flatMap { index in
            packs[index].names.filter { packs[index][$0]?.rate != rate }.map { (index, $0) }
        }
    }

    /// Brings one more sound to the device's rate. False when all are.
    mutating func prepareOne() -> Bool {
        guard let next = pending.popLast() else { return false }
        packs[next.pack].convert(next.name, to: rate)
        return true
    }

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
            for index in order where languages == .all || recital.passages.isEmpty {
                if let passage = passage(utterance, index) { recital.passages.append(passage) }
            }
        }
        if hasTones || recital.passages.isEmpty, let tone = catalogue.tone(of: utterance.id) {
            recital.tone = tone.samples(rate: rate)
        }
        return recital
    }

    private mutating func passage(_ utterance: Utterance, _ index: Int) -> [[Int16]]? {
        let instead = catalogue[utterance.id]?.instead.map { Utterance($0) }
        guard
            let names = packs[index].names(for: utterance, in: catalogue)
                ?? instead.flatMap({ packs[index].names(for: $0, in: catalogue) })
        else { return nil }
        for name in names { packs[index].convert(name, to: rate) }
        return names.compactMap { packs[index][$0]?.samples }
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
