import CampusCard
import Canteen
import DeviceProfiles
import Journal
import LedgerProtocol
import Platform
import Simulator
import TestSupport

@testable import Ledger
@testable import Mifare
@testable import Terminal

/// What a day in the canteens has seen.
struct DayCounts {
    var sales = 0
    var paid = 0
    var refusals: [String: Int] = [:]
    var pulls = 0
    var tears = 0
    var powerCuts = 0
    var inDoubt = 0
    var givenUp = 0
    var walkedAway = 0
    var voids = 0
    var outages = 0
    var records = 0
    var settledWithoutYes = 0

    var line: String {
        """
        \(sales) sales tried, \(paid) paid, refused \(refusals.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")), \(pulls) pulls, \(tears) torn writes, \(powerCuts) power \
        cuts, \(inDoubt) in doubt, \(givenUp) given up by the cashier, \(voids) taken back, \(outages) outages; \
        \(records) records, \(walkedAway) holders left after a power cut, \(settledWithoutYes) of them were charged by \
        the card's sequence
        """
    }
}

/// A day of a whole campus in one thread, from one seed: canteens with tills, holders with cards, sales at three meals,
/// networks that go away, cards that are pulled, boxes that lose their power, and the real ledger.
final class CanteenDay: @unchecked Sendable {
    /// Somebody who eats.
    final class Eater {
        let account: UInt64
        let card: SimulatedCard
        /// What the tills have said yes to, less what was taken back.
        var said: Int64 = 0
        /// What may have been charged without a yes, each at most once.
        var open: [Int64] = []

        init(account: UInt64, card: SimulatedCard) {
            self.account = account
            self.card = card
        }
    }

    let seed: UInt64
    var random: SplitMix64
    let time = SimulatedTime()
    let keys = RememberingKeyRing(Grounds.shared.keys)
    let house: LedgerHouse
    private(set) var tills: [CanteenTill] = []
    private(set) var eaters: [Eater] = []
    var counts = DayCounts()
    private(set) var violations: [String] = []
    private static let kiosk: UInt16 = 101
    private static let balance = Fen(20_000)
    private let canteens: Int

    init(seed: UInt64, canteens: Int, tillsEach: Int, holders count: Int) throws {
        self.seed = seed
        self.canteens = canteens
        random = SplitMix64(seed: seed)
        let holders = (0..<count).map { Holder(number: "\(2_026_000_000 + $0)", hasAccount: true, isLost: false) }
        let numbers = (0..<UInt16(canteens * tillsEach)).map { 201 + $0 }
        house = try LedgerHouse(
            time: time, holders: holders, terminals: numbers + [Self.kiosk], balance: Self.balance)
        for index in 0..<count { eaters.append(try eater(index)) }
        try activateAll()
        for number in numbers {
            let till = CanteenTill(day: self, number: number)
            tills.append(till)
            till.start()
            till.sync()
        }
    }

    func violate(_ what: String) { violations.append(what) }

    // MARK: Cards

    private func eater(_ index: Int) throws -> Eater {
        let account = UInt64(1_000_001 + index)
        let bytes: [UInt8] = [0x04, UInt8(index >> 16 & 0xFF), UInt8(index >> 8 & 0xFF), UInt8(index & 0xFF)]
        let grounds = Grounds.shared
        let ours = grounds.layout.ours
        let identity = Identity(
            version: ours.version, status: .active, account: account, cardSerial: 1, keyVersion: ours.keyVersion)
        guard let uid = CardUID(bytes),
            let sector = CampusSector(newCard: identity, uid: uid, layout: ours, keys: grounds.keys),
            let trailer = CampusSector.trailer(of: 9, uid: uid, layout: ours, keys: grounds.keys)
        else { throw AllowanceAccess.Problem.missingKey("sample card") }
        var chip = ClassicChip(factory: .oneK, uid: uid)
        for (index, block) in (sector.data + [sector.seal, trailer.block]).enumerated() {
            chip.store(block.bytes, at: ClassicSize.firstBlock(ofSector: 9) + index)
        }
        return Eater(account: account, card: SimulatedCard(chip))
    }

