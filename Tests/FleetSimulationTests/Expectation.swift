import Journal
import LedgerProtocol
import Platform

@testable import Ledger

/// The books as they have to be, reckoned a second time, record by record, in the order in which the ledger took them.
///
/// It is a value: a backup of the ledger has the one that belongs to it.
struct Expectation {
    struct Place: Hashable {
        let terminal: UInt16
        let epoch: UInt32
    }

    struct Person {
        var balance: Int64 = 0
        var debt: Int64 = 0
        var subsidy: Int64 = 0
        var lost: Int64?
    }

    struct Sale: Equatable {
        let account: Int64
        let fen: Int64
        var effect: String
        /// What of it a subsidy has paid.
        var subsidy: Int64 = 0
    }

    /// A sale in doubt, and what has become of it.
    struct Doubt {
        let sale: SaleRecord
        let made: Int64
        /// Which outcome of a sale it was, counted as they came.
        let place: Int
        var state = "open"
        /// What of it a subsidy has paid.
        var subsidy: Int64 = 0
    }

    /// A payment code, as it is used up.
    private struct Code: Hashable {
        let account: Int64
        let hash: UInt64
    }

    /// The most that a small purse is believed to hold, in fen.
    private static let believablePurse: Int64 = 100_000

    private(set) var people: [Int64: Person] = [:]
    /// What the accounts that are nobody's hold.
    private(set) var system: [Int64: Int64] = [:]
    private(set) var records: [Place: [[UInt8]]] = [:]
    private(set) var owners: [[UInt8]: Int64] = [:]
    private(set) var activeCards: [Int64: [UInt8]] = [:]
    private(set) var sales: [RecordName: Sale] = [:]
    private(set) var suspense: [RecordName: String] = [:]
    private(set) var pending: [RecordName: (uid: [UInt8], account: Int64)] = [:]
    private(set) var gaps: Set<[UInt64]> = []
    private(set) var doubts: [RecordName: Doubt] = [:]
    /// Every outcome of a sale, in the order in which they came.
    private var outcomes: [(name: RecordName, sale: SaleRecord)] = []
    private var usedCodes: Set<Code> = []
    private var paidPurses: Set<[UInt8]> = []

    mutating func open(account: Int64, with fen: Int64, subsidy: Int64) {
        people[account] = Person()
        people[account]?.subsidy = subsidy
        system[SystemAccount.subsidies, default: 0] += subsidy
        system[SystemAccount.grants, default: 0] -= subsidy
        guard fen > 0 else { return }
        people[account]?.balance = fen
        system[SystemAccount.openingBalances, default: 0] -= fen
    }

    mutating func setLost(_ account: Int64, _ when: Int64?) { people[account]?.lost = when }

    mutating func topUp(_ account: Int64, fen: Int64) {
        system[SystemAccount.topUps, default: 0] -= fen
        give(fen, to: account)
    }

    func acknowledged(_ place: Place) -> UInt64 { UInt64(records[place]?.count ?? 0) }

    /// Money for a holder pays what the holder owes first.
    private mutating func give(_ fen: Int64, to account: Int64) {
        let repaid = min(fen, people[account]?.debt ?? 0)
        people[account]?.debt -= repaid
        system[SystemAccount.receivables, default: 0] += repaid
        people[account]?.balance += fen - repaid
    }

    /// A meal is paid by the subsidy first, then from the balance, and the rest is owed; answers the subsidy's part.
    private mutating func eat(_ fen: Int64, _ account: Int64) -> Int64 {
        let subsidy = min(fen, people[account]?.subsidy ?? 0)
        let covered = min(fen - subsidy, people[account]?.balance ?? 0)
        people[account]?.subsidy -= subsidy
        people[account]?.balance -= covered
        people[account]?.debt += fen - subsidy - covered
        system[SystemAccount.subsidies, default: 0] -= subsidy
        system[SystemAccount.receivables, default: 0] -= fen - subsidy - covered
        system[SystemAccount.sales, default: 0] += fen
        return subsidy
    }

    /// A meal's price goes back where it came from.
    private mutating func giveBack(_ fen: Int64, subsidy: Int64, _ account: Int64) {
        people[account]?.subsidy += subsidy
        system[SystemAccount.subsidies, default: 0] += subsidy
        system[SystemAccount.sales, default: 0] -= fen
        give(fen - subsidy, to: account)
    }

    // MARK: Records

