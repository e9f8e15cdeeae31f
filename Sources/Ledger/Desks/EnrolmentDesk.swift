import Crypto
import LedgerProtocol
import Platform

/// Gives a terminal that shows its enrolment token what it needs to begin, and takes note of its credential.
///
/// The terminal made the secret itself and stored it first; only its hash travels. So the answer may get lost: the same
/// token with the same hash is answered again, with another hash never.
struct EnrolmentDesk {
    let keys: LedgerKeys

    func enrol(_ request: EnrolRequest, in transaction: any LedgerTransaction, now: Int64) throws -> EnrolAnswer {
        guard let credential = [UInt8](hex: request.credentialHash), credential.count == 32 else {
            throw LedgerRefused.malformed("credentialHash: expected 32 bytes in hexadecimal")
        }
        guard let terminal = try transaction.terminal(request.terminal),
            let invitation = try transaction.invitation(request.enrolmentToken, of: request.terminal)
        else {
            // Whether the terminal or the token is unknown is nobody's business.
            throw LedgerRefused.denied
        }
        guard let used = invitation.credential else {
            guard invitation.expires > now else { throw LedgerRefused.invitationExpired }
            try accept(invitation, credential, of: terminal, in: transaction, now: now)
            return try answer(terminal, credential, in: transaction)
        }
        guard used == credential else { throw LedgerRefused.enrolled }
        return try answer(terminal, credential, in: transaction, unlessExpired: now)
    }

    private func accept(
        _ invitation: Invitation, _ credential: [UInt8], of terminal: RegisteredTerminal,
        in transaction: any LedgerTransaction, now: Int64
    ) throws {
        try transaction.execute(
            "UPDATE enrolments SET credential_hash = ? WHERE token_hash = ?",
            [.blob(credential), .blob(invitation.hash)])
        let expires = invitation.credentialDays.map { now + $0 * 86_400_000 }
        try transaction.giveCredential(credential, to: terminal.number, expires: expires, now: now)
        try transaction.audit(
            "terminal \(terminal.number)", "terminal enrol", "terminal \(terminal.number)",
            invitation.credentialDays.map { "for \($0) days" } ?? "for ever", now: now)
    }

    /// - Parameter now: when given, the credential must still be good: a later one has replaced it otherwise.
    private func answer(
        _ terminal: RegisteredTerminal, _ credential: [UInt8], in transaction: any LedgerTransaction,
        unlessExpired now: Int64? = nil
    ) throws -> EnrolAnswer {
        let row = try transaction.first(
            "SELECT expires_ms FROM credentials WHERE terminal = ? AND token_hash = ?",
            [.number(terminal.number), .blob(credential)])
        guard let row else { throw LedgerRefused.expired }
        let expires = row.isNull(0) ? nil : try row.integer(0)
        if let now, let expires, expires <= now { throw LedgerRefused.expired }
        return EnrolAnswer(
            terminal: terminal.number, name: terminal.name, journalKey: terminal.journalKeyBytes.hex(),
            journalEpoch: try transaction.newestEpoch(of: terminal.number) ?? 1,
            rosterKey: keys.rosterKey.revealed.hex(), publicKey: keys.publicKeyHex, expiresMilliseconds: expires)
    }
}

/// An enrolment token that was given out, as the books know it.
struct Invitation {
    let hash: [UInt8]
    let expires: Int64
    /// How long the credential is to be good, in days; `nil`: for ever.
    let credentialDays: Int64?
    /// The credential that it was used for.
    let credential: [UInt8]?
}

extension LedgerTransaction {
    func invitation(_ typed: String, of terminal: UInt16) throws -> Invitation? {
        let shown = EnrolmentToken.hash(of: typed)
        var found: Invitation?
        try forEach(
            """
            SELECT token_hash, expires_ms, credential_days, credential_hash FROM enrolments
            WHERE terminal = ? ORDER BY token_hash\(forUpdate)
            """, [.number(terminal)]
        ) { row in
            let hash = try row.blob(0)
            // A digest compares in constant time.
            guard shown == hash else { return }
            found = Invitation(
                hash: hash, expires: try row.integer(1), credentialDays: row.isNull(2) ? nil : try row.integer(2),
                credential: row.isNull(3) ? nil : try row.blob(3))
        }
        return found
    }

    /// The newest epoch that a terminal may write in.
    func newestEpoch(of terminal: UInt16) throws -> UInt32? {
        let row = try first("SELECT max(epoch) FROM epochs WHERE terminal = ?", [.number(terminal)])
        guard let row, !row.isNull(0) else { return nil }
        return try row.number(0)
    }
}