    /// Tells the ledger, by a kiosk's records, that all cards are active.
    private func activateAll() throws {
        let journal = try JournalWriter.open(
            storage: SimulatedStorage(seed: 1), terminal: Self.kiosk,
            key: ChainKey(bytes: Grounds.journalKey(Self.kiosk)),
            time: time, options: JournalOptions(slotsPerSegment: 4096, epoch: 1))
        for eater in eaters {
            let intent = ActivationIntent(
                uid: eater.card.chip.uid.bytes, layout: 1, sector: 9, keyVersion: 1, account: eater.account,
                cardSerial: 1,
                permit: .online, rosterVersion: 0)
            let outcome = ActivationOutcome(
                intent: intent, intentSequence: journal.lastSequence + 1, result: .activated, smallPurse: .zero,
                apdus: 26,
                elapsedMilliseconds: 800)
            _ = try journal.append(type: .init(rawValue: ActivationRecordType.intent), payload: intent.encoded)
            _ = try journal.append(type: .init(rawValue: ActivationRecordType.outcome), payload: outcome.encoded)
        }
        var first: UInt64 = 1
        while first <= journal.lastSequence {
            let records = try journal.records(from: first, limit: 2_048)
            _ = try house.service.ingest(
                terminal: Self.kiosk, token: Grounds.token, epoch: 1, first: first, body: records.flatMap(\.bytes))
            first += UInt64(records.count)
        }
    }

    // MARK: The day

    /// Sells `sales` meals, spread over the hours from breakfast to supper.
    func sell(_ sales: Int) {
        let pause = Int64(14 * 3_600_000 / sales)
        for number in 0..<sales {
            time.advance(milliseconds: pause)
            if random.oneIn(max(sales / (12 * canteens), 2)) { changeNetwork() }
            let till = tills[random.number(0...tills.count - 1)]
            if random.oneIn(400) { till.planPowerCut(in: random.number(1...12)) }
            buy(eaters[random.number(0...eaters.count - 1)], at: till)
            if number.isMultiple(of: 8) { tills[random.number(0...tills.count - 1)].sync() }
        }
    }

    /// A canteen loses its network, or has it back.
    private func changeNetwork() {
        let each = tills.count / canteens
        let canteen = random.number(0...canteens - 1)
        for till in tills[canteen * each..<(canteen + 1) * each] { till.isOffline.toggle() }
        counts.outages += 1
    }

