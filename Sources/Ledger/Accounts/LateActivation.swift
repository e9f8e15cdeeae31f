import LedgerProtocol

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

extension LedgerTransaction {
    /// Whether a card may still become `account`'s: until the end of the period, if it has one, and later by permission.
    func isActivationOpen(account: Int64, now: Int64) throws -> Bool {
        let end = try first("SELECT value FROM settings WHERE name = 'activation_until_ms'")
        guard let end, try end.integer(0) < now else { return true }
        let late = try first("SELECT late_until_ms FROM accounts WHERE number = ?", [.integer(account)])
        return try (late?.optional(0) ?? .min) >= now
    }
}
