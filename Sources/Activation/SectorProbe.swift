import CampusCard
import DeviceProfiles
import Mifare

/// A key that may open a sector.
struct SectorOpening: Equatable {
    let key: SectorKey
    let type: KeyType
}

/// What remains to be done until a candidate sector is the card's application.
struct SectorWork: Equatable {
    /// With which key.
    let opening: SectorOpening
    /// How many of the data blocks are to be written, from the first one on.
    let dataBlocks: Int
    /// Whether the trailer is to be written.
    let trailer: Bool
    /// Whether the seal is to be written.
    let seal: Bool
    /// Whether nothing of ours was there.
    let isFresh: Bool
    /// Whether our finished application lies there under a free sector's keys, as only a copy does: we seal a sector
    /// after it got its own.
    var isOpenCopy = false
}

/// Finds out where a candidate sector stands, from the card alone.
///
/// Whatever a tap that was cut short wrote last may read rightly now and wrongly later: bits that were left in between
/// hold no promise. So what is not sealed is written anew, even where it reads as it should.
struct SectorProbe {
    let card: ClassicCard
    let plan: Plan
    let sector: Int

    enum Finding: Equatable {
        /// Opens with no key that we have, or holds somebody else's data.
        case notAvailable
        /// Ours and sealed, and used since: nothing is to be done.
        case complete
        /// To be made ours, or to be finished.
        case writable(SectorWork)

        var name: SectorFinding {
            switch self {
            case .notAvailable: .notAvailable
            case .complete: .complete
            case .writable(let work): work.isFresh ? .free : .unfinished
            }
        }
    }

    private var ours: SectorTrailer { plan.trailer(sector) }
    private var first: Int { ClassicSize.firstBlock(ofSector: sector) }

    /// Looks at the sector with one key after the other, those of a free sector first: the kiosk knows nothing of the
    /// card, and most cards are new to it.
    func look() throws(ClassicError) -> Finding {
        for opening in plan.freeOpenings(sector) + [keyA, keyB] {
            if let finding = try look(opening) { return finding }
        }
        return .notAvailable
    }

    private var keyA: SectorOpening { SectorOpening(key: ours.keyA, type: .a) }
    private var keyB: SectorOpening { SectorOpening(key: ours.keyB, type: .b) }

    /// `nil`: this key does not lead to anything, another may.
    private func look(_ opening: SectorOpening) throws(ClassicError) -> Finding? {
        let access: AccessBits
        let blocks: [Block]
        do throws(ClassicError) {
            try card.authenticate(sector: sector, key: opening.key, type: opening.type)
            guard let bits = try card.read(block: ClassicSize.trailer(ofSector: sector)).accessBits else { return nil }
            access = bits
            blocks = try card.read(blocks: first..<first + CampusSector.blockCount)
        } catch {
            guard error.isCardStillThere else { throw error }
            return nil
        }
        if opening == keyA || opening == keyB { return finish(opening, access, blocks) }
        guard access == .transport else {
            // Our data, whole, under the free key and strange access bits: a trailer of ours that was cut short. Any other
            // data under access bits that somebody chose is theirs, unless our own key opens it too.
            let isOurs = Array(blocks.prefix(plan.content.data.count)) == plan.content.data
            return isOurs ? finish(opening, access, blocks) : nil
        }
        let isOpenCopy = blocks[0] == plan.identity.block && plan.copies(blocks).isSealed
        guard isOpenCopy || plan.content.mayHaveLeft(blocks) else { return .notAvailable }
        return .writable(
            SectorWork(
                opening: opening, dataBlocks: plan.content.data.count, trailer: true, seal: true,
                isFresh: blocks.allSatisfy { $0 == .zero }, isOpenCopy: isOpenCopy))
    }

    /// What is left to be done in a sector that nobody but us can have written.
    private func finish(_ opening: SectorOpening, _ access: AccessBits, _ blocks: [Block]) -> Finding? {
        let copies = plan.copies(blocks)
        let isIdentityRight = blocks[0] == plan.identity.block
        if access == ours.accessBits, isIdentityRight, copies.isSealed {
            // Sealed and never used: the seal may be what was written last.
            let isUsed = (copies.newest?.sequence ?? 0) > CampusSector.sealedSequence
            return isUsed ? .complete : writable(keyB, data: 0, trailer: false, seal: true)
        }
        // The sequence is the witness of what the card has spent: a sealed sector keeps its records.
        let data = copies.isSealed ? (isIdentityRight ? 0 : 1) : plan.content.data.count
        if access == ours.accessBits {
            return writable(keyB, data: data, trailer: !copies.isSealed, seal: !copies.isSealed)
        }
        guard access.trailerPermissions.writeWhole.allows(opening.type) else { return nil }
        let mayWriteData = (0..<3).allSatisfy { access.permissions(forGroup: $0).write.allows(opening.type) }
        if mayWriteData { return writable(opening, data: data, trailer: true, seal: !copies.isSealed) }
        // The data was read back before the trailer was touched.
        guard zip(blocks, plan.content.data).allSatisfy({ $0 == $1 }) else { return nil }
        return writable(opening, data: 0, trailer: true, seal: !copies.isSealed)
    }

    private func writable(_ opening: SectorOpening, data: Int, trailer: Bool, seal: Bool) -> Finding {
        .writable(SectorWork(opening: opening, dataBlocks: data, trailer: trailer, seal: seal, isFresh: false))
    }

    /// Whether the sector is ours and sealed, in as few commands as show that.
    func isSealed() throws(ClassicError) -> Bool {
        do throws(ClassicError) {
            let identity = try card.read(blocks: first..<first + 1, key: ours.keyA, type: .a)[0]
            guard identity == plan.identity.block else { return false }
            // Until the card is used it is the second copy that seals it, and mostly later too.
            for offset in [CampusSector.sealBlock, CampusSector.sealBlock - 1] {
                let block = try card.read(blocks: first + offset..<first + offset + 1, key: ours.keyA, type: .a)[0]
                if plan.copies([identity, block]).isSealed { return true }
            }
            return false
        } catch {
            guard error.isCardStillThere else { throw error }
            return false
        }
    }
}
