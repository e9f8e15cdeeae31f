/// An amount of money in fen (1/100 yuan). Never floating; overflow traps, because a wrapped amount is a broken invariant.
public struct Fen: RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The number of fen; negative for what is owed.
    public var rawValue: Int64

    /// An amount of `rawValue` fen.
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// An amount of `fen` fen.
    public init(_ fen: Int64) { self.rawValue = fen }

    /// No money.
    public static let zero = Fen(0)

    /// Whether `left` comes before `right`.
    public static func < (left: Fen, right: Fen) -> Bool { left.rawValue < right.rawValue }
    /// The sum; overflow traps.
    public static func + (left: Fen, right: Fen) -> Fen { Fen(left.rawValue + right.rawValue) }
    /// The difference or negation; overflow traps.
    public static func - (left: Fen, right: Fen) -> Fen { Fen(left.rawValue - right.rawValue) }
    /// The difference or negation; overflow traps.
    public static prefix func - (amount: Fen) -> Fen { Fen(-amount.rawValue) }

    /// Yuan with two decimals, for people: `-12.05`.
    public var description: String {
        let magnitude = rawValue.magnitude
        let cents = magnitude % 100
        return "\(rawValue < 0 ? "-" : "")\(magnitude / 100).\(cents < 10 ? "0" : "")\(cents)"
    }
}

extension Fen {
    /// Reads yuan as people write them: `12`, `12.5`, `12.50`; `nil` for anything else, and for more than 10¹² yuan.
    public init?(yuan text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        func digits(_ part: Substring, _ counts: ClosedRange<Int>) -> Int64? {
            guard counts.contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
            return Int64(part)
        }
        guard let whole = digits(parts[0], 1...12) else { return nil }
        guard parts.count == 2 else {
            self.init(whole * 100)
            return
        }
        guard let part = digits(parts[1], 1...2) else { return nil }
        self.init(whole * 100 + (parts[1].utf8.count == 1 ? part * 10 : part))
    }
}
