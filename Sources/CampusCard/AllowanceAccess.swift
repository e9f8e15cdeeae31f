public import DeviceProfiles
public import Mifare
import Platform

/// Our application on a card in use: found, read, and carried one use further.
///
/// One authentication for reading and writing. A use writes the copy that does not count and reads it back, so whatever
/// becomes of the write, one valid record is there: the old one or the new one.
public struct AllowanceAccess {
    /// What our sector holds.
    public struct State: Hashable, Sendable {
        /// The sector.
        public let sector: Int
        /// Whose card it is.
        public let identity: Identity
        /// The record that counts.
        public let record: AllowanceRecord
        /// What does not fit together, for the record of the use.
        public let hints: CloneHints
        /// The block that holds the record that counts.
        let newestBlock: Int
        /// The block that the next use writes.
        let nextBlock: Int
    }

    /// Why our application cannot be used.
    public enum Problem: Error, Hashable, Sendable {
        /// No candidate sector is ours and finished: not activated, or of another campus.
        case notOurs
        /// The sector is ours, and neither copy of the record is valid; or what was written reads otherwise. Nothing is
        /// known of what the card holds until it is read again.
        case damaged(sector: Int)
        /// The key ring lacks a key that the layout names.
        case missingKey(String)
        /// The card or the reader failed.
        case card(ClassicError)
    }

    private let card: ClassicCard
    private let layout: CardLayout.OurApplication
    private let keys: any KeyRing

    /// Access to the application that `layout` describes on `card`.
    public init(card: ClassicCard, layout: CardLayout.OurApplication, keys: any KeyRing) {
        self.card = card
        self.layout = layout
        self.keys = keys
    }

    /// Finds our sector and reads it: 6 commands when it is the first candidate.
    public func read() throws(Problem) -> State {
        let uid = try onCard { () throws(ClassicError) in try card.selectUID() }
        var damaged: Int?
        for sector in layout.candidates where sector < card.size.sectors {
            guard let blocks = try blocks(of: sector, uid) else { continue }
            guard let identity = Identity(blocks[0]) else {
                damaged = damaged ?? sector
                continue
            }
            let copies = try copies(in: sector, identity, uid, first: Array(blocks[1...]))
            guard let newest = copies.newestIndex, let record = copies.newest else {
                damaged = damaged ?? sector
                continue
            }
            guard copies.isSealed else { continue }
            return State(
                sector: sector, identity: identity, record: record, hints: copies.isForked ? .sequenceFork : [],
                newestBlock: ClassicSize.firstBlock(ofSector: sector) + 1 + newest,
                nextBlock: ClassicSize.firstBlock(ofSector: sector) + 2 - newest)
        }
        if let damaged { throw .damaged(sector: damaged) }
        throw .notOurs
    }

    /// How often two invalid copies are read again before they are given up.
    private static let rereadings = 16

    /// The copies of the record, in the blocks read first or, when neither is valid, in what they read as next.
    ///
    /// Two uses in turn may both have been torn: the first left a bit that read rightly once and not now, the second
    /// destroyed the copy before it. A bit that reads as it likes reads rightly again.
    private func copies(
        in sector: Int, _ identity: Identity, _ uid: CardUID, first blocks: [Block]
    ) throws(Problem) -> AllowanceCopies {
        func copies(_ blocks: [Block]) -> AllowanceCopies {
            AllowanceCopies(blocks, uid: uid, identity: identity, keys: keys, macKey: layout.macKey)
        }
        var found = copies(blocks)
        let first = ClassicSize.firstBlock(ofSector: sector) + 1
        for _ in 0..<Self.rereadings where found.newest == nil {
            found = copies(
                try onCard { () throws(ClassicError) in try card.read(blocks: first..<first + blocks.count) })
        }
        return found
    }

    /// The data blocks of `sector`; `nil` when our key does not open it.
    private func blocks(of sector: Int, _ uid: CardUID) throws(Problem) -> [Block]? {
        let key = try writeKey(sector, uid)
        let first = ClassicSize.firstBlock(ofSector: sector)
        do throws(ClassicError) {
            // Not with the key in the command: what follows is to be written under the same authentication.
            try card.authenticate(sector: sector, key: key, type: .b)
            return try card.read(blocks: first..<first + CampusSector.blockCount)
        } catch {
            guard error.isCardStillThere else { throw .card(error) }
            return nil
        }
    }

    private func writeKey(_ sector: Int, _ uid: CardUID) throws(Problem) -> SectorKey {
        guard let key = keys.sectorKey(layout.writeKey, version: layout.keyVersion, uid: uid, sector: sector) else {
            throw .missingKey(layout.writeKey)
        }
        return key
    }

    /// Carries the card from `state` to `next`, and proves it: 2 commands.
    ///
    /// - Precondition: `next` is one use further.
    /// - Throws: ``Problem``; the card then holds either record, and its next reading tells which.
    public func write(_ next: AllowanceRecord, after state: State) throws(Problem) {
        precondition(next.sequence == state.record.sequence + 1, "a use is one further than the record before it")
        guard let uid = card.uid,
            let block = next.block(uid: uid, identity: state.identity, keys: keys, macKey: layout.macKey)
        else { throw .missingKey(layout.macKey) }
        try put(block, in: state.sector, at: state.nextBlock, uid)
    }

    /// Writes the record that counts once more and proves it, so that bits which a torn write left in between hold from
    /// here on: 2 commands.
    ///
    /// - Throws: ``Problem``; nothing is lost, and nothing known, until the card is read again.
    public func rewrite(_ state: State) throws(Problem) {
        guard let uid = card.uid,
            let block = state.record.block(uid: uid, identity: state.identity, keys: keys, macKey: layout.macKey)
        else { throw .missingKey(layout.macKey) }
        try put(block, in: state.sector, at: state.newestBlock, uid)
    }

    private func put(_ block: Block, in sector: Int, at place: Int, _ uid: CardUID) throws(Problem) {
        let key = try writeKey(sector, uid)
        let isThere = try onCard { () throws(ClassicError) in
            try card.authenticate(sector: sector, key: key, type: .b)
            try card.write(block: place, block)
            return try card.read(block: place) == block
        }
        guard isThere else { throw .damaged(sector: sector) }
    }

    private func onCard<T>(_ work: () throws(ClassicError) -> T) throws(Problem) -> T {
        do throws(ClassicError) { return try work() } catch { throw .card(error) }
    }
}
