import Journal
import LedgerProtocol

extension LedgerCheck {
    /// From the raw outcomes of sales: each is in the books once, and has moved just the money that it says.
    mutating func checkSales() throws {
        var sales = 0
        var violations: [String] = []
        try transaction.forEach(
            """
            SELECT r.terminal, r.epoch, r.sequence, r.raw, s.effect, s.account, s.fen, u.reason, p.fen, c.code_hash
            FROM records r
            LEFT JOIN sales s ON s.terminal = r.terminal AND s.epoch = r.epoch AND s.sequence = r.sequence
            LEFT JOIN suspense u ON u.terminal = r.terminal AND u.epoch = r.epoch AND u.sequence = r.sequence
            LEFT JOIN transfers t ON t.terminal = r.terminal AND t.epoch = r.epoch AND t.sequence = r.sequence
            LEFT JOIN postings p ON p.transfer = t.id AND p.account = \(SystemAccount.sales)
            LEFT JOIN codes c ON c.terminal = r.terminal AND c.epoch = r.epoch AND c.sequence = r.sequence
            """, []
        ) { row in
            guard let slot = try? Slot(decoding: try row.blob(3)), slot.type.rawValue == SaleRecordType.outcome
            else { return }
            sales += 1
            if try !Self.isAccountedFor(sale: slot, row) {
                violations.append("sale \(try RecordName(row)) has not moved just what it says")
            }
        }
        findings.sales = sales
        findings.violations += violations
        try expectNone(
            """
            SELECT v.id FROM transfers v JOIN transfers t ON t.id = v.reverses
            JOIN sales s ON s.terminal = t.terminal AND s.epoch = t.epoch AND s.sequence = t.sequence
            WHERE s.effect <> 'voided'
            """
        ) { "transfer \(try $0.text(0)) takes back a sale that still counts" }
    }

    private static func isAccountedFor(sale slot: Slot, _ row: SQLRow) throws -> Bool {
        let reason = row.isNull(7) ? nil : SuspenseReason(rawValue: try row.text(7))
        let moved = row.isNull(8) ? 0 : try row.integer(8)
        guard let sale = SaleRecord(decoding: slot.payload) else { return row.isNull(4) && reason == .undecodable }
        let fen = Int64(sale.amount)
        guard !row.isNull(4), try row.integer(6) == fen else { return false }
        let hasPaid = try ["posted", "voided"].contains(row.text(4))
        guard try row.optional(9) == (hasPaid ? CodeUse(sale)?.hash : nil) else { return false }
        switch (try row.text(4), sale.result) {
        case ("posted", .done): return moved == fen && reason == nil
        // Taken back by a later record; its own money has moved all the same.
        case ("voided", .done): return moved == fen && reason == nil
        case ("posted", .refunded), ("voided", .voided): return moved == -fen && reason == nil
        case ("suspense", .done): return moved == fen && reason != nil
        case ("suspense", .voided), ("suspense", .refunded): return moved == 0 && reason != nil
        case ("undone", .undone): return moved == 0 && reason == nil
        case ("in-doubt", .inDoubt), ("in-doubt", .intended): return moved == 0 && reason == .inDoubt
        default: return false
        }
    }
}
