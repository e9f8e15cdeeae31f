import Platform

/// What `head` says: up to where everything was durable once, and the keys for what comes next.
struct JournalHead {
    var epoch: UInt32
    /// A sequence up to which everything was durable; 0 for none.
    var sequence: UInt64
    /// The chain MAC of that record.
    var chainMAC: ChainMAC
    var boot: UInt32
    var keyIdentifier: [UInt8]
    var keys: ChainKeys
}

/// The file `head`.
///
/// Every state is written twice, into both sectors: the second writing destroys the key that came before.
final class HeadFile: Sendable {
    static let name = "head"
    static let magic = "YIKAHEAD"

    /// Offsets from byte 40 of a sector on.
    private enum Offset {
        static let keyStep = 0, boot = 4, identifier = 8, stepKey = 16, gapKey = 48, end = 80
    }

    private let pair: SectorPair

    private init(pair: SectorPair) { self.pair = pair }

    /// Opens the head, making it first where there is none.
    ///
    /// - Returns: the head found, `nil` when it is new or both sectors are damaged.
    static func open(
        storage: any JournalStorage, terminal: UInt16, root: ChainKey?
    ) throws(JournalError) -> (file: HeadFile, found: JournalHead?) {
        let (pair, state) = try SectorPair.open(name, magic: magic, storage: storage, terminal: terminal)
        guard let state else { return (HeadFile(pair: pair), nil) }
        let identifier = Array(state.rest[Offset.identifier..<Offset.stepKey])
        if let root, root.identifier != identifier { throw .wrongKey(file: name) }
        let keys = ChainKeys(
            step: state.rest.integer(at: Offset.keyStep),
            stepKey: Array(state.rest[Offset.stepKey..<Offset.gapKey]),
            gapKey: Array(state.rest[Offset.gapKey..<Offset.end]), epoch: state.epoch, root: root)
        let head = JournalHead(
            epoch: state.epoch, sequence: state.sequence, chainMAC: state.chainHead,
            boot: state.rest.integer(at: Offset.boot), keyIdentifier: identifier, keys: keys)
        return (HeadFile(pair: pair), head)
    }

    /// Makes `head` durable and destroys what was there before; after one failure never again.
    func store(_ head: JournalHead) throws(StorageError) {
        var rest = [UInt8](repeating: 0, count: Offset.end)
        rest.store(head.keys.present, at: Offset.keyStep)
        rest.store(head.boot, at: Offset.boot)
        rest.replaceSubrange(Offset.identifier..<Offset.stepKey, with: head.keyIdentifier)
        rest.replaceSubrange(Offset.stepKey..<Offset.gapKey, with: head.keys.presentKeyBytes)
        rest.replaceSubrange(Offset.gapKey..<Offset.end, with: head.keys.gapKeyBytes)
        let state = SectorPair.State(
            epoch: head.epoch, sequence: head.sequence, chainHead: head.chainMAC, rest: rest)
        try pair.store(state)
        try pair.store(state)
    }
}
