/// What a fuzzer feeds with bytes, and the tests with the bytes that it found worth keeping.
///
/// A broken promise traps: libFuzzer then keeps the bytes.
public enum CardTarget: String, CaseIterable, Sendable {
    /// A card image; the first byte chooses the name that its file has.
    case image
    /// An ATR, and the blocks that a card may answer with.
    case chip
    /// A reader profile, and a card served in its dialect.
    case profile
    /// A card layout, and cards activated by it.
    case layout

    /// The target that the first byte of `input` chooses, and the bytes for it; `nil` for an empty input.
    public static func chosen(by input: [UInt8]) -> (target: CardTarget, bytes: [UInt8])? {
        guard let first = input.first else { return nil }
        return (allCases[Int(first) % allCases.count], Array(input.dropFirst()))
    }

    /// Feeds it.
    public func feed(_ bytes: [UInt8]) {
        switch self {
        case .image: ImageTarget.feed(bytes)
        case .chip: ChipTarget.feed(bytes)
        case .profile: ProfileTarget.feed(bytes)
        case .layout: LayoutTarget.feed(bytes)
        }
    }
}
