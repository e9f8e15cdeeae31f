import DeviceProfiles
public import Mifare

/// The two copies of the allowance record on a card, and which of them counts.
public struct AllowanceCopies: Hashable, Sendable {
    /// The copies in blocks 1 and 2 of our sector; `nil` for one whose MAC does not hold, as after a torn write.
    public let copies: [AllowanceRecord?]

    /// Reads blocks 1 and 2 as `records` on the card `uid`.
    public init(_ records: [Block], uid: CardUID, identity: Identity, keys: any KeyRing, macKey: String) {
        copies = records.map { AllowanceRecord($0, uid: uid, identity: identity, keys: keys, macKey: macKey) }
    }

    /// The place of the copy that counts, 0 or 1: the valid one with the higher sequence; `nil` when neither is valid.
    public var newestIndex: Int? {
        copies.indices.filter { copies[$0] != nil }
            .max { (copies[$0]?.sequence ?? 0) < (copies[$1]?.sequence ?? 0) }
    }

    /// The copy that counts.
    public var newest: AllowanceRecord? { newestIndex.flatMap { copies[$0] } }

    /// Whether the activation of this sector was finished: without its seal a sector is not the card's application.
    public var isSealed: Bool { (newest?.sequence ?? 0) >= CampusSector.sealedSequence }

    /// Whether the copies contradict each other: every use writes the one copy one ahead of the other, so two valid ones
    /// are neighbours unless somebody put an older state of one of them back.
    public var isForked: Bool {
        guard let first = copies.first ?? nil, let second = copies.last ?? nil else { return false }
        return first.sequence != second.sequence + 1 && second.sequence != first.sequence + 1
    }
}
