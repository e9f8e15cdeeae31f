import Crypto
import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync

@testable import Ledger

/// Terminals, network and ledger in one thread, everything that happens drawn from one seed.
final class Fleet: @unchecked Sendable {
    /// The ledger's process was killed.
    struct Killed: Error {}

    let seed: UInt64
    let theme: Theme
    var random: SplitMix64
    let time = SimulatedTime()
    let house: House
    /// The terminals as they stand there now.
    private(set) var boxes: [Box] = []
    /// Journals that nobody writes any more, still to be brought in, or set aside.
    private(set) var former: [Box] = []
    /// Whether anything goes wrong at all.
    private(set) var isStormy: Bool
    private(set) var isLedgerUp = true
    var delayed: [Wire.Copy] = []
    private(set) var kept: [Wire.Copy] = []
    var tally = Tally()
    private(set) var violations: [String] = []
    private var hash = SHA256()
    private var topUps = 0
    /// Whether the books were put back after being further.
    private(set) var wasLedgerRestored = false

    init(seed: UInt64, isStormy: Bool = true) throws {
        self.seed = seed
        self.isStormy = isStormy
        theme = Theme(seed: seed)
        random = SplitMix64(seed: seed)
        let isOnPostgres = seed % FleetPlan.postgresShare == 0
        house = try House(time: time, instances: random.number(1...2), onPostgres: isOnPostgres)
        if isOnPostgres { tally.onPostgres = 1 }
        house.violate = { [unowned self] in self.violate($0) }
        for number in House.terminals.prefix(random.number(2...6)) {
            let box = Box(fleet: self, number: number, epoch: 1, clock: SkewedClock(time))
            boxes.append(box)
            _ = box.start()
        }
    }

    /// Everything that happened, in 32 bytes.
    var digest: String { Array(hash.finalize()).hex() }

    func note(_ line: String) {
        let stamped = "\(time.now().milliseconds) \(line)"
        hash.update(data: Array(stamped.utf8))
        if FleetPlan.isTraced { print(stamped) }
    }

    func violate(_ what: String) {
        note("VIOLATION \(what)")
        if violations.count < 20 { violations.append(what) }
    }

    // MARK: The ledger

    /// Plans a failure of the ledger's next write.
    func plan(_ plan: FaultyStore.Plan, killing: Bool) {
        pending = (plan, killing)
    }

    private var pending: (plan: FaultyStore.Plan, isKill: Bool)?

    /// Brings an upload to one of the instances.
    func deliver(_ copy: Wire.Copy) throws(LedgerClientError) -> UploadResult {
        let instance = random.pick(house.instances)
        let planned = pending
        pending = nil
        var isKilled = false
        instance.store.plan = planned?.plan
        instance.store.onFailure = { [house] in
            isKilled = planned?.isKill ?? false
            if isKilled { house.freezeFiles() }
        }
        let result = Result { try answer(copy, instance) }
        count(planned?.plan, instance.store.failedAt, isKilled, wasCarriedOut: instance.store.plan == nil)
        instance.store.plan = nil
        instance.store.onFailure = {}
        if isKilled { house.restartFromFrozenFiles() }
        house.follow(copy.place, first: copy.first, body: copy.body)
        do {
            let answer = try result.get()
            if case .acknowledged(let told) = answer, told.acknowledged > house.expectation.acknowledged(copy.place) {
                violate("\(copy.place): \(told.acknowledged) acknowledged before it was stored")
            }
            return answer
        } catch let error as LedgerClientError {
            note("\(copy.place.terminal)/\(copy.place.epoch): from \(copy.first): \(error)")
            throw error
        } catch {
            throw LedgerClientError(kind: .refused, code: "L-INTERNAL", message: "\(error)")
        }
    }

