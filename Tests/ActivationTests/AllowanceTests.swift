import Activation
import CampusCard
import DeviceProfiles
import Mifare
import Platform
import Simulator
import SmartCard
import TestSupport
import Testing

/// The purchase's way to the card: read our sector, write the other copy of the allowance record, read it back.
@Suite("The allowance on a card")
struct AllowanceTests {
    static let seed: UInt64 = 0xA110

    @Test("is read and carried one use further in 8 commands and 300 ms of an ACR122U")
    func budget() throws {
        let card = try activeCard(repository.acr122u, .oneK)
        let till = Till(repository.acr122u, latency: 30)
        _ = try till.use(card)
        print("purchase-type access: \(till.apdus) APDUs, \(till.time.now().milliseconds) ms at 30 ms/APDU")
        #expect(till.apdus <= 8 && till.time.now().milliseconds <= 300)
    }

    @Test("of a card that was never finished, or that is not ours, is not there")
    func notOurs() throws {
        let till = Till(repository.acr122u)
        let fresh = try repository.card(.oneK, uid: PullTests.uids[0])
        #expect(throws: AllowanceAccess.Problem.notOurs) { try till.read(fresh) }
        // Lost between trailer and seal.
        let kiosk = Kiosk()
        let unfinished = try repository.card(.oneK, uid: PullTests.uids[0])
        _ = kiosk.tap(unfinished, fault: CardFault(at: 22, .beforeCommand))
        #expect(throws: AllowanceAccess.Problem.notOurs) { try till.read(unfinished) }
    }

    @Test("that was put back to an earlier state beside a later one shows as a fork, and is still read")
    func fork() throws {
        let card = try activeCard(repository.acr122u, .oneK)
        let till = Till(repository.acr122u)
        let block = ClassicSize.firstBlock(ofSector: 9) + 1
        let early = card.chip.content(of: block)
        _ = try till.use(card)
        _ = try till.use(card)
        #expect(try till.read(card).hints.isEmpty)
        var chip = card.chip
        chip.store(early, at: block)
        card.chip = chip
        let state = try till.read(card)
        #expect(state.hints == .sequenceFork && state.record.sequence == 4)
    }

    @Test(
        "survives every torn use on any reader: it is what it was or what it was to be, and the next use goes on from there"
    )
    func everyTear() throws {
        var tears = 0
        var applied = 0
        var renewed = 0
        var lost = 0
        var wrong = 0
        var random = SplitMix64(seed: Self.seed)
        for profile in repository.profiles where profile.isUsable {
            for size in ClassicSize.allCases {
                let fresh = try activeCard(profile, size)
                let rehearsal = Till(profile)
                _ = try rehearsal.use(SimulatedCard(fresh.chip))
                for command in TearCase.commands(rehearsal.exchanges) {
                    let seeds = (0..<(SweepSize.current == .full ? 64 : 8)).map { _ in random.next() }
                    for fault in TearCase.faults(at: command, seeds: seeds) {
                        let card = SimulatedCard(fresh.chip)
                        let outcome = try tornUses(card, profile, fault)
                        tears += 2
                        applied += outcome == .applied ? 1 : 0
                        if outcome == .unreadable {
                            if try isRenewed(card, profile) { renewed += 1 } else { lost += 1 }
                        }
                        wrong += outcome == .wrongAmount ? 1 : 0
                    }
                }
            }
        }
        print(
            "allowance sweep (seed \(Self.seed)): \(tears) torn uses, \(applied) applied, "
                + "\(renewed) cards renewed at a kiosk, \(lost) lost, \(wrong) amounts wrong"
        )
        #expect(lost == 0 && wrong == 0 && applied > 0)
    }

    private enum Outcome {
        case applied, undone, unreadable, wrongAmount
    }

    /// Two uses torn the same way, one after the other, then an undisturbed one.
    private func tornUses(_ card: SimulatedCard, _ profile: ReaderProfile, _ fault: CardFault) throws -> Outcome {
        var outcome = Outcome.undone
        guard let first = try? Till(profile).read(card).record else { return .unreadable }
        // What the card may hold: what it held, and what somebody tried to write.
        var history: Set = [first]
        for _ in 0..<2 {
            let till = Till(profile)
            guard let before = try? till.read(card).record else { return .unreadable }
            // The use reads for itself, and need not read the same.
            history.formUnion(history.map(Till.next))
            _ = try? till.use(card, fault: fault)
            guard let after = try? Till(profile).read(card).record else { return .unreadable }
            guard history.contains(after) else { return .wrongAmount }
            if after == Till.next(before) { outcome = .applied }
        }
        let till = Till(profile)
        guard let used = try? till.use(card), let after = try? till.read(card).record else { return .unreadable }
        return after == used ? outcome : .wrongAmount
    }

    /// A card whose two copies both went is set up anew at the next kiosk: its money is in the ledger.
    private func isRenewed(_ card: SimulatedCard, _ profile: ReaderProfile) throws -> Bool {
        let kiosk = Kiosk(profile: profile)
        kiosk.authority.active = FixedAuthority.grant
        _ = kiosk.tap(card)
        return (try? Till(profile).read(card))?.record.allowance == .zero
    }

    private func activeCard(_ profile: ReaderProfile, _ size: ClassicSize) throws -> SimulatedCard {
        let card = try repository.card(size, uid: PullTests.uids[0])
        guard case .activated(_, _, _, _) = Kiosk(profile: profile).tap(card).ending else {
            throw AllowanceAccess.Problem.notOurs
        }
        return card
    }
}

/// A counter without a box.
final class Till {
    let time = SimulatedTime()
    private let reader: SimulatedReader
    private let log = ExchangeLog()
    private(set) var apdus = 0
    private static let keys = RememberingKeyRing(Kiosk.keys)

    init(_ profile: ReaderProfile, latency: Int = 0) {
        let log = log
        reader = SimulatedReader(profile: profile, time: time, latencyMilliseconds: latency) { log.append($0) }
    }

    var exchanges: [SimulatedReader.Exchange] { log.all }

    private func access(_ card: SimulatedCard, fault: CardFault? = nil) -> (ClassicCard, AllowanceAccess) {
        reader.layDown(card, fault: fault)
        let session = ClassicCard(
            transport: reader, dialect: reader.profile, writableSectors: Set(Kiosk.layout.ours.candidates),
            size: card.chip.size)
        return (session, AllowanceAccess(card: session, layout: Kiosk.layout.ours, keys: Self.keys))
    }

    func read(_ card: SimulatedCard) throws(AllowanceAccess.Problem) -> AllowanceAccess.State {
        let (_, access) = access(card)
        defer { reader.lift() }
        return try access.read()
    }

    /// The record after `record`: it stands for a top-up and a sale at once, so that every byte changes.
    static func next(_ record: AllowanceRecord) -> AllowanceRecord {
        AllowanceRecord(
            sequence: record.sequence + 1, allowance: Fen(record.allowance.rawValue ^ 0x5A_5A5A), terminal: 77)
    }

    func use(
        _ card: SimulatedCard, fault: CardFault? = nil
    ) throws(AllowanceAccess.Problem) -> AllowanceRecord {
        let (session, access) = access(card, fault: fault)
        defer {
            apdus = session.apduCount
            reader.lift()
        }
        let state = try access.read()
        let next = Self.next(state.record)
        try access.write(next, after: state)
        return next
    }
}
