/// A question on the control socket: one line of JSON.
public struct ControlRequest: Codable, Hashable, Sendable {
    /// What is asked: `status`, `metrics`, `monitor`, `lend`, `close-day`, `credentials`, `sync-status`, `sync-now`, `say`.
    public var ask: String
    /// For `say`: the sentence's name.
    public var prompt: String?
    /// For `say`: the amount in it, in fen.
    public var amountFen: Int64?
    /// For `say`: the number in it.
    public var count: Int?

    /// For `lend`: a part of the reader's name in pcscd; `nil`: the one that there is.
    public var reader: String?

    /// The question `ask`.
    public init(_ ask: String) { self.ask = ask }
}
