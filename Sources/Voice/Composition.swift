extension VoicePack {
    /// What is played one after the other to say `utterance` in this pack's language.
    ///
    /// - Returns: `nil` when a piece or a word of it is missing, or a number that its text asks for.
    public func names(for utterance: Utterance, in catalogue: PromptCatalogue) -> [Name]? {
        let id = utterance.id
        guard let text = catalogue[id]?.parts(in: language), !text.isWhole else {
            return complete([.sentence(id.rawValue)])
        }
        let reading = NumberReading(language: language)
        var pieces = text.names(of: id)[...]
        var names: [Name] = []
        for part in text.parts {
            let words: [String]?
            switch part {
            case .words:
                names += pieces.popFirst().map { [.sentence($0)] } ?? []
                continue
            case .amount: words = utterance.amount.flatMap { reading?.words($0) }
            case .count: words = utterance.count.flatMap { reading?.words($0) }
            }
            guard let words else { return nil }
            names += words.map { .word($0) }
        }
        return complete(names)
    }

    private func complete(_ names: [Name]) -> [Name]? {
        names.allSatisfy { self[$0] != nil } ? names : nil
    }

    /// Whether it has every sound that the sentence `entry` may need.
    public func canSay(_ entry: PromptCatalogue.Entry, of catalogue: PromptCatalogue) -> Bool {
        names(needed: entry, of: catalogue).allSatisfy { self[$0] != nil }
    }

    /// The names under which the catalogue's sentences and words are missing here.
    public func missing(from catalogue: PromptCatalogue) -> [Name] {
        let sentences = catalogue.entries.flatMap { entry in
            let text = entry.parts(in: language) ?? SentenceText(entry.id.rawValue)
            return text?.names(of: entry.id).map { Name.sentence($0) } ?? []
        }
        let words = (catalogue.words[language] ?? []).map { Name.word($0) }
        return (sentences + words).filter { self[$0] == nil }
    }

    private func names(needed entry: PromptCatalogue.Entry, of catalogue: PromptCatalogue) -> [Name] {
        guard let text = entry.parts(in: language), !text.isWhole else { return [.sentence(entry.id.rawValue)] }
        // A language whose numbers are not taught has no words in the catalogue: this name is in no pack.
        let words = catalogue.words[language] ?? ["\(entry.id): numbers"]
        return text.names(of: entry.id).map { .sentence($0) } + words.map { .word($0) }
    }
}