    private func drawFault() -> CardFault? {
        guard random.oneIn(30) else { return nil }
        if random.oneIn(2) {
            counts.pulls += 1
            let kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand, .afterAnswer]
            return CardFault(at: random.number(1...8), kinds[random.number(0...2)])
        }
        counts.tears += 1
        let kinds: [TornWrite] = [.old, .new, .erased, .mixed(seed: random.next()), .weak(seed: random.next())]
        return CardFault(at: 7, .tear(kinds[random.number(0...kinds.count - 1)]))
    }

    /// One holder wants one meal; the first tap goes as `planned`.
    func buy(_ eater: Eater, at till: CanteenTill, planned: CardFault? = nil) {
        let amount = Fen(Int64(random.number(3...30)) * 50)
        counts.sales += 1
        var fault = planned ?? drawFault()
        for _ in 0..<6 {
            guard till.running?.till.counter.state.order?.amount == amount || till.ask(amount) else {
                return violate(
                    "till \(till.number) takes no amount: \(String(describing: till.running?.till.counter.state.phase))"
                )
            }
            let used = fault
            let ending = till.tap(eater.card, fault: fault)
            fault = random.oneIn(10) ? drawFault() : nil
            switch ending {
            case .paid, .paidBefore:
                counts.paid += 1
                eater.said += amount.rawValue
                if random.oneIn(100) { takeBack(eater, amount, at: till) }
                return
            case .leftUntouched: continue
            case .inDoubt:
                counts.inDoubt += 1
                guard random.oneIn(4) else { continue }
                counts.givenUp += 1
                return till.giveUp()
            case .refused(let refusal) where [.allowanceTooLow, .balanceTooLow, .hotlistTooOld].contains(refusal):
                counts.refusals[refusal.rawValue, default: 0] += 1
                return till.giveUp()
            case nil:
                // The power went: the cashier types it again, or the holder has lost patience.
                guard random.oneIn(4) else { continue }
                counts.walkedAway += 1
                eater.open.append(amount.rawValue)
                return
            default:
                return violate(
                    "a sale ended as \(String(describing: till.running?.work.report)), \(used.map { "\($0)" } ?? "")")
            }
        }
        // Whoever has not paid by now goes without; what a power cut left is open.
        eater.open.append(amount.rawValue)
        till.giveUp()
    }

    private func takeBack(_ eater: Eater, _ amount: Fen, at till: CanteenTill) {
        guard !till.disk.hasFaultAhead else { return }
        guard case .voided = till.void(eater.card) else { return violate("a sale could not be taken back") }
        counts.voids += 1
        eater.said -= amount.rawValue
    }

    // MARK: The evening

    /// Everything comes back, everything is sent, and whatever is in doubt is settled by one more tap of the card.
    func evening() throws {
        for till in tills {
            till.isOffline = false
            till.start()
        }
        drain()
        for _ in 0..<3 {
            let open = try cardsInDoubt()
            if open.isEmpty { break }
            for uid in open {
                guard let eater = eaters.first(where: { $0.card.chip.uid.bytes == uid }) else { continue }
                buy(eater, at: tills[random.number(0...tills.count - 1)])
            }
            drain()
        }
    }

    private func cardsInDoubt() throws -> [[UInt8]] {
        try house.store.read {
            try $0.rows(
                """
                SELECT DISTINCT s.uid FROM suspense u JOIN sales s
                    ON s.terminal = u.terminal AND s.epoch = u.epoch AND s.sequence = u.sequence
                WHERE u.reason = 'in-doubt' AND u.resolved_ms IS NULL
                """
            ).map { try $0.blob(0) }
        }
    }

    private func drain() {
        for _ in 0..<400 {
            for till in tills { till.sync() }
            time.advance(milliseconds: 60_000)
            if tills.allSatisfy({
                $0.running.map { $0.journal.cursor.acknowledged == $0.journal.lastSequence } ?? false
            }) {
                return
            }
        }
        violate("uploads do not come to an end")
    }

    // MARK: The books

    /// - Parameter reckoning: whether what holders were told is reckoned against what they paid; a test that asks for sales
    ///   itself does that itself.
    func check(reckoning: Bool = true) throws {
        let findings = try LedgerCheck.run(on: house.store)
        for violation in findings.violations { violate("books: \(violation)") }
        if findings.sumFen != 0 { violate("books: the sum is \(findings.sumFen)") }
        counts.records = findings.records
        if !(try cardsInDoubt()).isEmpty { violate("sales in doubt are left") }
        let rows = try house.store.read {
            try $0.rows("SELECT number, balance_fen, debt_fen FROM accounts WHERE kind = 'holder'")
        }
        let spent = Dictionary(
            uniqueKeysWithValues: try rows.map {
                (try $0.integer(0), Self.balance.rawValue - (try $0.integer(1)) + (try $0.integer(2)))
            })
        for eater in eaters where reckoning { check(eater, spent: spent[Int64(eater.account)] ?? 0) }
        for till in tills { try checkClosing(of: till) }
    }

    /// A holder has paid what was said yes to, and besides at most what a power cut left open, each of it once.
    private func check(_ eater: Eater, spent: Int64) {
        let rest = spent - eater.said
        if rest == 0 { return }
        var sums: Set<Int64> = [0]
        for fen in eater.open { sums.formUnion(sums.map { $0 + fen }) }
        if sums.contains(rest) {
            counts.settledWithoutYes += 1
        } else {
            violate("\(eater.account) paid \(spent), was told of \(eater.said), open \(eater.open)")
        }
    }

    /// Both sides add up the day.
    private func checkClosing(of till: CanteenTill) throws {
        guard let journal = till.running?.journal else { return violate("till \(till.number) has no journal") }
        var tally = ClosingTally()
        var head = ""
        try journal.forEachRecord { record in
            tally.add(type: record.slot.type.rawValue, payload: record.slot.payload)
            head = record.mac.bytes.hex()
        }
        let closing = tally.closing(
            day: "2026-09-01", epoch: 1, first: journal.firstSequence, last: journal.lastSequence, chainHead: head)
        let answer = try house.service.close(closing, terminal: till.number, token: Grounds.token)
        if !answer.agrees { violate("till \(till.number): the closings differ: \(answer)") }
    }
}
