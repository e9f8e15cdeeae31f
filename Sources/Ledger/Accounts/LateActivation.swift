import LedgerProtocol
public import Platform

/// Activation after the days of mass activation: the card centre lets one account after the other through.
extension AccountDesk {
    /// The most days that one grant lasts.
    public static let lateDays = 30

    /// Lets the account's card be activated after the period's end.
    ///
    /// - Parameter days: 1...30; a later grant replaces an earlier one.
    /// - Throws: ``LedgerRefused``.
    public func allowLate(account: Int64, days: Int) throws -> AccountView {
        try authorize(.allowLate, subject: "\(account)")
        let number = try Input.account(account)
        guard (1...Self.lateDays).contains(days) else {
            throw LedgerRefused.malformed("days: expected 1 to \(Self.lateDays)")
        }
        return try perform(
            .allowLate, subject: "\(number)", detail: { _ in "\(days) days" }
        ) { transaction, now in
            _ = try transaction.lockedAccount(number)
            try transaction.execute(
                "UPDATE accounts SET late_until_ms = ? WHERE number = ?",
                [.integer(now + Int64(days) * 86_400_000), .integer(number)])
            return try transaction.view(number)
        }
    }
}

/// The days of activation, after which only the card centre lets a card through.
public enum ActivationPeriod {
    /// When they end, in milliseconds since 1970-01-01 UTC; `nil` when they do not.
    public static func end(in store: any LedgerStore) throws -> Int64? {
        try store.read { try $0.activationEnd() }
    }

    /// Sets when they end; `nil`: never. Terminals that ask from then on are answered by it.
    public static func setEnd(
        _ milliseconds: Int64?, in store: any LedgerStore, actor: String, time: any TimeSource
    ) throws {
        let now = time.wallMilliseconds()
        try store.write { transaction in
            if let milliseconds {
                try transaction.execute(
                    """
                    INSERT INTO settings (name, value) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET value = excluded.value
                    """, [.text(LedgerSetting.activationEnd), .integer(milliseconds)])
            } else {
                try transaction.execute("DELETE FROM settings WHERE name = ?", [.text(LedgerSetting.activationEnd)])
            }
            try transaction.audit(
                actor, "activation-end", "", milliseconds.map { "\($0)" } ?? "never", now: now)
        }
    }
}

/// Names in the table of what the ledger itself goes by.
private enum LedgerSetting {
    static let activationEnd = "activation_until_ms"
}

extension LedgerTransaction {
    fileprivate func activationEnd() throws -> Int64? {
        try first("SELECT value FROM settings WHERE name = ?", [.text(LedgerSetting.activationEnd)])?.integer(0)
    }

    /// Whether a card may still become `account`'s: until the end of the period, if it has one, and later by permission.
    func isActivationOpen(account: Int64, now: Int64) throws -> Bool {
        guard let end = try activationEnd(), end < now else { return true }
        let late = try first("SELECT late_until_ms FROM accounts WHERE number = ?", [.integer(account)])
        return try (late?.optional(0) ?? .min) >= now
    }
}
