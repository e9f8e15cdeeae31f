/// placeholder until merged
public struct CloneHints: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let sequenceFork = CloneHints(rawValue: 32)
    public static let reset = CloneHints(rawValue: 64)
    public var names: [String] { [] }
}
