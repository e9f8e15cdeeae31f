/// What is odd about a card, as a set of hints.
///
/// Hints, never a refusal: makers differ, readers lie, and honest schools bought compatible chips by the thousand. They
/// go on records, so that the ledger can set what it sees from many taps beside them; nobody is turned away for one.
/// Raw values are therefore never given another meaning.
public struct CloneHints: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// One bit per hint.
    public let rawValue: UInt16
    /// The hints with these bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Block 0 tells another UID than the card answered its selection with.
    public static let uidMismatch = CloneHints(rawValue: 1)
    /// The check byte after a 4-byte UID is not its XOR.
    public static let checkByteWrong = CloneHints(rawValue: 2)
    /// SAK and ATQA in block 0 contradict each other or the UID's length, or the SAK is no Classic's.
    public static let typeMismatch = CloneHints(rawValue: 4)
    /// Block 0 is filled in as on chips that are sold for copying.
    public static let knownCloneMaker = CloneHints(rawValue: 8)
    /// A sector that a system uses opens with published keys.
    public static let defaultKeysOpen = CloneHints(rawValue: 16)
    /// The card's sequence went two ways: two cards carry one identity.
    public static let sequenceFork = CloneHints(rawValue: 32)
    /// The ledger holds the card active, and it was found blank.
    public static let reset = CloneHints(rawValue: 64)

    /// Every hint that there is, in the order of the bits.
    public static let all: [CloneHints] = catalogue.map(\.hint)

    /// The names of the hints in this set, fit for a record or a search.
    ///
    /// A bit without a name, set by a later version, is named after its place, so that nothing gets lost.
    public var names: [String] { bits.map { Self.entry(of: $0)?.name ?? "hint-\($0.trailingZeroBitCount)" } }

    /// A sentence for each hint in this set, in the order of ``names``.
    public var sentences: [String] {
        bits.map { Self.entry(of: $0)?.sentence ?? "A later version of the terminal found something odd." }
    }

    /// The hint of this name; `nil` for none.
    public init?(name: String) {
        guard let entry = Self.catalogue.first(where: { $0.name == name }) else { return nil }
        self = entry.hint
    }

    /// The names, for people and logs.
    public var description: String { names.joined(separator: " ") }

    private var bits: [UInt16] { (0..<16).map { 1 << $0 }.filter { rawValue & $0 != 0 } }

    private static func entry(of bit: UInt16) -> Entry? { catalogue.first { $0.hint.rawValue == bit } }

    private struct Entry {
        let hint: CloneHints
        let name: String
        let sentence: String
    }

    private static let catalogue = [
        Entry(
            hint: .uidMismatch, name: "uid-mismatch",
            sentence: "The card answers with another number than its first block holds."),
        Entry(
            hint: .checkByteWrong, name: "check-byte-wrong",
            sentence: "The check byte behind the card's number is wrong."),
        Entry(
            hint: .typeMismatch, name: "type-mismatch",
            sentence: "The card's first block contradicts itself about the kind of chip."),
        Entry(
            hint: .knownCloneMaker, name: "known-clone-maker",
            sentence: "The card's first block is filled in as on chips sold for copying."),
        Entry(
            hint: .defaultKeysOpen, name: "default-keys-open",
            sentence: "A sector in use opens with keys that everybody knows."),
        Entry(
            hint: .sequenceFork, name: "sequence-fork",
            sentence: "Two cards spend under one identity: their sequences went different ways."),
        Entry(
            hint: .reset, name: "reset",
            sentence: "The ledger holds this card active, but it was found blank."),
    ]
}
