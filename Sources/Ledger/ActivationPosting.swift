import LedgerProtocol
import Platform

/// What the outcome of an activation does: the card becomes active once, and its small purse is paid once, however
/// many terminals report it.
struct ActivationPosting {
    /// The most that a small purse is believed to hold: ¥1,000.
    ///
    /// Dispensers took fen; more is a decoding error, and money is not made from those.
    static let purseLimit: Int64 = 100_000

    let posting: Posting
    let outcome: ActivationOutcome
    let name: RecordName
    /// When the activation ended, by the terminal's wall clock, in milliseconds since 1970-01-01 UTC.
    let ended: Int64

    private var transaction: any LedgerTransaction { posting.transaction }
    private var intent: ActivationIntent { outcome.intent }

    func post() throws {
        if outcome.result == .chipDefective {
            try settleOwnIntent("chip-defective")
            return try note("chip-defective", paid: 0)
        }
        if let (reason, detail) = try objection() {
            try settleOwnIntent("suspense")
            try note("suspense", paid: 0)
            return try posting.suspend(name, reason, detail, fen: outcome.smallPurse?.rawValue)
        }
        guard let account = Int64(exactly: intent.account) else { return }
        let isNew = try transaction.card(uid: intent.uid) == nil
        if isNew { try activate(account) }
        try settleAllIntents(account)
        try note(isNew ? "activated" : "confirmed", paid: try payPurse(into: account))
    }

    /// Why this outcome cannot be posted, if there is a reason.
    private func objection() throws -> (SuspenseReason, String)? {
        guard let number = Int64(exactly: intent.account), let account = try transaction.holderAccount(number) else {
            return (.unknownAccount, "account \(intent.account)")
        }
        if !account.isOpen { return (.closedAccount, "account \(number)") }
        if account.isReportedLost { return (.reportedLost, "account \(number)") }
        if let card = try transaction.card(uid: intent.uid), card.account != number {
            return (.cardOfAnotherAccount, "account \(number); the card is of \(card.account)")
        }
        if let card = try transaction.card(account: number), card.uid != intent.uid {
            return (.activeElsewhere, "account \(number)")
        }
        if account.cardSerial != intent.cardSerial {
            return (.serialMismatch, "account \(number): card \(intent.cardSerial) instead of \(account.cardSerial)")
        }
        return nil
    }

    private func activate(_ account: Int64) throws {
        try transaction.execute(
            """
            INSERT INTO cards (uid, account, serial, status, activated_ms, terminal, epoch, sequence)
            VALUES (?, ?, ?, 'active', ?, ?, ?, ?)
            """,
            [.blob(intent.uid), .integer(account), .number(intent.cardSerial), .integer(ended)] + name.values)
        try transaction.raiseRosterVersion(now: posting.now)
    }

    /// Pays the small purse unless it was paid before; answers what was paid by this record.
    private func payPurse(into account: Int64) throws -> Int64 {
        guard let purse = outcome.smallPurse?.rawValue, purse != 0 else { return 0 }
        let id = "purse:\(intent.uid.hex()):\(account):\(intent.cardSerial)"
        if try transaction.hasTransfer(id) { return 0 }
        guard purse > 0, purse <= Self.purseLimit else {
            try posting.suspend(name, .implausiblePurse, "account \(account)", fen: purse)
            return 0
        }
        try transaction.post(
            Transfer(
                id: id, kind: "small-purse", source: name, reason: "small purse of the old card",
                lines: [.init(account: SystemAccount.smallPurses, fen: -purse), .init(account: account, fen: purse)]),
            now: posting.now)
        return purse
    }

    private func settleOwnIntent(_ state: String) throws {
        guard let sequence = Int64(exactly: outcome.intentSequence) else { return }
        try transaction.execute(
            """
            UPDATE intents SET state = ? WHERE terminal = ? AND epoch = ? AND sequence = ? AND uid = ?
                AND state = 'pending'
            """,
            [.text(state), .number(name.terminal), .number(name.epoch), .integer(sequence), .blob(intent.uid)])
    }

    /// A card begun at one terminal and finished at another leaves an intent at the first: it is settled all the same.
    private func settleAllIntents(_ account: Int64) throws {
        try transaction.execute(
            "UPDATE intents SET state = 'activated' WHERE uid = ? AND account = ? AND state = 'pending'",
            [.blob(intent.uid), .integer(account)])
    }

    private func note(_ effect: String, paid: Int64) throws {
        try transaction.execute(
            """
            INSERT INTO outcomes
                (terminal, epoch, sequence, uid, account, serial, effect, purse_fen, paid_fen, ended_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            name.values + [
                .blob(intent.uid), .number(Int64(exactly: intent.account)), .number(intent.cardSerial), .text(effect),
                .number(outcome.smallPurse?.rawValue), .integer(paid), .integer(ended),
            ])
    }
}
