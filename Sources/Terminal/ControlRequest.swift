/// A question on the control socket: one line of JSON.
public struct ControlRequest: Codable, Hashable, Sendable {
    /// What is asked: `sync-status`, `sync-now`, `say`.
    public var ask: String
    /// For `say`: the sentence's name.
    public var prompt: String?
    /// For `say`: the amount in it, in fen.
    public var amountFen: Int64?
    /// For `say`: the number in it.
    public var count: Int?

    /// The question `ask`.
    public init(_ ask: String) { self.ask = ask }
}
