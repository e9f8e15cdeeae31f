import Journal
import LedgerProtocol
import Mifare
import Platform

@testable import Ledger

// What must be true of books, journals and cards when everything has arrived.
extension Campus {
    func checkEverything() {
        do {
            let findings = try LedgerCheck.run(on: house.store)
            for violation in findings.violations { violate("books: \(violation)") }
            if findings.sumFen != 0 { violate("books: the sum is \(findings.sumFen)") }
            counts.records += findings.records
            counts.suspense += findings.suspense
            for kiosk in kiosks { try checkRecords(of: kiosk) }
            try checkNothingAside()
            try checkCards()
            try checkPurses()
            try checkSuspense()
        } catch {
            violate("the books cannot be read: \(error)")
        }
        for card in cards {
            counts.tornSectors += card.tornSectors.count
            if !card.isUntouchedElsewhere { violate("\(card.uid.masked) was changed elsewhere") }
            let mayChange = card.holder.map { $0.hasAccount } ?? false
            if !mayChange, card.memory != card.original { violate("\(card.uid.masked) has no account and changed") }
        }
    }

    /// The ledger has what the terminal has, byte for byte, and everything that was ever promised.
    private func checkRecords(of kiosk: Kiosk) throws {
        let rows = try house.store.read {
            try $0.rows(
                "SELECT sequence, raw FROM records WHERE terminal = ? ORDER BY sequence", [.number(kiosk.number)])
        }
        let raw = try rows.map { try $0.blob(1) }
        if try rows.map({ try $0.number(0, as: Int.self) }) != Array(1..<raw.count + 1) {
            violate("\(kiosk.number): the ledger's records have holes")
        }
        guard let journal = kiosk.running?.journal else { return violate("\(kiosk.number): no journal at the end") }
        if journal.lastSequence != UInt64(raw.count) { violate("\(kiosk.number): the ledger has not all") }
        try journal.forEachRecord { record in
            let index = Int(record.slot.sequence) - 1
            if index >= raw.count || raw[index] != record.bytes {
                violate("\(kiosk.number): record \(record.slot.sequence) is another one at the ledger")
            }
        }
        for (sequence, promise) in kiosk.promises {
            let slot = sequence <= raw.count ? try Slot(decoding: raw[Int(sequence) - 1]) : nil
            if slot.map({ Promise(type: $0.type, payload: $0.payload) }) != promise {
                violate("\(kiosk.number): record \(sequence) was promised and is not at the ledger")
            }
        }
    }

    private func checkNothingAside() throws {
        for (table, what) in [
            ("quarantine", "uploads set aside"), ("cases", "holes reported"),
            ("terminals WHERE frozen_reason IS NOT NULL", "terminals frozen"),
        ] {
            let count = try house.store.read { try $0.integer("SELECT count(*) FROM \(table)") }
            if count != 0 { violate("\(count) \(what)") }
        }
    }

    /// Nobody has two active cards; whoever could get one has one.
    private func checkCards() throws {
        let rows = try house.store.read {
            try $0.rows("SELECT c.uid, a.holder FROM cards c JOIN accounts a ON a.number = c.account")
        }
        let active = Dictionary(try rows.map { (try $0.blob(0), try $0.blob(1)) }) { first, _ in first }
        for card in cards {
            guard let holder = card.holder, let hash = active[card.uid.bytes] else { continue }
            if hash != HolderHash(holderNumber: holder.number, key: Grounds.shared.ledgerKeys.rosterKey).bytes {
                violate("\(card.uid.masked) is active for somebody else")
            }
            if !everActivated.contains(card.uid.bytes) { violate("\(card.uid.masked) is active without a record") }
        }
        for holder in holders where holder.hasAccount {
            let count = holder.cards.count { active[$0.uid.bytes] != nil }
            if count > 1 { violate("\(holder.number) has \(count) active cards") }
            if count == 0, !holder.isLost, holder.cards.contains(where: { $0.tornSectors.count < $0.free.count }) {
                violate("\(holder.number) has no active card")
            }
        }
    }

    /// Each small purse is paid once with its card, exactly, and never without.
    private func checkPurses() throws {
        let rows = try house.store.read {
            try $0.rows(
                """
                SELECT o.uid, p.fen, c.uid FROM transfers t JOIN postings p ON p.transfer = t.id AND p.fen > 0
                JOIN outcomes o ON o.terminal = t.terminal AND o.epoch = t.epoch AND o.sequence = t.sequence
                LEFT JOIN cards c ON c.uid = o.uid WHERE t.kind = 'small-purse'
                """)
        }
        var paid: [[UInt8]: [Int64]] = [:]
        for row in rows {
            if row.isNull(2) { violate("the purse of a card was paid that is not active") }
            paid[try row.blob(0), default: []].append(try row.integer(1))
        }
        let active = try house.store.read { Set(try $0.rows("SELECT uid FROM cards").map { try $0.blob(0) }) }
        for card in cards {
            let isDue = active.contains(card.uid.bytes) && card.payable > 0
            if paid[card.uid.bytes] ?? [] != (isDue ? [card.payable] : []) {
                violate("the purse of \(card.uid.masked), \(card.payable), was paid as \(paid[card.uid.bytes] ?? [])")
            }
        }
    }

    /// Every activation that was recorded is in force or waits for a person, for a reason that this campus has.
    private func checkSuspense() throws {
        let rows = try house.store.read {
            try $0.rows(
                """
                SELECT o.uid, s.reason FROM suspense s LEFT JOIN outcomes o
                    ON o.terminal = s.terminal AND o.epoch = s.epoch AND o.sequence = s.sequence
                """)
        }
        var waiting: Set<[UInt8]> = []
        for row in rows {
            guard !row.isNull(0), let card = cards.first(where: { (try? row.blob(0)) == $0.uid.bytes }) else {
                violate("suspense without a card")
                continue
            }
            waiting.insert(card.uid.bytes)
            let reason = try row.text(1)
            let isPlausible =
                switch SuspenseReason(rawValue: reason) {
                case .activeElsewhere: (card.holder?.cards.count ?? 0) > 1
                case .reportedLost: card.holder?.wasEverLost ?? false
                case .implausiblePurse: (card.purse?.rawValue ?? 0) > 100_000
                default: false
                }
            if !isPlausible { violate("\(card.uid.masked) is in suspense as \(reason)") }
        }
        let active = try house.store.read { Set(try $0.rows("SELECT uid FROM cards").map { try $0.blob(0) }) }
        for uid in everActivated where !active.contains(uid) && !waiting.contains(uid) {
            violate("the activation of \(uid.hex()) is neither in force nor in suspense")
        }
    }
}
