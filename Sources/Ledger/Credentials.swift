import Crypto

/// How a terminal proves who it is: today by a secret that it shows, of which the books keep the hash.
///
/// A certificate, once there is one, is another case of what a terminal shows; what it may do with it stays here.
enum TerminalStanding: Equatable {
    /// It may do everything that a terminal may.
    case current
    /// Its credential has run out: it still may bring its records, which carry their own proof.
    case expired
    /// It has shown nothing that the books know.
    case stranger
}

extension LedgerTransaction {
    func standing(of terminal: UInt16, token: String, now: Int64) throws -> TerminalStanding {
        let shown = SHA256.hash(data: Array(token.utf8))
        var standing = TerminalStanding.stranger
        try forEach("SELECT token_hash, expires_ms FROM credentials WHERE terminal = ?", [.number(terminal)]) { row in
            // A digest compares in constant time, so that a token cannot be found out byte by byte.
            guard shown == (try row.blob(0)) else { return }
            standing = row.isNull(1) ? .current : try row.integer(1) > now ? .current : .expired
        }
        return standing
    }

    /// Gives a terminal a credential; whatever it had before runs out.
    func giveCredential(_ hash: [UInt8], to terminal: UInt16, expires: Int64?, now: Int64) throws {
        try execute(
            """
            UPDATE credentials SET expires_ms = ?
            WHERE terminal = ? AND token_hash <> ? AND (expires_ms IS NULL OR expires_ms > ?)
            """, [.integer(now), .number(terminal), .blob(hash), .integer(now)])
        try execute(
            """
            INSERT INTO credentials (terminal, token_hash, issued_ms, expires_ms) VALUES (?, ?, ?, ?)
            ON CONFLICT (terminal, token_hash) DO UPDATE SET expires_ms = excluded.expires_ms
            """, [.number(terminal), .blob(hash), .integer(now), .number(expires)])
    }
}