    mutating func take(_ raw: [UInt8], at place: Place) {
        records[place, default: []].append(raw)
        guard let slot = try? Slot(decoding: raw) else { return }
        let name = RecordName(terminal: place.terminal, epoch: place.epoch, sequence: slot.sequence)
        switch slot.type.rawValue {
        case 0x01:
            guard let intent = ActivationIntent(decoding: slot.payload) else { return suspense[name] = "undecodable" }
            take(intent, name)
        case 0x02:
            guard let outcome = ActivationOutcome(decoding: slot.payload) else { return suspense[name] = "undecodable" }
            take(outcome, name)
        case 0x03: if SaleRecord(decoding: slot.payload) == nil { suspense[name] = "undecodable" }
        case 0x04:
            guard let sale = SaleRecord(decoding: slot.payload) else { return suspense[name] = "undecodable" }
            take(sale, name, made: slot.wallMilliseconds)
        case 0xF0:
            guard let gap = GapRecord(decoding: slot.payload) else { return suspense[name] = "undecodable" }
            gaps.insert([UInt64(place.terminal), UInt64(place.epoch), gap.from, gap.to])
        default: suspense[name] = "unknown-type"
        }
    }

    private mutating func take(_ intent: ActivationIntent, _ name: RecordName) {
        guard let account = Int64(exactly: intent.account) else { return suspense[name] = "unknown-account" }
        if owners[intent.uid] != account { pending[name] = (intent.uid, account) }
    }

    private mutating func take(_ outcome: ActivationOutcome, _ name: RecordName) {
        let intent = outcome.intent
        let own = RecordName(terminal: name.terminal, epoch: name.epoch, sequence: outcome.intentSequence)
        if outcome.result == .chipDefective {
            if pending[own]?.uid == intent.uid { pending[own] = nil }
            return
        }
        let account = Int64(clamping: intent.account)
        if let reason = objection(to: intent, account) {
            if pending[own]?.uid == intent.uid { pending[own] = nil }
            return suspense[name] = reason
        }
        owners[intent.uid] = account
        activeCards[account] = intent.uid
        pending = pending.filter { $0.value.uid != intent.uid || $0.value.account != account }
        let purse = outcome.smallPurse?.rawValue ?? 0
        guard purse != 0, !paidPurses.contains(intent.uid) else { return }
        guard purse > 0, purse <= Self.believablePurse else { return suspense[name] = "implausible-purse" }
        paidPurses.insert(intent.uid)
        system[SystemAccount.smallPurses, default: 0] -= purse
        give(purse, to: account)
    }

    private func objection(to intent: ActivationIntent, _ account: Int64) -> String? {
        guard let person = people[account] else { return "unknown-account" }
        if person.lost != nil { return "reported-lost" }
        if let owner = owners[intent.uid], owner != account { return "card-of-another-account" }
        if let card = activeCards[account], card != intent.uid { return "active-elsewhere" }
        return intent.cardSerial == 1 ? nil : "serial-mismatch"
    }

    private mutating func take(_ sale: SaleRecord, _ name: RecordName, made: Int64) {
        let fen = Int64(sale.amount)
        let account = Int64(clamping: sale.account)
        func note(_ effect: String) { sales[name] = Sale(account: account, fen: fen, effect: effect) }
        settleDoubts(after: sale, name, made: made)
        switch sale.result {
        case .undone: note("undone")
        case .intended, .inDoubt:
            note("in-doubt")
            suspense[name] = "in-doubt"
        case .done:
            let code = sale.medium == .code && sale.codeHash != 0 ? Code(account: account, hash: sale.codeHash) : nil
            let isUsed = code.map { usedCodes.contains($0) } ?? false
            if let reason = objection(to: sale, account, made: made) ?? (isUsed ? "code-used-twice" : nil) {
                note("suspense")
                suspense[name] = reason
                system[SystemAccount.sales, default: 0] += fen
                system[SystemAccount.suspense, default: 0] -= fen
            } else {
                note("posted")
                if let code { usedCodes.insert(code) }
                let subsidy = eat(fen, account)
                sales[name]?.subsidy = subsidy
            }
        case .voided:
            let related = RecordName(terminal: name.terminal, epoch: name.epoch, sequence: sale.relatedSequence)
            // Only what was charged can be taken back, not a refund, nor what waits for a person.
            guard let sold = sales[related], sold.account == account, sold.fen == fen, sold.effect == "posted",
                isCharge(related)
            else {
                note("suspense")
                return suspense[name] = "no-such-sale"
            }
            sales[related]?.effect = "voided"
            note("voided")
            giveBack(fen, subsidy: sold.subsidy, account)
        case .refunded:
            guard people[account] != nil else {
                note("suspense")
                return suspense[name] = "unknown-account"
            }
            note("posted")
            giveBack(fen, subsidy: 0, account)
        }
    }

