import Crypto
import LedgerProtocol
import Platform

/// Replaces a terminal's credential that comes to its end by one of the same length, whose secret the terminal has made.
///
/// The answer may get lost: the same hash is answered again, whether the old secret is shown or the new one.
struct RenewalDesk {
    /// Renewed with so much left, the terminal's own warning, a fortnight before the end, is never seen.
    static let leadMilliseconds: Int64 = 21 * 86_400_000
    /// How long the old one stays good: the daemon goes on with it until it is told of the new one.
    static let overlapMilliseconds: Int64 = 86_400_000

    fileprivate struct Held {
        let issued: Int64
        let expires: Int64?

        /// With a third of its time left, or three weeks where that is more; never before a third of it is over.
        func isDue(at now: Int64) -> Bool {
            guard let expires else { return false }
            let life = expires - issued
            return expires - now < max(life / 3, min(leadMilliseconds, life / 3 * 2))
        }
    }

    func renew(
        _ request: RenewalRequest, terminal: UInt16, token: String, in transaction: any LedgerTransaction, now: Int64
    ) throws -> RenewalAnswer {
        guard let wanted = [UInt8](hex: request.credentialHash), wanted.count == 32 else {
            throw LedgerRefused.malformed("credentialHash: expected 32 bytes in hexadecimal")
        }
        // Two who renew at once wait for each other here.
        _ = try transaction.first(
            "SELECT number FROM terminals WHERE number = ?\(transaction.forUpdate)", [.number(terminal)])
        _ = try transaction.admit(terminal, token: token, now: now)
        let held = try transaction.credentials(of: terminal)
        if let known = held[wanted] {
            if let expires = known.expires, expires <= now { throw LedgerRefused.expired }
            return RenewalAnswer(renewed: true, expiresMilliseconds: known.expires)
        }
        guard let shown = held[Array(SHA256.hash(data: Array(token.utf8)))] else { throw LedgerRefused.denied }
        guard held.values.allSatisfy({ $0.issued <= shown.issued }) else { throw LedgerRefused.renewed }
        guard let old = shown.expires, shown.isDue(at: now) else {
            return RenewalAnswer(renewed: false, expiresMilliseconds: shown.expires)
        }
        let expires = now + old - shown.issued
        try transaction.giveCredential(
            wanted, to: terminal, expires: expires, othersEnd: now + Self.overlapMilliseconds, now: now)
        try transaction.audit(
            "terminal \(terminal)", "terminal credential", "terminal \(terminal)",
            "for \((old - shown.issued) / 86_400_000) days", now: now)
        return RenewalAnswer(renewed: true, expiresMilliseconds: expires)
    }
}

extension LedgerTransaction {
    /// What a terminal has been given ever, by the hash of its secret.
    fileprivate func credentials(of terminal: UInt16) throws -> [[UInt8]: RenewalDesk.Held] {
        var held: [[UInt8]: RenewalDesk.Held] = [:]
        try forEach(
            "SELECT token_hash, issued_ms, expires_ms FROM credentials WHERE terminal = ?", [.number(terminal)]
        ) { row in
            held[try row.blob(0)] = RenewalDesk.Held(
                issued: try row.integer(1), expires: row.isNull(2) ? nil : try row.integer(2))
        }
        return held
    }
}
