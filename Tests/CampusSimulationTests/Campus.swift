import Activation
import Crypto
import DeviceProfiles
import Foundation
import Ledger
import Mifare
import Platform
import Simulator

@testable import Terminal

/// A small campus in one thread: people, kiosks and the ledger, everything that happens drawn from one seed.
final class Campus: @unchecked Sendable {
    let seed: UInt64
    var random: SplitMix64
    let time = SimulatedTime()
    let holders: [Holder]
    let cards: [HeldCard]
    let house: LedgerHouse
    private(set) var kiosks: [Kiosk] = []
    /// Whether anything goes wrong at all.
    var isStormy = true
    var latecomers: [Latecomer] = []
    var counts = Counts()
    /// UIDs of cards with a record, on whatever disk, that they became active.
    var everActivated: Set<[UInt8]> = []
    private(set) var violations: [String] = []
    private var hash = SHA256()
    private var isMeanwhile = false

    init(seed: UInt64, kiosks count: Int = 4, holders holderCount: Int = 30) throws {
        self.seed = seed
        random = SplitMix64(seed: seed)
        var population = Population(random: SplitMix64(seed: random.next()))
        holders = population.holders(holderCount)
        cards = holders.flatMap(\.cards) + [population.stranger()].compactMap { $0 }
        let numbers = (0..<UInt16(count)).map { 101 + $0 }
        house = try LedgerHouse(time: time, holders: holders, terminals: numbers)
        let readers = Grounds.shared.readers
        for number in numbers {
            let kiosk = Kiosk(campus: self, number: number, profile: readers[Int(number) % readers.count])
            kiosks.append(kiosk)
            kiosk.start()
        }
    }

    /// Everything that happened, in 32 bytes.
    var digest: String { Array(hash.finalize()).hex() }

    func note(_ line: String) {
        let stamped = "\(time.now().milliseconds) \(line)"
        hash.update(data: Array(stamped.utf8))
        if Storm.isTraced { print(stamped) }
    }

    func violate(_ what: String) {
        note("VIOLATION \(what)")
        violations.append(what)
    }

    func holder(of uid: CardUID) -> Holder? { cards.first { $0.uid == uid }?.holder }

    // MARK: Events

    /// Lets the storm do its worst.
    func storm() {
        for _ in 0..<Storm.length {
            happen()
            settle()
        }
    }

    private func happen() {
        let kiosk = kiosks[random.number(0...kiosks.count - 1)]
        switch random.number(0...99) {
        case 0..<48: tapSomebody(at: kiosk)
        case 48..<66: kiosk.upload()
        case 66..<72: passTime()
        case 72..<77:
            kiosk.link.isDown.toggle()
            note("\(kiosk.number): link \(kiosk.link.isDown ? "down" : "up")")
        case 77..<88: kiosk.planFault()
        case 88: kiosk.restart()
        case 89:
            counts.clockJumps += 1
            kiosk.clock.isWrong.toggle()
            note("\(kiosk.number): clock \(kiosk.clock.isWrong ? "wrong" : "right")")
        case 90, 91: restartLedger(killed: random.oneIn(2))
        case 92:
            house.isUp = !house.isUp || !random.oneIn(2)
            note("ledger \(house.isUp ? "up" : "down")")
        case 93: report(holders[random.number(0...holders.count - 1)])
        case 94: openAccount()
        default: deliverLate()
        }
    }

    /// A minute, an hour, or a holiday after which rosters are too old.
    private func passTime() {
        let most = random.oneIn(12) ? 14 * 86_400_000 : random.oneIn(4) ? 3_600_000 : 60_000
        time.advance(milliseconds: Int64(random.number(1...most)))
    }

    /// Something happens while a card lies on a reader somewhere.
    func meanwhile() {
        guard !isMeanwhile else { return }
        isMeanwhile = true
        defer { isMeanwhile = false }
        counts.meanwhiles += 1
        let kiosk = kiosks[random.number(0...kiosks.count - 1)]
        switch random.number(0...3) {
        case 0: tapSomebody(at: kiosk)
        case 1: report(holders[random.number(0...holders.count - 1)])
        default: kiosk.upload()
        }
    }

