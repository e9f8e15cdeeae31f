import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform

/// One card in the field, from its UID to its ending.
final class Tap {
    let engine: ActivationEngine
    let card: ClassicCard
    private let start: Instant
    private let observe: (ActivationStep) -> Void
    private(set) var uid: CardUID?
    /// From the first write on, a lost card is *unknown*.
    private var wroteSomething = false

    init(engine: ActivationEngine, card: ClassicCard, start: Instant, observe: @escaping (ActivationStep) -> Void) {
        self.engine = engine
        self.card = card
        self.start = start
        self.observe = observe
    }

    func run() -> ActivationEnding {
        do throws(TapFailure) {
            return try handshake()
        } catch {
            switch error {
            // "Refused" says that nothing was changed.
            case .ending(.refused) where wroteSomething: return .unknown
            case .ending(let ending): return ending
            case .card(.cardSwapped): return wroteSomething ? .unknown : .refused(.twoCards)
            case .card(let problem) where problem.isCardGone: return wroteSomething ? .unknown : .leftUntouched
            case .card: return wroteSomething ? .unknown : .refused(.unreadable)
            }
        }
    }

    private func handshake() throws(TapFailure) -> ActivationEnding {
        let uid = try onCard { () throws(ClassicError) in try card.selectUID() }
        self.uid = uid
        observe(.identified(uid))
        var old = try onOldApplication { () throws(OldApplicationProblem) in try readHolder(uid) }
        let decision = engine.authority.decide(
            uid: uid, holderNumber: old.holderNumber,
            deadline: engine.time.now().advanced(milliseconds: engine.permitMilliseconds))
        observe(.decided(decision))
        switch decision {
        case .refused(let refusal):
            return .refused(refusal)
        case .granted(let grant, let balance):
            try readSmallPurse(&old, uid)
            return try activate(Plan(uid: uid, old: old, grant: grant, balance: balance, engine: engine))
        case .alreadyActive(let grant):
            var plan = try Plan(uid: uid, old: old, grant: grant, balance: nil, engine: engine)
            if let ending = try confirm(&plan) { return ending }
            try readSmallPurse(&plan.old, uid)
            plan.isHeldActive = true
            return try activate(plan)
        }
    }

    private func readHolder(_ uid: CardUID) throws(OldApplicationProblem) -> OldApplication {
        try OldApplication.read(from: card, uid: uid, layout: engine.layout.old, keys: engine.keys)
    }

    private func readSmallPurse(_ old: inout OldApplication, _ uid: CardUID) throws(TapFailure) {
        var read = old
        try onOldApplication { () throws(OldApplicationProblem) in
            try read.readSmallPurse(of: card, uid: uid, layout: engine.layout.old, keys: engine.keys)
        }
        old = read
        observe(.oldApplicationRead(smallPurse: old.smallPurse))
    }

    private func onOldApplication<T>(_ work: () throws(OldApplicationProblem) -> T) throws(TapFailure) -> T {
        do throws(OldApplicationProblem) {
            return try work()
        } catch {
            switch error {
            case .wrongKeys: throw .ending(.refused(.unknownCard))
            case .undecodableIdentity: throw .ending(.refused(.unreadable))
            case .missingKey(let name): throw .ending(.outOfService("the key ring has no key named \(name)"))
            case .card(let problem): throw .card(problem)
            }
        }
    }

    /// The card of an account that is active on it: found sealed in any candidate sector, it is confirmed, not rewritten.
    private func confirm(_ plan: inout Plan) throws(TapFailure) -> ActivationEnding? {
        for sector in plan.candidates(on: card) {
            try plan.prepare(sector)
            let plan = plan
            let isSealed = try onCard { () throws(ClassicError) in
                try SectorProbe(card: card, plan: plan, sector: sector).isSealed()
            }
            guard isSealed else { continue }
            observe(.probed(sector: sector, .complete))
            return .alreadyActive(account: plan.grant.account)
        }
        return nil
    }

    /// How often one sector is tried in one tap: a write that the card refused once may have met a bad moment in the field.
    private static let attemptsPerSector = 2

    /// Claims the best candidate sector, or finishes the one that an earlier tap began.
    private func activate(_ found: Plan) throws(TapFailure) -> ActivationEnding {
        var plan = found
        plan.hints = try onCard { () throws(ClassicError) in try fingerprint(plan) }
        if !plan.hints.isEmpty { observe(.hinted(plan.hints)) }
        for sector in plan.candidates(on: card) {
            try plan.prepare(sector)
            for _ in 0..<Self.attemptsPerSector {
                let finding = try onCard { () throws(ClassicError) in
                    try SectorProbe(card: card, plan: plan, sector: sector).look()
                }
                observe(.probed(sector: sector, finding.name))
                switch finding {
                case .notAvailable:
                    // A destroyed sector explains why the application is not where the ledger holds it to be.
                    plan.isHeldActive = false
                case .complete:
                    // Finished by a tap whose outcome this terminal does not know: all that is missing is the record.
                    try record(plan, sector: sector, intent: 0)
                    return plan.activated(in: sector)
                case .writable(let work):
                    note(work, &plan)
                    let intent = try recordIntent(plan, sector: sector)
                    guard try claim(plan, sector, work) else { continue }
                    try record(plan, sector: sector, intent: intent)
                    return plan.activated(in: sector)
                }
                break
            }
        }
        return try giveUp(plan)
    }

    /// What a sector found says of the card, beside what is to be done with it.
    private func note(_ work: SectorWork, _ plan: inout Plan) {
        let known = plan.hints
        if plan.isHeldActive, work.isFresh { plan.hints.insert(.reset) }
        if work.isOpenCopy { plan.hints.insert(.defaultKeysOpen) }
        if plan.hints != known { observe(.hinted(plan.hints)) }
    }

