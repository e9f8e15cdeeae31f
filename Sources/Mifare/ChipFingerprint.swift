public struct ChipFingerprint {
    public var size: ClassicSize? { nil }
    public var hints: CloneHints { [] }
    public init?(block0: Block, uid: CardUID) {}
}
