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
        let old = try readOldApplication(uid)
        observe(.oldApplicationRead(smallPurse: old.smallPurse))
        let decision = engine.authority.decide(
            uid: uid, holderNumber: old.holderNumber,
            deadline: engine.time.now().advanced(milliseconds: engine.permitMilliseconds))
        observe(.decided(decision))
        switch decision {
        case .refused(let refusal):
            return .refused(refusal)
        case .granted(let grant, let balance):
            return try activate(Plan(uid: uid, old: old, grant: grant, balance: balance, engine: engine))
        case .alreadyActive(let grant):
            let plan = try Plan(uid: uid, old: old, grant: grant, balance: nil, engine: engine)
            if let ending = try confirm(plan) { return ending }
            return try activate(plan)
        }
    }

    private func readOldApplication(_ uid: CardUID) throws(TapFailure) -> OldApplication {
        do throws(OldApplicationProblem) {
            return try OldApplication.read(from: card, uid: uid, layout: engine.layout.old, keys: engine.keys)
        } catch {
            switch error {
            case .wrongKeys: throw .ending(.refused(.unknownCard))
            case .undecodableIdentity: throw .ending(.refused(.unreadable))
            case .missingKey(let name): throw .ending(.outOfService("the key ring has no key named \(name)"))
            case .card(let problem): throw .card(problem)
            }
        }
    }

    /// The card of an account that is active on it: found complete in any candidate sector, it is confirmed, not rewritten.
    private func confirm(_ plan: Plan) throws(TapFailure) -> ActivationEnding? {
        for sector in plan.candidates(on: card) {
            let finding = try onCard { () throws(ClassicError) in
                try SectorProbe(card: card, plan: plan, sector: sector).look(oursFirst: true)
            }
            observe(.probed(sector: sector, finding.name))
            if case .complete = finding { return .alreadyActive(account: plan.grant.account) }
        }
        return nil
    }

    /// How often one sector is tried in one tap: a write that the card refused once may have met a bad moment in the field.
    private static let attemptsPerSector = 2

    /// Claims the best candidate sector, or finishes the one that an earlier tap began.
    private func activate(_ plan: Plan) throws(TapFailure) -> ActivationEnding {
        for sector in plan.candidates(on: card) {
            for _ in 0..<Self.attemptsPerSector {
                let finding = try onCard { () throws(ClassicError) in
                    try SectorProbe(card: card, plan: plan, sector: sector).look(oursFirst: false)
                }
                observe(.probed(sector: sector, finding.name))
                switch finding {
                case .notAvailable:
                    break
                case .complete:
                    // Finished by a tap whose outcome was never recorded: all that is missing is the record.
                    guard try proved(plan, sector) else { continue }
                    try record(plan, sector: sector, intent: 0)
                    return plan.activated(in: sector)
                case .writable(let opening, let dataIsOurs):
                    let intent = try recordIntent(plan, sector: sector)
                    guard try claim(plan, sector, opening, dataIsOurs: dataIsOurs) else { continue }
                    try record(plan, sector: sector, intent: intent)
                    return plan.activated(in: sector)
                }
                break
            }
        }
        _ = try onJournal { () throws(JournalUnavailable) in
            try engine.journal.append(outcome(plan, sector: 0, intent: 0, result: .chipDefective))
        }
        return .chipDefective
    }

    /// Writes the sector and proves it. False when the card refused something: it is to be looked at again.
    private func claim(
        _ plan: Plan, _ sector: Int, _ opening: SectorOpening, dataIsOurs: Bool
    ) throws(TapFailure) -> Bool {
        wroteSomething = true
        do throws(ClassicError) {
            try card.authenticate(sector: sector, key: opening.key, type: opening.type)
            if !dataIsOurs {
                guard try writeData(plan, sector) else { return false }
                observe(.dataWritten(sector: sector))
            }
            if opening.needsTrailer {
                try card.writeTrailer(sector: sector, plan.trailer(sector))
                observe(.trailerWritten(sector: sector))
            }
        } catch {
            guard error.isCardStillThere else { throw .card(error) }
            return false
        }
        return try proved(plan, sector)
    }

    /// Writes the data blocks and reads them back: a 9000 on a write is no proof.
    private func writeData(_ plan: Plan, _ sector: Int) throws(ClassicError) -> Bool {
        let first = ClassicSize.firstBlock(ofSector: sector)
        for (index, block) in plan.content.blocks.enumerated() { try card.write(block: first + index, block) }
        for (index, block) in plan.content.blocks.enumerated() {
            guard try card.read(block: first + index) == block else { return false }
        }
        return true
    }

    /// Opens the sector with both new keys and reads with each: authentication alone proves nothing, because a key B
    /// that can be read authenticates and then may do nothing.
    private func proved(_ plan: Plan, _ sector: Int) throws(TapFailure) -> Bool {
        let trailer = plan.trailer(sector)
        let first = ClassicSize.firstBlock(ofSector: sector)
        do throws(ClassicError) {
            for (key, type) in [(trailer.keyA, KeyType.a), (trailer.keyB, KeyType.b)] {
                try card.authenticate(sector: sector, key: key, type: type)
                guard try card.read(block: first) == plan.identity.block else { return false }
            }
        } catch {
            guard error.isCardStillThere else { throw .card(error) }
            return false
        }
        observe(.proved(sector: sector))
        return true
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
            smallPurse: plan.old.smallPurse, apdus: UInt16(clamping: card.apduCount),
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

extension ClassicError {
    /// Whether the card can be asked again: it refused, but it did not leave and is the one we know.
    var isCardStillThere: Bool {
        if case .cardSwapped = self { return false }
        return !isCardGone
    }
}
