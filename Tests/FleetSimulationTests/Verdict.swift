import Journal
import LedgerProtocol
import Platform
import Simulator

@testable import Ledger

// What must be true of books and journals when everything has arrived.
extension Fleet {
    func checkEverything() {
        do {
            let findings = try LedgerCheck.run(on: house.store)
            for violation in findings.violations { violate("check: \(violation)") }
            if findings.sumFen != 0 { violate("check: the sum is \(findings.sumFen)") }
            tally.records += findings.records
            tally.sales += findings.sales
            tally.suspense += findings.suspense
            for doubt in house.expectation.doubts.values { tally.doubts[doubt.state, default: 0] += 1 }
            let stored = try storedRecords()
            try checkRecords(stored)
            for box in boxes + former { check(box, stored[box.place] ?? []) }
            try checkMoney()
            try checkBusiness()
            try checkReplays()
        } catch {
            violate("the books cannot be read: \(error)")
        }
    }

    private func storedRecords() throws -> [Expectation.Place: [[UInt8]]] {
        var stored: [Expectation.Place: [[UInt8]]] = [:]
        try house.store.read { transaction in
            try transaction.forEach(
                "SELECT terminal, epoch, sequence, raw FROM records ORDER BY terminal, epoch, sequence", []
            ) { row in
                let place = Expectation.Place(terminal: try row.number(0), epoch: try row.number(1))
                stored[place, default: []].append(try row.blob(3))
                if try row.integer(2) != stored[place]?.count ?? 0 { self.violate("\(place): a hole") }
            }
        }
        return stored
    }

    /// Just what was taken is there, byte for byte, and nothing else.
    private func checkRecords(_ stored: [Expectation.Place: [[UInt8]]]) throws {
        let expected = house.expectation.records
        for (place, records) in expected where stored[place] != records {
            violate("\(place): other records than taken")
        }
        for place in stored.keys where expected[place] == nil { violate("\(place): records that nobody sent") }
    }

    /// Everything that the terminal answered for is at the ledger, or declared lost, or set aside after a fork.
    private func check(_ box: Box, _ stored: [[UInt8]]) {
        tally.answered += box.answered.count
        for told in box.told where !wasLedgerRestored || !box.isAside {
            let raw = told.sequence <= stored.count && told.sequence > 0 ? stored[Int(told.sequence) - 1] : nil
            if raw.map({ Slot.mac(of: $0).bytes.hex() }) != told.head, !isOverwritten(told, box, stored) {
                violate("\(box.place): \(told.sequence) was acknowledged and is not there")
            }
        }
        // After a fork only what the terminal itself counts as acknowledged.
        let end = box.isAside ? box.journal?.cursor.acknowledged ?? 0 : .max
        for (sequence, answered) in box.answered.sorted(by: { $0.key < $1.key }) where sequence <= end {
            guard sequence <= stored.count, let slot = try? Slot(decoding: stored[Int(sequence) - 1]) else {
                violate("\(box.place): \(sequence) was answered for and is not at the ledger")
                continue
            }
            let isSame =
                slot.type.rawValue == answered.type && slot.payload == answered.payload
                && slot.wallMilliseconds == answered.wall
            if isSame { continue }
            guard box.rotten.contains(sequence), let gap = gap(of: slot) else {
                violate("\(box.place): \(sequence) was answered for, and the ledger has another")
                continue
            }
            tally.gaps += 1
            let key = [UInt64(box.number), UInt64(box.epoch), gap.from, gap.to]
            if !house.expectation.gaps.contains(key) { violate("\(box.place): \(sequence) is lost without a case") }
        }
    }

    /// A terminal with only a stand-in left for what the ledger holds compares that one's MAC.
    private func isOverwritten(_ told: Box.Told, _ box: Box, _ stored: [[UInt8]]) -> Bool {
        guard told.sequence <= stored.count else { return false }
        if box.rotten.contains(told.sequence) { return true }
        let ours = try? box.journal?.records(from: told.sequence, limit: 1).first
        return ours.map { $0.slot.sequence == told.sequence && gap(of: $0.slot) != nil } ?? false
    }

    private func gap(of slot: Slot) -> GapRecord? {
        guard slot.type == .gap, let gap = GapRecord(decoding: slot.payload), gap.standsIn(for: slot.sequence) else {
            return nil
        }
        return gap
    }

