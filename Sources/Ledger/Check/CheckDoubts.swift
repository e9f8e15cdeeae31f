import Journal
import LedgerProtocol

extension LedgerCheck {
    /// Every sale in doubt, from its raw record on: open and unpaid, or settled in one way, by a record that says so, with
    /// its money moved once.
    mutating func checkDoubts() throws {
        try expectNone(
            """
            SELECT s.terminal, s.epoch, s.sequence FROM sales s
            LEFT JOIN doubts d ON d.terminal = s.terminal AND d.epoch = s.epoch AND d.sequence = s.sequence
            WHERE s.effect = 'in-doubt' AND d.terminal IS NULL
            """
        ) { "sale \(try RecordName($0)) is in doubt, and nobody settles it" }
        let paid = try paidInDoubt()
        let found = try doubts()
        findings.doubts = found.count
        let intents = Dictionary(grouping: found.filter { $0.doubt.state != .repeated }, by: \.intent)
        for item in found {
            var contradictions: [String] = []
            let fen = item.doubt.state.isPaid ? item.doubt.fen : 0
            if !Doubt.isInDoubt(item.doubt.sale) { contradictions.append("was never in doubt") }
            if paid[item.doubt.name]?.fen ?? 0 != fen { contradictions.append("has not moved just what it has to") }
            if let other = paid[item.doubt.name]?.accounts.first(where: { $0 != item.doubt.account }) {
                contradictions.append("has moved money of account \(other)")
            }
            if item.isWaiting != (item.doubt.state == .open) {
                contradictions.append("waits and is settled, or neither")
            }
            if item.doubt.state == .repeated, intents[item.intent]?.count != 1 {
                contradictions.append("repeats nothing")
            }
            if try !isProven(item.doubt) {
                contradictions.append("is \(item.doubt.state.rawValue) and nothing proves it")
            }
            findings.violations += contradictions.map { "sale \(item.doubt.name) in doubt \($0)" }
        }
        let known = Set(found.map(\.doubt.name))
        for name in paid.keys.sorted() where !known.contains(name) && paid[name]?.isOfDoubt == true {
            findings.violations.append("money was moved for \(name), which was never in doubt")
        }
    }

    private struct Found {
        struct Intent: Hashable {
            let terminal: UInt16
            let epoch: UInt32
            let sequence: UInt64
            let account: UInt64
        }

        let doubt: Doubt
        let isWaiting: Bool

        var intent: Intent {
            Intent(
                terminal: doubt.name.terminal, epoch: doubt.name.epoch, sequence: doubt.sale.relatedSequence,
                account: doubt.sale.account)
        }
    }

    private func doubts() throws -> [Found] {
        let accounts = try transaction.rows("SELECT DISTINCT account FROM doubts").map { try $0.integer(0) }
        let waiting = Set(
            try transaction.rows(
                "SELECT terminal, epoch, sequence FROM suspense WHERE reason = 'in-doubt' AND resolved_ms IS NULL"
            ).map { try RecordName($0) })
        return try Doubt.read(of: accounts, in: transaction).map {
            Found(doubt: $0.0, isWaiting: waiting.contains($0.0.name))
        }
    }

    private struct Paid {
        /// What the canteen has got for it.
        var fen: Int64 = 0
        /// Whose balances it has touched.
        var accounts: Set<Int64> = []
        var isOfDoubt = false
    }

    /// What was moved in the name of each sale in doubt, and of what a person has charged or written off.
    private func paidInDoubt() throws -> [RecordName: Paid] {
        var paid: [RecordName: Paid] = [:]
        try transaction.forEach(
            """
            SELECT t.id, t.kind, p.account, p.fen FROM transfers t JOIN postings p ON p.transfer = t.id
            WHERE t.kind IN ('doubt-charge', 'doubt-back', 'suspense-charge', 'suspense-write-off')
            """, []
        ) { row in
            let parts = try row.text(0).split(separator: ":")
            guard parts.count > 1, let name = RecordName(text: String(parts[1])) else {
                throw LedgerDamage("the name of a transfer")
            }
            let account = try row.integer(2)
            if account == SystemAccount.sales { paid[name, default: Paid()].fen += try row.integer(3) }
            if try row.text(1).hasPrefix("doubt-") { paid[name, default: Paid()].isOfDoubt = true }
            if account >= SystemAccount.firstHolder { paid[name, default: Paid()].accounts.insert(account) }
        }
        return paid
    }

    /// Whether the record that settled it says what it was taken for, and none says otherwise.
    private func isProven(_ doubt: Doubt) throws -> Bool {
        switch doubt.state {
        case .open, .repeated, .charged, .writtenOff, .dismissed: return doubt.told == nil
        case .told:
            guard let name = doubt.told, let word = try sale(name) else { return false }
            return name.terminal == doubt.name.terminal && name.epoch == doubt.name.epoch
                && word.relatedSequence == doubt.sale.relatedSequence && word.account == doubt.sale.account
                && (word.result == .done || word.result == .undone)
        case .unused:
            guard let name = doubt.same, let use = try sale(name).flatMap(CardUse.init), name != doubt.name else {
                return false
            }
            return try use == doubt.card && sale(name)?.result == .done
        case .used:
            guard let card = doubt.card, let name = doubt.later, let word = try sale(name), word.result == .done,
                let use = CardUse(word), use.isOfSameCard(as: card), use.sequence > card.sequence
            else { return false }
            return try Doubt.firstUse(notBefore: card, in: transaction).map { $0.sequence > card.sequence } ?? false
        }
    }

    private func sale(_ name: RecordName) throws -> SaleRecord? {
        let row = try transaction.first(
            "SELECT raw FROM records WHERE terminal = ? AND epoch = ? AND sequence = ?", name.values)
        return row.flatMap { try? Slot(decoding: $0.blob(0)) }.flatMap { SaleRecord(decoding: $0.payload) }
    }

    /// Each payment code has paid for one sale.
    mutating func checkCodes() throws {
        try expectNone(
            """
            SELECT c.terminal, c.epoch, c.sequence FROM codes c
            LEFT JOIN sales s ON s.terminal = c.terminal AND s.epoch = c.epoch AND s.sequence = c.sequence
                AND s.account = c.account AND s.medium = 2 AND s.effect IN ('posted', 'voided')
            WHERE s.terminal IS NULL
            """
        ) { "the payment code of \(try RecordName($0)) was used for no sale" }
    }
}