    private func isCharge(_ name: RecordName) -> Bool {
        let all = records[Place(terminal: name.terminal, epoch: name.epoch)] ?? []
        guard name.sequence <= all.count, let slot = try? Slot(decoding: all[Int(name.sequence) - 1]) else {
            return false
        }
        return SaleRecord(decoding: slot.payload)?.result == .done
    }

    private func objection(to sale: SaleRecord, _ account: Int64, made: Int64) -> String? {
        guard let person = people[account] else { return "unknown-account" }
        if let lost = person.lost, made >= lost { return "reported-lost" }
        guard sale.medium == .card else { return nil }
        // The terminal that activated an unknown card may not have told yet.
        guard let owner = owners[sale.uid] else { return nil }
        return owner == account ? nil : "card-of-another-account"
    }
}

// MARK: Sales in doubt

extension Expectation {
    /// Reckons every sale in doubt of this card anew, from all that was ever reported of it.
    private mutating func settleDoubts(after sale: SaleRecord, _ name: RecordName, made: Int64) {
        let isDoubt = sale.result == .inDoubt || sale.result == .intended
        if isDoubt { doubts[name] = Doubt(sale: sale, made: made, place: outcomes.count) }
        outcomes.append((name, sale))
        guard sale.result != .voided, sale.result != .refunded, Int64(exactly: sale.account) != nil else { return }
        for (other, doubt) in doubts.sorted(by: { $0.key < $1.key }) where doubt.sale.account == sale.account {
            let isOfThisCard = sale.medium == .card && isOfOneCard(doubt.sale, sale)
            if other == name || isOfThisCard || word(on: other) == name { settle(other) }
        }
    }

    private func isOfOneCard(_ one: SaleRecord, _ other: SaleRecord) -> Bool {
        one.medium == .card && other.medium == .card && !one.uid.isEmpty && one.uid == other.uid
            && one.account == other.account && one.cardSerial == other.cardSerial
    }

    private func isOfOneIntent(
        _ one: (name: RecordName, sale: SaleRecord), _ other: (name: RecordName, sale: SaleRecord)
    )
        -> Bool
    {
        one.name.terminal == other.name.terminal && one.name.epoch == other.name.epoch && one.sale.relatedSequence > 0
            && one.sale.relatedSequence == other.sale.relatedSequence && one.sale.account == other.sale.account
    }

    /// The record in which the terminal itself said what became of its sale in doubt.
    private func word(on name: RecordName) -> RecordName? {
        guard let doubt = doubts[name] else { return nil }
        return outcomes[doubt.place...].first {
            isOfOneIntent((name, doubt.sale), $0) && ($0.sale.result == .done || $0.sale.result == .undone)
        }?.name
    }

    private func isRepeated(_ name: RecordName) -> Bool {
        guard let doubt = doubts[name] else { return false }
        return doubts.contains {
            isOfOneIntent((name, doubt.sale), ($0.key, $0.value.sale)) && $0.value.place < doubt.place
        }
    }

    private func state(of name: RecordName, _ doubt: Doubt) -> String {
        if isRepeated(name) { return "repeated" }
        if word(on: name) != nil { return "told" }
        let uses = outcomes.filter { $0.sale.result == .done && isOfOneCard($0.sale, doubt.sale) }
            .map(\.sale.cardSequence)
        if uses.contains(doubt.sale.cardSequence) { return "unused" }
        guard uses.contains(where: { $0 > doubt.sale.cardSequence }) else { return "open" }
        let rivals = doubts.filter { other, value in
            isOfOneCard(value.sale, doubt.sale) && value.sale.cardSequence == doubt.sale.cardSequence
                && !isRepeated(other) && word(on: other) == nil
        }
        return rivals.count == 1 ? "used" : "open"
    }

    private mutating func settle(_ name: RecordName) {
        guard var doubt = doubts[name] else { return }
        let (account, fen) = (Int64(clamping: doubt.sale.account), Int64(doubt.sale.amount))
        var new = state(of: name, doubt)
        if doubt.state == "used", new != "used" { giveBack(fen, subsidy: doubt.subsidy, account) }
        if doubt.state != "used", new == "used" {
            if objection(to: doubt.sale, account, made: doubt.made) == nil {
                doubt.subsidy = eat(fen, account)
            } else {
                new = "open"
            }
        }
        doubt.state = new
        doubts[name] = doubt
    }
}