    /// Every fen is where the second reckoning has it.
    private func checkMoney() throws {
        let expected = house.expectation
        try house.store.read { transaction in
            var sums: [Int64: Int64] = [:]
            try transaction.forEach(
                "SELECT account, CAST(sum(fen) AS BIGINT) FROM postings GROUP BY account", []
            ) { sums[try $0.integer(0)] = try $0.integer(1) }
            for account in SystemAccount.all where sums[account] ?? 0 != expected.system[account] ?? 0 {
                violate("account \(account): \(sums[account] ?? 0) instead of \(expected.system[account] ?? 0)")
            }
            for (account, person) in expected.people.sorted(by: { $0.key < $1.key }) {
                guard let holder = try transaction.holderAccount(account) else {
                    violate("account \(account) is gone")
                    continue
                }
                if holder.balance != person.balance || holder.debt != person.debt || holder.lost != person.lost
                    || holder.subsidy != person.subsidy
                {
                    violate("account \(account): \(holder) instead of \(person)")
                }
                if sums[account] ?? 0 != person.balance { violate("account \(account): postings are not its balance") }
            }
        }
    }

    /// Each sale, each card, each intent and each exception is what the second reckoning has.
    private func checkBusiness() throws {
        let expected = house.expectation
        try house.store.read { transaction in
            var sales: [RecordName: Expectation.Sale] = [:]
            try transaction.forEach("SELECT terminal, epoch, sequence, account, fen, effect FROM sales", []) {
                sales[try RecordName($0)] = Expectation.Sale(
                    account: try $0.integer(3), fen: try $0.integer(4), effect: try $0.text(5))
            }
            compare(
                "sale", sales,
                expected.sales.mapValues { Expectation.Sale(account: $0.account, fen: $0.fen, effect: $0.effect) })
            var doubts: [RecordName: String] = [:]
            try transaction.forEach("SELECT terminal, epoch, sequence, state FROM doubts", []) {
                doubts[try RecordName($0)] = try $0.text(3)
            }
            compare("sale in doubt", doubts, expected.doubts.mapValues(\.state))
            var suspense: [RecordName: String] = [:]
            try transaction.forEach("SELECT terminal, epoch, sequence, reason FROM suspense", []) {
                suspense[try RecordName($0)] = try $0.text(3)
            }
            compare("suspense of", suspense, expected.suspense)
            let pending = try transaction.rows(
                "SELECT terminal, epoch, sequence FROM intents WHERE state = 'pending'"
            ).map { try RecordName($0) }
            if Set(pending) != Set(expected.pending.keys) { violate("other intents are pending") }
            let owners = try transaction.rows("SELECT uid, account FROM cards WHERE status = 'active'")
                .map { (try $0.blob(0), try $0.integer(1)) }
            if Dictionary(owners, uniquingKeysWith: { first, _ in first }) != expected.owners {
                violate("other cards are active")
            }
            let cases = try transaction.rows("SELECT terminal, epoch, first_lost, last_lost FROM cases")
                .map { row in try (0..<4).map { UInt64(try row.integer($0)) } }
            if Set(cases) != expected.gaps { violate("other cases are open") }
        }
    }

    private func compare<Value: Equatable>(
        _ what: String, _ found: [RecordName: Value], _ expected: [RecordName: Value]
    ) {
        guard found != expected else { return }
        for name in Set(found.keys).union(expected.keys).sorted() where found[name] != expected[name] {
            violate(
                "\(what) \(name): \(found[name].map { "\($0)" } ?? "none") instead of "
                    + (expected[name].map { "\($0)" } ?? "none"))
        }
    }

    /// Every old batch once more, long after: nothing changes.
    private func checkReplays() throws {
        let before = try LedgerCheck.run(on: house.store)
        let places = Set((boxes + former).filter { !$0.wasRestored }.map(\.place))
        for copy in kept where places.contains(copy.place) {
            tally.replaysAtTheEnd += 1
            do {
                let answer = try house.instances[0].service.ingest(
                    terminal: copy.place.terminal, token: House.token, epoch: copy.place.epoch, first: copy.first,
                    body: copy.body)
                if answer.acknowledged > house.expectation.acknowledged(copy.place) { violate("a replay went further") }
            } catch let refused as LedgerRefused {
                if refused.refusal.code != "L-MALFORMED" || !copy.body.isEmpty, !isRotten(copy) {
                    violate("\(copy.place): a replay is refused: \(refused.refusal.message)")
                }
            }
        }
        if try LedgerCheck.run(on: house.store) != before { violate("replays changed the books") }
        try checkMoney()
    }

    /// Whether the terminal lost one of these records before the ledger had it, so that its stand-in is there.
    private func isRotten(_ copy: Wire.Copy) -> Bool {
        (boxes + former).contains { box in
            box.place == copy.place
                && box.rotten.contains { $0 >= copy.first && $0 < copy.first + UInt64(copy.body.count / 128) }
        }
    }
}
