import LedgerProtocol
import Platform

/// An account as people see it; the card's number and the holder's are not in it.
public struct AccountView: Codable, Hashable, Sendable {
    /// The account's number.
    public let account: Int64
    /// The holder's name.
    public let name: String
    /// `staff` or `student`.
    public let category: String
    /// `open` or `closed`.
    public let status: String
    /// In fen.
    public let balanceFen: Int64
    /// What the holder owes, in fen: sales that the balance did not cover.
    public let debtFen: Int64
    /// What the holder may spend at canteens beside the balance, in fen: subsidies (补贴), which are spent first.
    public let subsidyFen: Int64
    /// When the card was reported lost, in milliseconds since 1970-01-01 UTC; absent when it is not.
    public let lostMilliseconds: Int64?
    /// The serial that the account's card has, or will get.
    public let cardSerial: UInt32
    /// Whether that card is active.
    public let isCardActive: Bool
    /// Whether there is a PIN.
    public let hasPin: Bool
    /// Until when no PIN is taken, in milliseconds since 1970-01-01 UTC; absent when it never was locked since the last right one.
    public let pinLockedUntilMilliseconds: Int64?
    /// Until when the card may be activated after the end of the period; absent when it may not.
    public let lateUntilMilliseconds: Int64?
    /// The language in which terminals speak to the holder: `en`, `zh-CN`; absent when nobody has said.
    public let language: String?
    /// When it was opened, in milliseconds since 1970-01-01 UTC.
    public let openedMilliseconds: Int64
}

extension AccountDesk {
    /// How an account stands.
    ///
    /// - Throws: ``LedgerRefused``.
    public func show(account: Int64) throws -> AccountView {
        try perform(.show, subject: "\(account)") { transaction, _ in
            try transaction.view(try Input.account(account))
        }
    }

    /// The account of a holder's number, for whoever has the holder in front of them.
    ///
    /// - Throws: ``LedgerRefused``.
    public func number(ofHolder holderNumber: String) throws -> Int64 {
        try authorize(.show, subject: "")
        let holder = holder(try Input.holderNumber(holderNumber))
        guard let account = try store.read({ try $0.holderAccount(of: holder) }) else { throw LedgerRefused.noPerson }
        return account.number
    }
}

extension LedgerTransaction {
    func view(_ number: Int64) throws -> AccountView {
        let row = try first(
            """
            SELECT a.number, a.name, coalesce(a.category, ''), a.status, a.balance_fen, a.debt_fen, a.lost_ms, a.card_serial,
                CASE WHEN c.uid IS NULL THEN 0 ELSE 1 END, CASE WHEN a.pin_verifier IS NULL THEN 0 ELSE 1 END,
                a.pin_locked_until_ms, a.late_until_ms, a.opened_ms, a.subsidy_fen, a.language
            FROM accounts a LEFT JOIN cards c ON c.account = a.number AND c.status = 'active'
            WHERE a.number = ? AND a.kind = 'holder'
            """, [.integer(number)])
        guard let row else { throw LedgerRefused.noAccount(number) }
        return AccountView(
            account: try row.integer(0), name: try row.text(1), category: try row.text(2), status: try row.text(3),
            balanceFen: try row.integer(4), debtFen: try row.integer(5), subsidyFen: try row.integer(13),
            lostMilliseconds: try row.optional(6),
            cardSerial: try row.number(7), isCardActive: try row.integer(8) == 1, hasPin: try row.integer(9) == 1,
            pinLockedUntilMilliseconds: try row.optional(10), lateUntilMilliseconds: try row.optional(11),
            language: try row.optionalText(14), openedMilliseconds: try row.integer(12))
    }
}

extension SQLRow {
    /// A number that may be absent.
    func optional(_ column: Int) throws -> Int64? { isNull(column) ? nil : try integer(column) }

    /// A text that may be absent.
    func optionalText(_ column: Int) throws -> String? { isNull(column) ? nil : try text(column) }
}