    private func count(_ plan: FaultyStore.Plan?, _ statement: Int?, _ isKilled: Bool, wasCarriedOut: Bool) {
        guard let plan, wasCarriedOut else { return }
        if let statement { tally.countStatement(statement) }
        if isKilled { return tally.count(.killDuring) }
        switch plan {
        case .afterCommit: tally.count(.commitUnknown)
        case .atCommit: tally.count(.storeFailsAtCommit)
        case .atStatement(_, let error as PostgresError) where error.isLostRace: tally.count(.lostRace)
        case .atStatement(_, let error as PostgresError) where error.isConnectionLost: tally.count(.connectionLost)
        case .atStatement: tally.count(.storeFails)
        }
    }

    private func answer(_ copy: Wire.Copy, _ instance: House.Instance) throws -> UploadResult {
        do {
            return .acknowledged(
                try instance.service.ingest(
                    terminal: copy.place.terminal, token: House.token, epoch: copy.place.epoch, first: copy.first,
                    body: copy.body))
        } catch let refused as LedgerRefused {
            let refusal = refused.refusal
            switch refusal.code {
            case "L-GAP": return .gap(expected: refusal.expected ?? 0)
            case "L-FORK":
                tally.forks += 1
                return .fork(message: refusal.message)
            case "L-FROZEN": return .frozen(message: refusal.message)
            case "L-EPOCH":
                tally.count(.unregisteredEpoch)
                return .epochNotRegistered(message: refusal.message)
            default: break
            }
            throw LedgerClientError(kind: .refused, code: refusal.code, message: refusal.message)
        }
    }

    func keep(_ copy: Wire.Copy) { kept.append(copy) }

    // MARK: Events

    /// Lets the storm do its worst.
    func storm() {
        for _ in 0..<FleetPlan.length {
            happen(to: random.pick(boxes))
            for box in boxes {
                if !box.isOn ? random.oneIn(2) : box.hasFailed || box.journal == nil ? random.oneIn(4) : false {
                    box.restart()
                }
            }
        }
    }

    private func happen(to box: Box) {
        // What only some themes have is rare enough among everything else to be drawn apart.
        if random.oneIn(9) { return suffer(box) }
        switch random.number(0...95) {
        case 0..<38: box.trade()
        case 38..<66: box.upload()
        case 66..<71: time.advance(milliseconds: Int64(random.number(1...(random.oneIn(6) ? 259_200_000 : 90_000))))
        case 71..<76: box.planFault()
        case 76: box.restart()
        case 77: box.wire.isDown.toggle()
        case 78: isLedgerUp = !isLedgerUp || !random.oneIn(2)
        case 79: restartLedger()
        case 80, 81: fillLedgerDisk()
        case 82: jump(box.clock, .terminalClock)
        case 83: jump(house.clock, .ledgerClock)
        case 84, 85: house.report(random.number(0...Trade.people - 1), lost: random.oneIn(2))
        case 86, 87: topUp()
        case 88, 89: arrive(&delayed, .delayed)
        case 90, 91, 92: arrive(&kept, .replay)
        case 93: if random.oneIn(3) { begin(anew: box) }
        case 94: registerAll()
        default: former.randomElement(using: &random)?.upload()
        }
    }

    private func restartLedger() {
        tally.count(.ledgerRestart)
        if random.oneIn(2) { house.kill() } else { house.restart() }
    }

    private func fillLedgerDisk() {
        guard !house.isOnPostgres else { return }
        isLedgerFull.toggle()
        if isLedgerFull { tally.count(.ledgerDiskFull) }
        note("ledger's disk \(isLedgerFull ? "full" : "cleared")")
        house.limitGrowth(toPages: isLedgerFull ? random.number(0...2) : nil)
    }

    private var isLedgerFull = false

    private func jump(_ clock: SkewedClock, _ fault: Fault) {
        tally.count(fault)
        clock.offset = random.pick([0, SkewedClock.tenYears, -SkewedClock.tenYears])
    }

