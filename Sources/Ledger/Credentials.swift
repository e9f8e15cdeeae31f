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

/// What may be brought with a credential that has run out.
enum Credential {
    /// It must be good.
    case current
    /// It may have run out: records carry their own proof, and whoever may do nothing else any more still brings them.
    case evenExpired
}

/// A terminal that was let in.
struct AdmittedTerminal {
    let terminal: RegisteredTerminal
    /// When its credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
    let expires: Int64?
}

extension LedgerTransaction {
    func standing(of terminal: UInt16, token: String, now: Int64) throws -> TerminalStanding {
        try shown(token, by: terminal, now: now).standing
    }

    /// Lets a terminal in that is registered, shows what it was given, and is not frozen.
    ///
    /// - Throws: ``LedgerRefused``.
    func admit(
        _ number: UInt16, token: String, _ demanded: Credential = .current, now: Int64
    ) throws -> AdmittedTerminal {
        guard let terminal = try terminal(number) else { throw LedgerRefused.unknownTerminal(number) }
        let (standing, expires) = try shown(token, by: number, now: now)
        switch standing {
        case .current: break
        case .expired: if demanded == .current { throw LedgerRefused.expired }
        case .stranger: throw LedgerRefused.denied
        }
        if let reason = terminal.frozenReason { throw LedgerRefused.frozen(reason) }
        return AdmittedTerminal(terminal: terminal, expires: expires)
    }

    private func shown(
        _ token: String, by terminal: UInt16, now: Int64
    ) throws -> (standing: TerminalStanding, expires: Int64?) {
        let shown = SHA256.hash(data: Array(token.utf8))
        var answer: (TerminalStanding, Int64?) = (.stranger, nil)
        try forEach("SELECT token_hash, expires_ms FROM credentials WHERE terminal = ?", [.number(terminal)]) { row in
            // A digest compares in constant time, so that a token cannot be found out byte by byte.
            guard shown == (try row.blob(0)) else { return }
            let expires = row.isNull(1) ? nil : try row.integer(1)
            answer = (expires.map { $0 > now } ?? true ? .current : .expired, expires)
        }
        return answer
    }

    /// Gives a terminal a credential; whatever it had before runs out, at once or at `othersEnd`.
    func giveCredential(
        _ hash: [UInt8], to terminal: UInt16, expires: Int64?, othersEnd: Int64? = nil, now: Int64
    ) throws {
        let end = othersEnd ?? now
        try execute(
            """
            UPDATE credentials SET expires_ms = ?
            WHERE terminal = ? AND token_hash <> ? AND (expires_ms IS NULL OR expires_ms > ?)
            """, [.integer(end), .number(terminal), .blob(hash), .integer(end)])
        try execute(
            """
            INSERT INTO credentials (terminal, token_hash, issued_ms, expires_ms) VALUES (?, ?, ?, ?)
            ON CONFLICT (terminal, token_hash) DO UPDATE SET expires_ms = excluded.expires_ms
            """, [.number(terminal), .blob(hash), .integer(now), .number(expires)])
    }
}
