public import Platform

/// What is to be said: a sentence of the catalogue, with the numbers that its text leaves open.
public struct Utterance: Hashable, Sendable {
    /// The sentence.
    public let id: PromptID
    /// What is read at `{amount}`, in fen: 0...9,999,999.
    public let amount: Fen?
    /// What is read at `{count}`: 0...99,999.
    public let count: Int?

    /// The sentence `id`. Without a number that its text asks for, or with one that nobody can read, another is said
    /// instead of it: the catalogue tells which.
    public init(_ id: PromptID, amount: Fen? = nil, count: Int? = nil) {
        self.id = id
        self.amount = amount
        self.count = count
    }
}
