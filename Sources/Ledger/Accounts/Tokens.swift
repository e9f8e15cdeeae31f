import Crypto
import LedgerProtocol
public import Platform

/// A token of a role, without the token.
public struct TokenView: Codable, Hashable, Sendable {
    /// How it is named for `token revoke`: the beginning of its hash, in hexadecimal.
    public let id: String
    /// What it allows.
    public let role: String
    /// Whose it is, for people.
    public let label: String
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    public let issuedMilliseconds: Int64
    /// When it runs out, in milliseconds since 1970-01-01 UTC; absent when it does not.
    public let expiresMilliseconds: Int64?
    /// When it was revoked, in milliseconds since 1970-01-01 UTC; absent when it was not.
    public let revokedMilliseconds: Int64?
}

/// A token that was just made: the only time that it is shown.
public struct NewToken: Codable, Hashable, Sendable {
    /// The token, to be shown as `Authorization: Bearer …`.
    public let token: String
    /// What is kept of it.
    public let kept: TokenView
}

extension AccountDesk {
    /// Makes a token of `role`; the books keep its hash only.
    ///
    /// - Parameters:
    ///   - label: whose it is, 1 to 64 characters.
    ///   - days: after how many it runs out, 1...3650; never when absent.
    /// - Throws: ``LedgerRefused``.
    public func addToken(role: Role, label: String, days: Int? = nil) throws -> NewToken {
        try authorize(.manageTokens, subject: "")
        let label = try Input.text(label, "label", longest: 64)
        guard role != .technician else { throw LedgerRefused.malformed("role: expected app, card-centre or auditor") }
        if let days, !(1...3650).contains(days) { throw LedgerRefused.malformed("days: expected 1 to 3650") }
        let token = "yika-" + (0..<32).map { _ in UInt8.random(in: 0...255) }.hex()
        let hash = Self.hash(token)
        return try perform(
            .manageTokens, subject: "", detail: { "added \($0.kept.id) for \(role.rawValue) \(label)" }
        ) { transaction, now in
            let expires = days.map { now + Int64($0) * 86_400_000 }
            try transaction.execute(
                "INSERT INTO tokens (token_hash, role, label, issued_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
                [.blob(hash), .text(role.rawValue), .text(label), .integer(now), .number(expires)])
            let view = TokenView(
                id: Self.id(hash), role: role.rawValue, label: label, issuedMilliseconds: now,
                expiresMilliseconds: expires, revokedMilliseconds: nil)
            return NewToken(token: token, kept: view)
        }
    }

    /// All tokens, the newest first.
    ///
    /// - Throws: ``LedgerRefused``.
    public func tokens() throws -> [TokenView] {
        try authorize(.manageTokens, subject: "")
        return try store.read { transaction in
            try transaction.rows(
                """
                SELECT token_hash, role, label, issued_ms, expires_ms, revoked_ms FROM tokens ORDER BY issued_ms DESC, token_hash
                """
            ).map { row in
                TokenView(
                    id: Self.id(try row.blob(0)), role: try row.text(1), label: try row.text(2),
                    issuedMilliseconds: try row.integer(3), expiresMilliseconds: try row.optional(4),
                    revokedMilliseconds: try row.optional(5))
            }
        }
    }

    /// Ends a token; `false` when it had ended already.
    ///
    /// - Parameter id: as ``TokenView/id`` names it.
    /// - Throws: ``LedgerRefused`` when there is none of this name.
    public func revokeToken(id: String) throws -> Bool {
        try authorize(.manageTokens, subject: "")
        return try perform(.manageTokens, subject: "", detail: { _ in "revoked \(id)" }) { transaction, now in
            let hashes = try transaction.rows("SELECT token_hash FROM tokens").map { try $0.blob(0) }
            guard let hash = hashes.first(where: { Self.id($0) == id }) else {
                throw LedgerRefused.malformed("there is no token \(id): see `yika-ledger token list`")
            }
            return try transaction.execute(
                "UPDATE tokens SET revoked_ms = ? WHERE token_hash = ? AND revoked_ms IS NULL",
                [.integer(now), .blob(hash)]) == 1
        }
    }

    fileprivate static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }

    private static func id(_ hash: [UInt8]) -> String { Array(hash.prefix(6)).hex() }
}

/// Lets whoever shows a token in.
public struct Reception: Sendable {
    let store: any LedgerStore
    let keys: LedgerKeys
    let time: any TimeSource
    var pinWork = PinVerifier.standardWork

    /// A reception in front of the books in `store`.
    public init(store: any LedgerStore, keys: LedgerKeys, time: any TimeSource) {
        self.store = store
        self.keys = keys
        self.time = time
    }

    /// The desk for whoever shows `token`.
    ///
    /// - Throws: ``LedgerRefused`` unless it is a role's, has not run out and was not revoked.
    public func desk(token: String) throws -> AccountDesk {
        let now = time.wallMilliseconds()
        // Whoever finds out how far the hash compares learns nothing: it cannot be chosen.
        let row = try store.read { transaction in
            try transaction.first(
                """
                SELECT role, label FROM tokens
                WHERE token_hash = ? AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)
                """, [.blob(AccountDesk.hash(token)), .integer(now)])
        }
        guard let row, let role = Role(rawValue: try row.text(0)) else { throw LedgerRefused.noToken }
        var desk = AccountDesk(
            store: store, keys: keys, time: time, caller: Caller(role: role, label: try row.text(1)))
        desk.pinWork = pinWork
        return desk
    }
}
