public import DataFiles

/// The sentences a terminal can say: their words in every language, their tone, and whether they may be cut short.
///
/// It is data (`device-profiles/voices/catalogue.json5`): the packs are spoken from it, and the announcer obeys it.
public struct PromptCatalogue: Sendable {
    /// One sentence.
    public struct Entry: Sendable, Decodable {
        /// Its name.
        public let id: PromptID
        /// Its words by language tag, `zh-CN` and `en`; numbers in them are `{amount}` or `{count}`.
        public let text: [String: String]
        /// What is said where a number is not known or cannot be read.
        public let instead: PromptID?
        /// What is played before it; `nil`: nothing, as it follows another sentence.
        public let tone: Tone.Name?
        /// Whether a more urgent sentence may cut it; false for what a holder must hear to the end.
        public let mayBeCut: Bool
        /// When the terminal says it; for people.
        public let whenSaid: String

        /// Its parts in `language`, or `nil` when the catalogue has no text in it.
        public func parts(in language: String) -> SentenceText? { text[language].flatMap(SentenceText.init) }
    }

    /// Goes up by one whenever words change; a pack says in its manifest for which version it was spoken.
    public let version: Int
    /// The sentences in the file's order.
    public let entries: [Entry]
    /// What numbers are read with, by language tag.
    public let words: [String: [String]]
    private let tones: [Tone.Name: Tone]
    private let byID: [PromptID: Entry]

    /// Reads the catalogue in `file`.
    public init(file: String) throws(DataFileError) {
        try self.init(DataFile.read(file, limit: 1 << 20), file: file)
    }

    /// Decodes a catalogue from JSON5; `file` is only for the error's text.
    public init(_ bytes: [UInt8], file: String) throws(DataFileError) {
        let content = try JSON5File.decode(Content.self, from: bytes, file: file)
        try content.check(file)
        version = content.version
        entries = content.prompts
        words = content.words ?? [:]
        tones = (content.tones ?? [:]).mapValues(Tone.init)
        byID = Dictionary(entries.map { entry in (entry.id, entry) }, uniquingKeysWith: { first, _ in first })
    }

    /// The sentence named `id`, or `nil` when the catalogue has none of that name.
    public subscript(id: PromptID) -> Entry? { byID[id] }

    /// Whether `id` may be cut; one that the catalogue does not know may be, as nothing was promised about it.
    public func mayBeCut(_ id: PromptID) -> Bool { byID[id]?.mayBeCut ?? true }

    /// The tone that `id` begins with.
    public func tone(of id: PromptID) -> Tone? { byID[id]?.tone.flatMap { tones[$0] } }

    private struct Content: Decodable {
        let version: Int
        let tones: [Tone.Name: [Tone.Note]]?
        let prompts: [Entry]
        let words: [String: [String]]?

        /// A fault in the catalogue must show at the start, and not when the sentence is first needed.
        func check(_ file: String) throws(DataFileError) {
            func expect(_ holds: Bool, _ path: String, _ expected: String) throws(DataFileError) {
                if !holds { throw DataFileError(file: file, path: path, expected: expected) }
            }
            for (name, notes) in (tones ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                for (index, note) in notes.enumerated() {
                    let path = "tones.\(name.rawValue)[\(index)]"
                    let isPitch = note.hertz == 0 || (100...4_000).contains(note.hertz)
                    try expect(isPitch, "\(path).hertz", "0, or 100 to 4000")
                    try expect((10...1_000).contains(note.milliseconds), "\(path).milliseconds", "10 to 1000")
                }
            }
            let ids = Set(prompts.map(\.id))
            var seen: Set<PromptID> = []
            for (index, entry) in prompts.enumerated() {
                let path = "prompts[\(index)]"
                try expect(seen.insert(entry.id).inserted, "\(path).id", "a name not used before")
                for (language, text) in entry.text.sorted(by: { $0.key < $1.key }) {
                    try expect(
                        SentenceText(text) != nil, "\(path).text.\(language)", "no braces but {amount} and {count}")
                }
                try expect(entry.instead.map(ids.contains) ?? true, "\(path).instead", "the name of a sentence")
                try expect(entry.instead != entry.id, "\(path).instead", "another sentence")
                if let tone = entry.tone {
                    try expect(tones?[tone] != nil, "\(path).tone", "a tone that is given in tones")
                }
            }
        }
    }
}
