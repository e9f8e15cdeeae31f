import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform

/// What one card is to become.
struct Plan {
    let uid: CardUID
    var old: OldApplication
    let grant: Grant
    let balance: Fen?
    let identity: Identity
    /// The data blocks to be written.
    let content: CampusSector
    /// What the chip says of itself that a card of this campus would not.
    var hints: CloneHints = []
    /// The ledger says that the card is active, and it was not found so.
    var isHeldActive = false
    let engine: ActivationEngine
    /// By sector, those that were needed so far: two keys each, and mostly one sector is all that is looked at.
    private var trailers: [Int: SectorTrailer] = [:]

    /// Works out what is the same for every sector.
    init(uid: CardUID, old: OldApplication, grant: Grant, balance: Fen?, engine: ActivationEngine) throws(TapFailure) {
        let layout = engine.layout.ours
        guard grant.account <= Identity.largestAccount else {
            throw .ending(.outOfService("account number \(grant.account) does not fit a card"))
        }
        identity = Identity(
            version: layout.version, status: .active, account: grant.account, cardSerial: grant.cardSerial,
            keyVersion: layout.keyVersion)
        guard
            let content = CampusSector(
                newCard: identity, uid: uid, layout: layout, keys: engine.keys)
        else { throw .ending(.outOfService("the key ring has no key named \(layout.macKey)")) }
        self.uid = uid
        self.old = old
        self.grant = grant
        self.balance = balance
        self.content = content
        self.engine = engine
    }

    /// The sectors of this card that may be claimed, best first.
    func candidates(on card: ClassicCard) -> [Int] {
        engine.layout.ours.candidates.filter { $0 < card.size.sectors }
    }

    /// Works out the trailer of `sector`, so that no key is found missing once writing to it has begun.
    mutating func prepare(_ sector: Int) throws(TapFailure) {
        guard trailers[sector] == nil else { return }
        let layout = engine.layout.ours
        guard let trailer = CampusSector.trailer(of: sector, uid: uid, layout: layout, keys: engine.keys) else {
            throw .ending(.outOfService("the key ring lacks \(layout.readKey) or \(layout.writeKey)"))
        }
        trailers[sector] = trailer
    }

    /// The trailer that makes `sector` ours.
    ///
    /// - Precondition: ``prepare(_:)`` was called for the sector.
    func trailer(_ sector: Int) -> SectorTrailer {
        guard let trailer = trailers[sector] else { preconditionFailure("sector \(sector) was not prepared") }
        return trailer
    }

    /// The keys under which `sector` opens while it is free.
    func freeOpenings(_ sector: Int) -> [SectorOpening] {
        engine.layout.ours.freeKeys.compactMap { reference in
            engine.keys.sectorKey(reference.name, version: 1, uid: uid, sector: sector)
                .map { SectorOpening(key: $0, type: KeyType(reference.type)) }
        }
    }

    /// The allowance records in `blocks`, of which the first is the identity block.
    func copies(_ blocks: [Block]) -> AllowanceCopies {
        AllowanceCopies(
            Array(blocks[1...]), uid: uid, identity: identity, keys: engine.keys, macKey: engine.layout.ours.macKey)
    }

    func intent(sector: Int) -> ActivationIntent {
        ActivationIntent(
            uid: uid.bytes, layout: engine.layout.number, sector: UInt8(sector), keyVersion: identity.keyVersion,
            account: grant.account, cardSerial: grant.cardSerial, permit: grant.source,
            rosterVersion: grant.rosterVersion)
    }

    func activated(in sector: Int) -> ActivationEnding {
        .activated(
            grant, sector: sector, smallPurse: old.smallPurse, balance: balance.map { $0 + (old.smallPurse ?? .zero) })
    }
}