    private func topUp() {
        topUps += 1
        // A full disk refuses these as well; that is not what is tried here.
        guard !isLedgerFull else { return }
        let statement = random.number(1...14)
        let plans: [FaultyStore.Plan?] = [
            nil, nil, .atStatement(statement, PostgresError(state: "53100", message: "")),
            .atStatement(statement, PostgresError(state: "40P01", message: "")),
            .atCommit(PostgresError(state: "40001", message: "")),
            .afterCommit(CommitUnknown(cause: PostgresError(state: "08006", message: ""))),
        ]
        let plan = random.pick(plans)
        if plan != nil { tally.count(.moneyRequest) }
        house.topUp(
            random.number(0...Trade.people - 1), fen: Int64(random.number(1...5_000)), reference: "\(topUps)", plan)
    }

    private func arrive(_ copies: inout [Wire.Copy], _ fault: Fault) {
        guard isLedgerUp, !copies.isEmpty else { return }
        let copy = copies.remove(at: random.number(0...copies.count - 1))
        if fault == .replay { tally.count(fault) }
        note("\(copy.place): \(copy.body.count / 128) from \(copy.first) arrive late")
        _ = try? deliver(copy)
    }

    /// What only some themes have.
    private func suffer(_ box: Box) {
        if theme.damages, random.oneIn(2) { return box.rot() }
        if theme.restoresTerminals {
            return random.oneIn(3) ? box.restoreImage() : box.takeImage()
        }
        if theme.restoresLedger {
            guard random.oneIn(3) else { return house.makeBackup() }
            if house.restoreBackup() {
                tally.count(.ledgerRestored)
                wasLedgerRestored = true
                isLedgerFull = false
                note("ledger put back")
            }
            return
        }
        box.trade()
    }

    // MARK: Technicians

    /// A new journal on a new disk: the old one is brought in later, or set aside when it was forked.
    private func begin(anew box: Box) {
        guard let index = boxes.firstIndex(where: { $0 === box }) else { return }
        tally.count(.newEpoch)
        box.isRetired = true
        former.append(box)
        let fresh = Box(fleet: self, number: box.number, epoch: box.epoch + 1, clock: SkewedClock(time))
        fresh.wire.isDown = box.wire.isDown
        boxes[index] = fresh
        note("\(fresh.place): begins")
        _ = fresh.start()
        if random.oneIn(2) { registerAll() }
    }

    private func registerAll() {
        guard !isLedgerFull else { return }
        for box in boxes + former where !house.isRegistered(box.epoch, of: box.number) {
            house.register(box.epoch, of: box.number)
        }
    }

    // MARK: Calm

    /// Everything heals, technicians come, and every uploader works until the ledger has all.
    func calm() {
        note("calm")
        isStormy = false
        isLedgerUp = true
        isLedgerFull = false
        house.limitGrowth(toPages: nil)
        house.clock.offset = 0
        for copy in delayed { _ = try? deliver(copy) }
        delayed = []
        registerAll()
        for box in boxes + former {
            box.wire.isDown = false
            box.clock.offset = 0
            box.restart()
            box.touch()
        }
        for _ in 0..<120 {
            for box in boxes + former where !box.isAside { box.upload() }
            repair()
            if (boxes + former).allSatisfy({ $0.isAside || $0.isDone }) { return }
            time.advance(milliseconds: 60_000)
        }
        for box in boxes + former where !box.isAside && !box.isDone {
            violate("\(box.place): does not come to an end: \(box.stop.map { "\($0)" } ?? "no stop")")
        }
    }

    /// Whoever is frozen is thawed; a journal with two histories is set aside for another.
    private func repair() {
        for box in boxes + former where !box.isAside && box.wasRestored && box.stop != nil {
            if case .frozenByLedger(let message) = box.stop, !message.contains("epoch \(box.epoch) ") { continue }
            if case .epochNotRegistered = box.stop { continue }
            box.isAside = true
            note("\(box.place): set aside")
            if !box.isRetired {
                begin(anew: box)
                registerAll()
            }
        }
        for number in House.terminals {
            guard let reason = house.frozenReason(number) else { continue }
            let isExplained = (boxes + former).contains { $0.number == number && $0.wasRestored }
            if !isExplained { violate("terminal \(number) is frozen: \(reason)") }
            house.thaw(number)
        }
    }
}
