/// What a scanner has read: one whole code, as text.
public struct Scan: Hashable, Sendable {
    /// The code's text, without the characters by which the scanner ends it.
    public let text: String

    /// A code with this text.
    public init(text: String) { self.text = text }
}
