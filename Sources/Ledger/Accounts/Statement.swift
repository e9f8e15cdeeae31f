import LedgerProtocol
import Platform

/// One line of an account's statement.
public struct StatementLine: Codable, Hashable, Sendable {
    /// What it was: `sale`, `sale-void`, `refund`, `subsidy`, `top-up`, `small-purse`, `card-fee` and so on.
    ///
    /// `doubt-charge` is a sale whose card left in the middle and which turned out to have happened, `doubt-back` takes
    /// such a charge back.
    public let kind: String
    /// In words, for people.
    public let reason: String
    /// What the holder got, or gave when negative, in fen: the change of the balance and of the debt together.
    public let fen: Int64
    /// The part of it that the holder came to owe (negative), or that paid what was owed (positive), in fen.
    public let debtFen: Int64
    /// What the subsidy gained, or paid when negative, in fen; it is no part of `fen`.
    public let subsidyFen: Int64
    /// The balance after it, in fen.
    public let balanceFen: Int64
    /// The terminal that reported it, if one did.
    public let terminal: Int64?
    /// When it came into the books, in milliseconds since 1970-01-01 UTC.
    public let timeMilliseconds: Int64
}

extension AccountDesk {
    /// What has moved on an account, newest first.
    ///
    /// - Parameters:
    ///   - before: the `next` of the part before.
    ///   - limit: 1...200 lines, 50 when absent.
    /// - Throws: ``LedgerRefused``.
    public func statement(account: Int64, before: String? = nil, limit: Int? = nil) throws -> Page<StatementLine> {
        try authorize(.statement, subject: "\(account)")
        let number = try Input.account(account)
        let limit = try PageSize.checked(limit)
        let end = try before.map(StatementPlace.init(text:)) ?? .newest
        return try perform(.statement, subject: "\(number)") { transaction, _ in
            let view = try transaction.view(number)
            let rows = try transaction.movements(of: number, before: end, limit: limit + 1)
            var balance = view.balanceFen - (try transaction.sum(of: number, notBefore: end))
            var lines: [StatementLine] = []
            for row in rows.prefix(limit) {
                let (own, debt) = (try row.integer(4), try row.integer(5))
                lines.append(
                    StatementLine(
                        kind: try row.text(1), reason: try row.text(2), fen: own + debt, debtFen: debt,
                        subsidyFen: try row.integer(7), balanceFen: balance, terminal: try row.optional(6),
                        timeMilliseconds: try row.integer(3)))
                balance -= own
            }
            let last = rows.count > limit ? rows[limit - 1] : nil
            return Page(
                items: lines,
                next: try last.map { StatementPlace(time: try $0.integer(3), transfer: try $0.text(0)).text })
        }
    }
}

/// A place between two lines of a statement: the time and the transfer of the line before it.
private struct StatementPlace {
    let time: Int64
    let transfer: String

    static let newest = StatementPlace(time: .max, transfer: "")

    init(time: Int64, transfer: String) {
        self.time = time
        self.transfer = transfer
    }

    /// In hexadecimal, because a transfer's name has colons and slashes, and because nobody is to make sense of it.
    var text: String { Array("\(time) \(transfer)".utf8).hex() }

    init(text: String) throws(LedgerRefused) {
        let bytes = text.utf8.count <= 1024 ? [UInt8](hex: text) : nil
        let parts = bytes.flatMap { String(validating: $0, as: UTF8.self) }?
            .split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let parts, parts.count == 2, let time = Int64(parts[0]), !parts[1].utf8.contains(0) else {
            throw .malformed("before: expected the `next` of the part before")
        }
        self.init(time: time, transfer: String(parts[1]))
    }

    /// What is older; three values.
    static let isOlder = "(t.created_ms < ? OR t.created_ms = ? AND t.id < ?)"
    var values: [SQLValue] { [.integer(time), .integer(time), .text(transfer)] }
}

extension LedgerTransaction {
    /// The transfers that have touched what the holder has or owes: id, kind, reason, time, balance, debt, terminal,
    /// subsidy.
    ///
    /// One that went wholly into a debt, or was wholly paid by a subsidy, has no line on the account itself, so that it is found by its cause.
    fileprivate func movements(of account: Int64, before end: StatementPlace, limit: Int) throws -> [SQLRow] {
        var named = [Self.openingTransfer(account)]
        for card in try rows("SELECT uid FROM cards WHERE account = ?", [.integer(account)]) {
            named.append(ActivationPosting.purseTransfer(uid: try card.blob(0), account: UInt64(account)))
        }
        for doubt in try rows(
            "SELECT terminal, epoch, sequence, steps FROM doubts WHERE account = ? AND steps > 0", [.integer(account)])
        {
            let (name, steps) = (try RecordName(doubt), try doubt.number(3, as: Int.self))
            named += (1...max(steps, 1)).map { Doubt.transfer(name, step: $0) }
        }
        let places = Array(repeating: "?", count: named.count).joined(separator: ", ")
        return try rows(
            """
            SELECT t.id, t.kind, t.reason, t.created_ms, coalesce(p.fen, 0), coalesce(d.fen, 0), t.terminal,
                coalesce(b.fen, 0)
            FROM transfers t
            LEFT JOIN postings p ON p.transfer = t.id AND p.account = ?
            LEFT JOIN postings d ON d.transfer = t.id AND d.account = \(SystemAccount.receivables)
            LEFT JOIN postings b ON b.transfer = t.id AND b.account = \(SystemAccount.subsidies)
            WHERE t.id IN (
                SELECT transfer FROM postings WHERE account = ?
                UNION SELECT transfer FROM requests WHERE account = ? AND transfer IS NOT NULL
                UNION SELECT i.id FROM sales s JOIN transfers i
                    ON i.terminal = s.terminal AND i.epoch = s.epoch AND i.sequence = s.sequence
                    WHERE s.account = ? AND i.kind <> 'sale-suspense'
                UNION SELECT id FROM transfers WHERE id IN (\(places))
            ) AND \(StatementPlace.isOlder)
            ORDER BY t.created_ms DESC, t.id DESC LIMIT \(limit)
            """,
            [.integer(account), .integer(account), .integer(account), .integer(account)]
                + named.map { .text($0) } + end.values)
    }

    /// What the balance has gained from `end` on.
    fileprivate func sum(of account: Int64, notBefore end: StatementPlace) throws -> Int64 {
        try integer(
            """
            SELECT CAST(coalesce(sum(p.fen), 0) AS BIGINT) FROM postings p JOIN transfers t ON t.id = p.transfer
            WHERE p.account = ? AND NOT \(StatementPlace.isOlder)
            """, [.integer(account)] + end.values)
    }
}
