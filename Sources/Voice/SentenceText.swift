/// A sentence's text in one language, taken apart at what is read as a number: `本班共{count}笔，合计{amount}。`
public struct SentenceText: Hashable, Sendable {
    /// A part, in the order of speaking.
    public enum Part: Hashable, Sendable {
        /// Words that are the same each time.
        case words(String)
        /// An amount of money.
        case amount
        /// A number of things.
        case count
    }

    /// The parts; none that is punctuation alone, as nobody hears that.
    public let parts: [Part]

    /// Takes `text` apart; `nil` when it has a brace that opens nothing known.
    public init?(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        func add(_ words: Substring) {
            if words.contains(where: { $0.isLetter || $0.isNumber }) { parts.append(.words(String(words))) }
        }
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            add(rest[..<open])
            switch rest[rest.index(after: open)..<close] {
            case "amount": parts.append(.amount)
            case "count": parts.append(.count)
            default: return nil
            }
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { return nil }
        add(rest)
        self.parts = parts
    }

    /// Whether it has no numbers: it is spoken as a whole.
    public var isWhole: Bool { parts.allSatisfy { if case .words = $0 { true } else { false } } }

    /// Under which names a pack holds what is spoken of the sentence `id`.
    public func names(of id: PromptID) -> [String] {
        if isWhole { return [id.rawValue] }
        let pieces = parts.count { if case .words = $0 { true } else { false } }
        return (0..<pieces).map { "\(id.rawValue)/\($0 + 1)" }
    }
}