    /// What block 0 says, and whether it speaks for a copied card; also the card's true size.
    private func fingerprint(_ plan: Plan) throws(ClassicError) -> CloneHints {
        guard let reference = engine.layout.chipKey,
            let key = engine.keys.sectorKey(reference.name, version: 1, uid: plan.uid, sector: 0)
        else { return [] }
        do throws(ClassicError) {
            let block = try card.read(blocks: 0..<1, key: key, type: KeyType(reference.type))[0]
            guard let chip = ChipFingerprint(block0: block, uid: plan.uid) else { return [] }
            // A Plus 2K says the same of itself as a 1K; there the ATR knows better.
            if let size = chip.size, card.size != .twoK { card.learn(size: size) }
            return chip.hints
        } catch {
            // Only a hint: a card that keeps its block 0 to itself is served like any other.
            guard error.isCardStillThere else { throw error }
            return []
        }
    }

    /// No candidate sector can be made ours. That is said of a chip only when the same card, asked again, still answers:
    /// a reader that went deaf must not make a card defective.
    private func giveUp(_ plan: Plan) throws(TapFailure) -> ActivationEnding {
        _ = try onCard { () throws(ClassicError) in try card.reselect() }
        let holder = try onOldApplication { () throws(OldApplicationProblem) in try readHolder(plan.uid) }
        guard holder.holderNumber == plan.old.holderNumber else {
            return wroteSomething ? .unknown : .refused(.unreadable)
        }
        _ = try onJournal { () throws(JournalUnavailable) in
            try engine.journal.append(outcome(plan, sector: 0, intent: 0, result: .chipDefective))
        }
        return .chipDefective
    }

    /// Writes what is missing of the sector and proves it. False when the card refused something: it is to be looked at
    /// again.
    private func claim(_ plan: Plan, _ sector: Int, _ work: SectorWork) throws(TapFailure) -> Bool {
        wroteSomething = true
        do throws(ClassicError) {
            try card.authenticate(sector: sector, key: work.opening.key, type: work.opening.type)
            if work.dataBlocks > 0 {
                guard try writeData(plan, sector, count: work.dataBlocks) else { return false }
                observe(.dataWritten(sector: sector))
            }
            if work.trailer {
                try card.writeTrailer(sector: sector, plan.trailer(sector))
                observe(.trailerWritten(sector: sector))
            }
            guard try prove(plan, sector, sealing: work.seal) else { return false }
        } catch {
            guard error.isCardStillThere else { throw .card(error) }
            return false
        }
        observe(.proved(sector: sector))
        return true
    }

    /// Writes the data blocks and reads them back: a 9000 on a write is no proof.
    private func writeData(_ plan: Plan, _ sector: Int, count: Int) throws(ClassicError) -> Bool {
        let first = ClassicSize.firstBlock(ofSector: sector)
        let data = Array(plan.content.data.prefix(count))
        try card.write(from: first, data)
        return try card.read(blocks: first..<first + count) == data
    }

    /// Opens the sector with both new keys and reads with each: authentication alone proves nothing, because a key B
    /// that can be read authenticates and then may do nothing. The access bits are compared: a trailer of which only a
    /// part was written may open and leave the sector to others. The seal comes last, with key B.
    private func prove(_ plan: Plan, _ sector: Int, sealing: Bool) throws(ClassicError) -> Bool {
        let trailer = plan.trailer(sector)
        let first = ClassicSize.firstBlock(ofSector: sector)
        try card.authenticate(sector: sector, key: trailer.keyA, type: .a)
        let access = try card.read(block: ClassicSize.trailer(ofSector: sector)).accessBits
        guard access == trailer.accessBits else { return false }
        try card.authenticate(sector: sector, key: trailer.keyB, type: .b)
        guard sealing else { return try card.read(block: first) == plan.identity.block }
        try card.write(block: first + CampusSector.sealBlock, plan.content.seal)
        return try card.read(block: first + CampusSector.sealBlock) == plan.content.seal
    }

    private func recordIntent(_ plan: Plan, sector: Int) throws(TapFailure) -> UInt64 {
        let sequence = try onJournal { () throws(JournalUnavailable) in
            try engine.journal.append(plan.intent(sector: sector))
        }
        observe(.intentDurable(sequence))
        return sequence
    }

    private func record(_ plan: Plan, sector: Int, intent: UInt64) throws(TapFailure) {
        let sequence = try onJournal { () throws(JournalUnavailable) in
            try engine.journal.append(outcome(plan, sector: sector, intent: intent, result: .activated))
        }
        observe(.outcomeDurable(sequence))
    }

    private func outcome(_ plan: Plan, sector: Int, intent: UInt64, result: ActivationResult) -> ActivationOutcome {
        ActivationOutcome(
            intent: plan.intent(sector: sector), intentSequence: intent, result: result,
            smallPurse: plan.old.smallPurse, hints: plan.hints.rawValue, apdus: UInt16(clamping: card.apduCount),
            elapsedMilliseconds: UInt32(clamping: engine.time.now().milliseconds(since: start)))
    }

    private func onCard<T>(_ work: () throws(ClassicError) -> T) throws(TapFailure) -> T {
        do throws(ClassicError) { return try work() } catch { throw .card(error) }
    }

    private func onJournal<T>(_ work: () throws(JournalUnavailable) -> T) throws(TapFailure) -> T {
        do throws(JournalUnavailable) { return try work() } catch { throw .ending(.outOfService(error.reason)) }
    }
}

/// Why a tap ends early.
enum TapFailure: Error {
    /// With this ending.
    case ending(ActivationEnding)
    /// Because of the card.
    case card(ClassicError)
}
