import Platform

/// How far the ledger has taken the journal: what may be removed, and from where to upload.
public struct AckCursor: Hashable, Sendable {
    /// The epoch that `acknowledged` counts in.
    public var epoch: UInt32
    /// The last record that the ledger has stored for good; 0 when none.
    public var acknowledged: UInt64
    /// That record's chain MAC.
    public var chainHead: ChainMAC

    /// A cursor with these fields.
    public init(epoch: UInt32, acknowledged: UInt64, chainHead: ChainMAC) {
        self.epoch = epoch
        self.acknowledged = acknowledged
        self.chainHead = chainHead
    }

    init(_ state: SectorPair.State) {
        self.init(epoch: state.epoch, acknowledged: state.sequence, chainHead: state.chainHead)
    }
}

/// The file `cursor`.
final class CursorFile: Sendable {
    static let name = "cursor"
    static let magic = "YIKACURS"

    private let pair: SectorPair

    private init(pair: SectorPair) { self.pair = pair }

    /// Opens the cursor, making it first where there is none.
    ///
    /// - Returns: the cursor found, `nil` when it is new or both sectors are damaged.
    static func open(
        storage: any JournalStorage, terminal: UInt16
    ) throws(JournalError) -> (file: CursorFile, found: AckCursor?) {
        let (pair, found) = try SectorPair.open(name, magic: magic, storage: storage, terminal: terminal)
        return (CursorFile(pair: pair), found.map(AckCursor.init))
    }

    /// Makes `cursor` durable; after one failure never again.
    func store(_ cursor: AckCursor) throws(StorageError) {
        try pair.store(
            SectorPair.State(epoch: cursor.epoch, sequence: cursor.acknowledged, chainHead: cursor.chainHead))
    }
}
