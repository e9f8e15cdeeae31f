import Journal
import LedgerProtocol

extension LedgerCheck {
    /// From the raw outcomes: each has one effect, and each card that is active has exactly one record that made it so.
    mutating func checkActivations() throws {
        findings.cards = Int(try transaction.integer("SELECT count(*) FROM cards WHERE status = 'active'"))
        findings.suspense = Int(try transaction.integer("SELECT count(*) FROM suspense WHERE resolved_ms IS NULL"))
        findings.pending = Int(try transaction.integer("SELECT count(*) FROM intents WHERE state = 'pending'"))
        var outcomes = 0
        var violations: [String] = []
        try transaction.forEach(
            """
            SELECT r.terminal, r.epoch, r.sequence, r.raw, o.effect, o.uid, o.account, s.reason
            FROM records r
            LEFT JOIN outcomes o ON o.terminal = r.terminal AND o.epoch = r.epoch AND o.sequence = r.sequence
            LEFT JOIN suspense s ON s.terminal = r.terminal AND s.epoch = r.epoch AND s.sequence = r.sequence
            """, []
        ) { row in
            guard let slot = try? Slot(decoding: try row.blob(3)), slot.type.rawValue == ActivationRecordType.outcome
            else { return }
            outcomes += 1
            if try !Self.isAccountedFor(slot, row) {
                violations.append(
                    "outcome \(try row.integer(0))/\(try row.integer(1))/\(try row.integer(2)) is not posted once")
            }
        }
        findings.outcomes = outcomes
        findings.violations += violations
        try expectNone(
            """
            SELECT c.account, count(o.sequence) FROM cards c LEFT JOIN outcomes o
                ON o.effect = 'activated' AND o.uid = c.uid AND o.account = c.account AND o.serial = c.serial
            GROUP BY c.uid, c.account HAVING count(o.sequence) <> 1
            """
        ) { "the card of account \(try $0.integer(0)) was activated by \(try $0.integer(1)) records instead of one" }
        try expectNone(
            """
            SELECT o.terminal, o.epoch, o.sequence FROM outcomes o LEFT JOIN cards c
                ON o.uid = c.uid AND o.account = c.account
            WHERE o.effect IN ('activated', 'confirmed') AND c.uid IS NULL
            """
        ) { "outcome \(try $0.integer(0))/\(try $0.integer(1))/\(try $0.integer(2)) activated no card" }
    }

    private static func isAccountedFor(_ slot: Slot, _ row: SQLRow) throws -> Bool {
        let reason = row.isNull(7) ? nil : try row.text(7)
        guard let outcome = ActivationOutcome(decoding: slot.payload) else {
            return row.isNull(4) && reason == SuspenseReason.undecodable.rawValue
        }
        guard !row.isNull(4), try row.blob(5) == outcome.intent.uid else { return false }
        switch try row.text(4) {
        case "suspense": return reason != nil
        case "chip-defective": return outcome.result == .chipDefective && reason == nil
        default:
            return outcome.result == .activated && (reason == nil || reason == SuspenseReason.implausiblePurse.rawValue)
        }
    }
}
