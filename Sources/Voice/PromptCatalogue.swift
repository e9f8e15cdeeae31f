public import DataFiles

/// The sentences a terminal can say: their words in every language, and whether they may be cut short.
///
/// It is data (`device-profiles/voices/catalogue.json5`): the packs are spoken from it, and the announcer obeys it.
public struct PromptCatalogue: Sendable {
    /// One sentence.
    public struct Entry: Sendable, Decodable {
        /// Its name.
        public let id: PromptID
        /// Its words by language tag, `zh-CN` and `en`.
        public let text: [String: String]
        /// Whether a more urgent sentence may cut it; false for what a holder must hear to the end.
        public let mayBeCut: Bool
        /// When the terminal says it; for people.
        public let whenSaid: String
    }

    /// Goes up by one whenever words change; a pack says in its manifest for which version it was spoken.
    public let version: Int
    /// The sentences in the file's order.
    public let entries: [Entry]
    private let byID: [PromptID: Entry]

    /// A catalogue of `entries`, whose names differ.
    public init(version: Int, entries: [Entry]) {
        self.version = version
        self.entries = entries
        self.byID = Dictionary(entries.map { entry in (entry.id, entry) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads the catalogue in `file`.
    public init(file: String) throws(DataFileError) {
        try self.init(DataFile.read(file, limit: 1 << 20), file: file)
    }

    /// Decodes a catalogue from JSON5; `file` is only for the error's text.
    public init(_ bytes: [UInt8], file: String) throws(DataFileError) {
        let content = try JSON5File.decode(Content.self, from: bytes, file: file)
        var seen: Set<PromptID> = []
        for (index, entry) in content.prompts.enumerated() where !seen.insert(entry.id).inserted {
            throw DataFileError(file: file, path: "prompts[\(index)].id", expected: "a name not used before")
        }
        self.init(version: content.version, entries: content.prompts)
    }

    /// The sentence named `id`, or `nil` when the catalogue has none of that name.
    public subscript(id: PromptID) -> Entry? { byID[id] }

    /// Whether `id` may be cut; one that the catalogue does not know may be, as nothing was promised about it.
    public func mayBeCut(_ id: PromptID) -> Bool { byID[id]?.mayBeCut ?? true }

    private struct Content: Decodable {
        let version: Int
        let prompts: [Entry]
    }
}
