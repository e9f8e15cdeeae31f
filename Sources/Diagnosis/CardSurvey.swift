public import CampusCard
public import DeviceProfiles
public import Mifare
public import Platform
public import SmartCard

/// What a card holds, as far as the terminal's keys open it. It reads, and cannot write: no sector is given to it to write.
public struct CardSurvey: Sendable {
    /// One sector.
    public struct Sector: Sendable, Hashable {
        /// Its number.
        public let number: Int
        /// The name of the key that opened it and which side it was tried as; `nil`: none of ours does.
        public let key: String?
        /// As key A or B.
        public let type: KeyType?
        /// What its blocks hold; `nil` for one that cannot be read. Of the trailer, keys are zeros.
        public let blocks: [Block?]
        /// Who may do what in it; `nil` where the trailer cannot be read, or contradicts itself.
        public let access: AccessBits?
        let secret: SectorKey?
    }

    /// The card's number.
    public let uid: CardUID
    /// What its answer to reset says.
    public let family: CardFamily
    /// How large it is.
    public let size: ClassicSize
    /// Every sector, or those that the layout names.
    public let sectors: [Sector]
    /// What the old application says.
    public let old: Result<OldApplication, OldApplicationProblem>
    /// What ours says.
    public let ours: Result<AllowanceAccess.State, AllowanceAccess.Problem>
    /// What speaks for a copied card.
    public let hints: CloneHints
    /// Every command that was sent, in order.
    public let exchanges: [ClassicCard.Exchange]

    /// Reads the card behind `transport`.
    ///
    /// - Parameters:
    ///   - everySector: also sectors of other systems, by the keys that everybody knows.
    ///   - progress: told how many sectors were read of how many.
    public static func take(
        _ transport: any CardTransport, dialect: ReaderProfile, layout: CardLayout, keys: any KeyRing,
        time: any TimeSource, everySector: Bool, progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(ClassicError) -> CardSurvey {
        let family = CardFamily(atr: transport.atr)
        guard family.mayBeClassic else { throw .forbidden("not a MIFARE Classic: \(family)") }
        let card = ClassicCard(
            transport: transport, dialect: dialect, writableSectors: [], size: family.classicSize ?? .oneK, clock: time)
        var exchanges: [ClassicCard.Exchange] = []
        card.onExchange = { exchanges.append($0) }
        let uid = try card.selectUID()
        let reading = Reading(card: card, uid: uid, layout: layout, keys: keys)
        let hints = try reading.learnSize(family)
        let old = try reading.oldApplication()
        let ours = AllowanceAccess(card: card, layout: layout.ours, keys: keys).result
        let numbers = everySector ? Array(0..<card.size.sectors) : reading.namedSectors
        var sectors: [Sector] = []
        for number in numbers {
            sectors.append(try reading.sector(number))
            progress(UInt64(sectors.count), UInt64(numbers.count))
        }
        return CardSurvey(
            uid: uid, family: family, size: card.size, sectors: sectors, old: old, ours: ours,
            hints: hints.union((try? ours.get())?.hints ?? []), exchanges: exchanges)
    }
}

extension AllowanceAccess {
    fileprivate var result: Result<State, Problem> { Result { () throws(Problem) in try read() } }
}

/// Reads one card, sector by sector.
private struct Reading {
    let card: ClassicCard
    let uid: CardUID
    let layout: CardLayout
    let keys: any KeyRing

    /// The sectors that the layout says anything about.
    var namedSectors: [Int] {
        let named =
            [layout.old.holderNumber.sector] + (layout.old.smallPurse.map { [$0.sector] } ?? [])
            + layout.ours.candidates
        return Set(named).filter { $0 < card.size.sectors }.sorted()
    }

    /// What block 0 says of the chip, and the card's true size.
    func learnSize(_ family: CardFamily) throws(ClassicError) -> CloneHints {
        let first = try sector(0)
        guard let block = first.blocks.first ?? nil, let chip = ChipFingerprint(block0: block, uid: uid) else {
            return []
        }
        if let size = chip.size, card.size != .twoK { card.learn(size: size) }
        return chip.hints
    }

    func oldApplication() throws(ClassicError) -> Result<OldApplication, OldApplicationProblem> {
        do throws(OldApplicationProblem) {
            var old = try OldApplication.read(from: card, uid: uid, layout: layout.old, keys: keys)
            try old.readSmallPurse(of: card, uid: uid, layout: layout.old, keys: keys)
            return .success(old)
        } catch {
            if case .card(let problem) = error, !problem.isCardStillThere { throw problem }
            return .failure(error)
        }
    }

    /// Tries the keys that may open `number`, and reads what the first that does may read.
    func sector(_ number: Int) throws(ClassicError) -> CardSurvey.Sector {
        for candidate in candidates(number) {
            do throws(ClassicError) {
                try card.authenticate(sector: number, key: candidate.key, type: candidate.type)
                let blocks = try read(number)
                // A readable key B authenticates and may do nothing: then nothing was opened.
                guard blocks.contains(where: { $0 != nil }) else { continue }
                return CardSurvey.Sector(
                    number: number, key: candidate.name, type: candidate.type, blocks: blocks,
                    access: blocks.last.flatMap { $0?.accessBits }, secret: candidate.key)
            } catch {
                guard error.isCardStillThere else { throw error }
            }
        }
        let count = ClassicSize.blocks(ofSector: number).count
        return CardSurvey.Sector(
            number: number, key: nil, type: nil, blocks: Array(repeating: nil, count: count), access: nil, secret: nil)
    }

    private func read(_ number: Int) throws(ClassicError) -> [Block?] {
        var blocks: [Block?] = []
        for block in ClassicSize.blocks(ofSector: number) {
            do throws(ClassicError) {
                let content = try card.read(block: block)
                blocks.append(ClassicSize.isTrailer(block) ? content.withoutKeys : content)
            } catch {
                guard error.isCardStillThere else { throw error }
                blocks.append(nil)
            }
        }
        return blocks
    }

    private func candidates(_ number: Int) -> [(name: String, key: SectorKey, type: KeyType)] {
        var found: [(name: String, key: SectorKey, type: KeyType)] = []
        func add(_ name: String, _ type: KeyType, version: UInt8 = 1) {
            guard let key = keys.sectorKey(name, version: version, uid: uid, sector: number) else { return }
            if !found.contains(where: { $0.key == key && $0.type == type }) { found.append((name, key, type)) }
        }
        if layout.ours.candidates.contains(number) {
            add(layout.ours.readKey, .a, version: layout.ours.keyVersion)
            for key in layout.ours.freeKeys { add(key.name, KeyType(key.type)) }
        }
        for key in [layout.old.holderNumber.key, layout.old.smallPurse?.key, layout.chipKey].compactMap(\.self)
        where !layout.ours.candidates.contains(number) { add(key.name, KeyType(key.type)) }
        // Published by the makers; a sector that they open is nobody's secret.
        found.append(("factory", .factory, .a))
        found.append(("directory", .directory, .a))
        return found
    }
}

extension Block {
    /// A trailer whose keys are zeros, as a card shows key A.
    fileprivate var withoutKeys: Block {
        Block(assembled: [UInt8](repeating: 0, count: 6) + bytes[6..<10] + [UInt8](repeating: 0, count: 6))
    }
}
