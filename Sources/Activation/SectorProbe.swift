import CampusCard
import DeviceProfiles
import Mifare

/// With which key a sector opens for writing.
struct SectorOpening {
    let key: SectorKey
    let type: KeyType
    /// Whether the trailer is still to be written.
    let needsTrailer: Bool
}

/// Finds out where a candidate sector stands, from the card alone.
struct SectorProbe {
    let card: ClassicCard
    let plan: Plan
    let sector: Int

    enum Finding {
        /// Opens with no key that we have, or holds somebody else's data.
        case notAvailable
        /// Ours: our key opens it, and identity and allowance record are whole.
        case complete
        /// To be written through `opening`; the data blocks may already be as they should.
        case writable(SectorOpening, dataIsOurs: Bool)

        var name: SectorFinding {
            switch self {
            case .notAvailable: .notAvailable
            case .complete: .complete
            case .writable(let opening, let dataIsOurs): dataIsOurs || !opening.needsTrailer ? .unfinished : .free
            }
        }
    }

    /// Looks at the sector.
    ///
    /// - Parameter oursFirst: which keys are tried first. The second try costs a re-selection, so guess well: a card
    ///   that the ledger knows as active opens with ours.
    func look(oursFirst: Bool) throws(ClassicError) -> Finding {
        let looks = oursFirst ? [lookAsOurs, lookAsFree] : [lookAsFree, lookAsOurs]
        for look in looks {
            if let finding = try look() { return finding }
        }
        return .notAvailable
    }

    private func lookAsFree() throws(ClassicError) -> Finding? {
        for reference in plan.engine.layout.ours.freeKeys {
            guard let key = plan.engine.keys.sectorKey(reference.name, version: 1, uid: plan.uid, sector: sector),
                try opens(key, KeyType(reference.type))
            else { continue }
            let trailer = try card.read(block: ClassicSize.trailer(ofSector: sector))
            // Other access bits are somebody's decision about this sector, and might not let the trailer be written.
            guard trailer.accessBits == .transport else { return .notAvailable }
            let opening = SectorOpening(key: key, type: KeyType(reference.type), needsTrailer: true)
            switch try content() {
            case .empty, .unfinished: return .writable(opening, dataIsOurs: false)
            case .ours(let identity, _): return .writable(opening, dataIsOurs: identity == plan.identity)
            case .foreign: return .notAvailable
            }
        }
        return nil
    }

    private func lookAsOurs() throws(ClassicError) -> Finding? {
        let trailer = plan.trailer(sector)
        guard try opens(trailer.keyA, .a) else { return nil }
        if case .ours(let identity, _) = try content(), identity == plan.identity { return .complete }
        // Our key opens it, so nobody else can have written it: whatever stands there is to be set right.
        return .writable(SectorOpening(key: trailer.keyB, type: .b, needsTrailer: false), dataIsOurs: false)
    }

    private func opens(_ key: SectorKey, _ type: KeyType) throws(ClassicError) -> Bool {
        do throws(ClassicError) {
            try card.authenticate(sector: sector, key: key, type: type)
            return true
        } catch {
            guard error.isCardStillThere else { throw error }
            return false
        }
    }

    private func content() throws(ClassicError) -> SectorContent {
        let first = ClassicSize.firstBlock(ofSector: sector)
        var blocks: [Block] = []
        for index in 0..<CampusSector.blockCount { blocks.append(try card.read(block: first + index)) }
        return SectorContent(
            blocks, uid: plan.uid, expected: plan.identity, layout: plan.engine.layout.ours, keys: plan.engine.keys)
    }
}
