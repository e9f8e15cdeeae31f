import LedgerProtocol
import Platform

/// Guesses at holders' PINs, through whoever brings them.
struct PinGuesses {
    let store: any LedgerStore
    let key: PinKey
    let time: any TimeSource
    /// Who brings them, as the audit names it.
    let actor: String
    /// What a guess costs where there is nothing to compare it with; see ``PinVerifier``.
    var work = PinVerifier.standardWork

    /// What came of a guess.
    enum Verdict {
        /// It matched this verifier; until ``accept(_:of:action:)`` it counts as wrong.
        case right(verifier: [UInt8])
        /// It did not, or there is nothing to compare it with: which of the two is not told.
        case wrong
        /// Too many were wrong: none is looked at before then, in milliseconds since 1970-01-01 UTC.
        case locked(until: Int64)
    }

    /// Judges one guess.
    ///
    /// It counts as wrong before it is compared, in a transaction of its own: so however many are made at once, at however
    /// many instances, none of them is free, and the slow comparison holds no row of the books.
    func judge(_ pin: Pin, of account: Int64, action: AccountAction) throws -> Verdict {
        let now = time.wallMilliseconds()
        switch try store.write({ try count(account, now: now, in: $0) }) {
        case .locked(let until):
            try noteWrong(action, account, "locked")
            return .locked(until: until)
        case .comparable(let salt, let verifier):
            if try PinVerifier.matches(pin, verifier, salt: salt, account: account, key: key) {
                return .right(verifier: verifier)
            }
        case .nothingToCompare:
            _ = try PinVerifier.make(
                pin, salt: [UInt8](repeating: 0, count: PinVerifier.saltSize), account: account, key: key, work: work)
        }
        try noteWrong(action, account, "wrong")
        return .wrong
    }

    /// Ends the row of wrong ones after a right one; `false` when the PIN was changed meanwhile, so that it is none.
    func accept(_ verifier: [UInt8], of account: Int64, action: AccountAction) throws -> Bool {
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            let changed = try transaction.execute(
                """
                UPDATE accounts SET pin_failures = 0, pin_locked_until_ms = NULL WHERE number = ? AND pin_verifier = ?
                """, [.integer(account), .blob(verifier)])
            try transaction.audit(actor, action.rawValue, "\(account)", changed == 1 ? "" : "wrong", now: now)
            return changed == 1
        }
    }

    /// What is known before a guess is looked at.
    private enum Guess {
        case nothingToCompare
        case locked(until: Int64)
        case comparable(salt: [UInt8], verifier: [UInt8])
    }

    private func count(_ account: Int64, now: Int64, in transaction: any LedgerTransaction) throws -> Guess {
        let row = try transaction.first(
            """
            SELECT pin_salt, pin_verifier, pin_failures, pin_locked_until_ms FROM accounts
            WHERE number = ? AND kind = 'holder' AND status = 'open'\(transaction.forUpdate)
            """, [.integer(account)])
        guard let row, !row.isNull(0), !row.isNull(1) else { return .nothingToCompare }
        if !row.isNull(3), try row.integer(3) > now { return .locked(until: try row.integer(3)) }
        let failures = try row.integer(2) + 1
        try transaction.execute(
            "UPDATE accounts SET pin_failures = ?, pin_locked_until_ms = ? WHERE number = ?",
            [.integer(failures), .number(PinLock.duration(after: failures).map { now + $0 }), .integer(account)])
        return .comparable(salt: try row.blob(0), verifier: try row.blob(1))
    }

    private func noteWrong(_ action: AccountAction, _ account: Int64, _ what: String) throws {
        let now = time.wallMilliseconds()
        try store.write { try $0.audit(actor, action.rawValue, "\(account)", what, now: now) }
    }
}
