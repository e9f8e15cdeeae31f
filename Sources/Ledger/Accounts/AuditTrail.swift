import FoundationEssentials
import Platform

/// Who has done what with whose account, and who has looked: written beside the deed, and never changed.
public struct AuditEntry: Codable, Hashable, Sendable {
    /// The entry's name, in hexadecimal; ascending in time.
    public let id: String
    /// When, in milliseconds since 1970-01-01 UTC.
    public let timeMilliseconds: Int64
    /// The role, and what its token is called.
    public let actor: String
    /// What was done; `denied` where the role may not.
    public let action: String
    /// The account's number, or what else it was done to; empty where it was nothing in particular.
    public let subject: String
    /// The particulars; never a PIN, a holder's number or a card's.
    public let detail: String
}

/// A part of a long list, and where the next part begins.
public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    /// The items, newest first.
    public let items: [Item]
    /// What to ask for as `before` to get the next part; absent at the end.
    public let next: String?
}

/// How many items one part of a list may have.
enum PageSize {
    static let range = 1...200
    static let usual = 50

    static func checked(_ limit: Int?) throws(LedgerRefused) -> Int {
        guard let limit else { return usual }
        guard range.contains(limit) else {
            throw .malformed("limit: expected \(range.lowerBound) to \(range.upperBound)")
        }
        return limit
    }
}

extension LedgerTransaction {
    func audit(_ caller: Caller, _ action: String, _ subject: String, _ detail: String, now: Int64) throws {
        try audit(caller.name, action, subject, detail, now: now)
    }
}

extension AccountDesk {
    /// The newest entries of the audit trail, all or those about one account.
    ///
    /// - Parameters:
    ///   - before: the `next` of the part before.
    ///   - limit: 1...200 entries, 50 when absent.
    /// - Throws: ``LedgerRefused``.
    public func auditTrail(account: Int64? = nil, before: String? = nil, limit: Int? = nil) throws -> Page<AuditEntry> {
        try authorize(.readAudit, subject: account.map { "\($0)" } ?? "")
        let limit = try PageSize.checked(limit)
        var end = [UInt8](repeating: 0xFF, count: 16)
        if let before {
            guard let id = [UInt8](hex: before), id.count == 16 else {
                throw LedgerRefused.malformed("before: expected the `next` of the part before")
            }
            end = id
        }
        return try perform(.readAudit, subject: account.map { "\($0)" } ?? "") { transaction, _ in
            let rows = try transaction.rows(
                """
                SELECT id, at_ms, actor, action, subject, detail FROM audit
                WHERE id < ?\(account == nil ? "" : " AND subject = ?") ORDER BY id DESC LIMIT \(limit + 1)
                """, [.blob(end)] + (account.map { [.text("\($0)")] } ?? []))
            let entries = try rows.prefix(limit).map { row in
                AuditEntry(
                    id: try row.blob(0).hex(), timeMilliseconds: try row.integer(1), actor: try row.text(2),
                    action: try row.text(3), subject: try row.text(4), detail: try row.text(5))
            }
            return Page(items: entries, next: rows.count > limit ? entries.last?.id : nil)
        }
    }
}