    /// Dead boxes get their power back sooner or later, failed ones a restart.
    private func settle() {
        for kiosk in kiosks where !kiosk.isBusy {
            if kiosk.isOn ? kiosk.needsRestart && random.oneIn(5) : random.oneIn(2) { kiosk.restart() }
        }
    }

    func restartLedger(killed: Bool) {
        counts.ledgerRestarts += 1
        note("ledger restarts\(killed ? " after it was killed" : "")")
        do { try house.restart(killed: killed) } catch { violate("the ledger does not start again: \(error)") }
    }

    private func report(_ holder: Holder) {
        guard holder.hasAccount else { return }
        holder.isLost.toggle()
        holder.wasEverLost = true
        note("\(holder.number) reports \(holder.isLost ? "lost" : "found")")
        do {
            let result =
                holder.isLost
                ? try house.administration.reportLost(holderNumber: holder.number)
                : try house.administration.reportFound(holderNumber: holder.number)
            if result != .changed { violate("a report of \(holder.number) changed nothing") }
        } catch {
            violate("a report failed: \(error)")
        }
    }

    private func openAccount() {
        guard let holder = holders.first(where: { !$0.hasAccount }), random.oneIn(2) else { return }
        note("\(holder.number) opens an account")
        do {
            try house.open(holder)
            holder.hasAccount = true
        } catch {
            violate("an account could not be opened: \(error)")
        }
    }

    private func deliverLate() {
        guard house.isUp, !latecomers.isEmpty else { return }
        let late = latecomers.remove(at: random.number(0...latecomers.count - 1))
        counts.duplicates += 1
        note("\(late.terminal): records from \(late.first) arrive late")
        _ = try? house.service.ingest(
            terminal: late.terminal, token: Grounds.token, epoch: late.epoch, first: late.first, body: late.bytes)
    }

    // MARK: Taps

    private func tapSomebody(at kiosk: Kiosk) {
        let idle = cards.filter { !$0.isInUse }
        guard !kiosk.isBusy, !idle.isEmpty else { return }
        let card = idle[random.number(0...idle.count - 1)]
        var plan = TapPlan()
        if random.oneIn(2) { plan.fault = drawFault() }
        if random.oneIn(16), let other = idle.filter({ $0 !== card }).randomElement(using: &random) {
            plan.fault = nil
            plan.swap = (random.number(1...30), other)
            counts.swaps += 1
        }
        if plan.fault != nil || plan.swap != nil, random.oneIn(3) {
            plan.isJolted = true
            plan.secondFault = random.oneIn(3) ? drawFault() : nil
            counts.jolts += 1
        }
        if random.oneIn(6) { plan.meanwhile = random.number(1...25) }
        tap(card, at: kiosk, plan)
    }

    private func drawFault() -> CardFault {
        if random.oneIn(2) {
            counts.pulls += 1
            let kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand, .afterAnswer]
            return CardFault(at: random.number(1...30), kinds[random.number(0...2)])
        }
        counts.tears += 1
        let mixed = TornWrite.mixed(seed: random.next())
        let kinds: [TornWrite] = [.old, .new, .erased, mixed, mixed]
        // Where an undisturbed tap writes its data and its trailer, by experience.
        return CardFault(at: random.number(13...24), .tear(kinds[random.number(0...kinds.count - 1)]))
    }

    @discardableResult
    func tap(_ card: HeldCard, at kiosk: Kiosk, _ plan: TapPlan = TapPlan()) -> ActivationEnding? {
        note("\(kiosk.number): tap of \(card.uid) of \(card.holder?.number ?? "nobody") \(plan)")
        guard let report = kiosk.tap(card, plan) else { return nil }
        counts.taps += 1
        switch report.ending {
        case .activated: counts.activations += 1
        case .alreadyActive: counts.confirmations += 1
        case .refused: counts.refusals += 1
        case .outOfService: counts.outOfService += 1
        case .chipDefective: counts.defective += 1
        case .leftUntouched, .unknown: break
        }
        note("\(kiosk.number): \(report.ending), \(report.apdus) APDUs")
        return report.ending
    }
}
