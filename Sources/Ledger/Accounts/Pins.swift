import LedgerProtocol
import Platform

/// The six digits of a holder: set, changed, verified, and set anew at the counter.
extension AccountDesk {
    /// Gives an account its first PIN where opening it gave none.
    ///
    /// - Throws: ``LedgerRefused``, also when there is one.
    public func setPin(account: Int64, to pin: String) throws {
        try give(.setPin, account, pin, condition: "pin_verifier IS NULL", otherwise: .pinSet)
    }

    /// Replaces the PIN by one that the holder has chosen at the counter, whatever the old one was; a lock ends.
    ///
    /// The initial rule cannot be gone back to: what it was made from is wiped when the account is opened.
    ///
    /// - Throws: ``LedgerRefused``.
    public func resetPin(account: Int64, to pin: String) throws {
        try give(.resetPin, account, pin, condition: "1 = 1", otherwise: .noAccount(account))
    }

    /// Replaces the PIN for whoever knows the old one.
    ///
    /// - Throws: ``LedgerRefused``.
    public func changePin(account: Int64, from old: String, to new: String) throws {
        let number = try checkedForPin(.changePin, account)
        let (oldPin, newPin) = (try Pin(old), try Pin(new))
        let known = try prove(oldPin, of: number, action: .changePin)
        let salt = PinVerifier.newSalt()
        let verifier = try PinVerifier.make(newPin, salt: salt, account: number, key: keys.pinKey, work: pinWork)
        try perform(.changePin, subject: "\(number)") { transaction, _ in
            let changed = try transaction.execute(
                Self.givePin + " AND pin_verifier = ?",
                [.blob(salt), .blob(verifier), .integer(number), .blob(known)])
            guard changed == 1 else { throw LedgerRefused.pin }
        }
    }

    /// Whether `pin` is the account's; it returns if so.
    ///
    /// A wrong one and an account that is not there are refused alike and after the same work.
    ///
    /// - Throws: ``LedgerRefused``.
    public func verifyPin(account: Int64, _ pin: String) throws {
        let number = try checkedForPin(.verifyPin, account)
        let pin = try Pin(pin)
        let known = try prove(pin, of: number, action: .verifyPin)
        try perform(.verifyPin, subject: "\(number)") { transaction, _ in
            let changed = try transaction.execute(
                """
                UPDATE accounts SET pin_failures = 0, pin_locked_until_ms = NULL WHERE number = ? AND pin_verifier = ?
                """, [.integer(number), .blob(known)])
            guard changed == 1 else { throw LedgerRefused.pin }
        }
    }

    private func checkedForPin(_ action: AccountAction, _ account: Int64) throws -> Int64 {
        try authorize(action, subject: "\(account)")
        return try Input.account(account)
    }

    private static let givePin = """
        UPDATE accounts SET pin_salt = ?, pin_verifier = ?, pin_failures = 0, pin_locked_until_ms = NULL
        WHERE number = ? AND kind = 'holder' AND status = 'open'
        """

    private func give(
        _ action: AccountAction, _ account: Int64, _ pin: String, condition: String, otherwise: LedgerRefused
    ) throws {
        let number = try checkedForPin(action, account)
        let salt = PinVerifier.newSalt()
        let verifier = try PinVerifier.make(
            try Pin(pin), salt: salt, account: number, key: keys.pinKey, work: pinWork)
        try perform(action, subject: "\(number)") { transaction, _ in
            _ = try transaction.lockedAccount(number)
            let changed = try transaction.execute(
                Self.givePin + " AND \(condition)", [.blob(salt), .blob(verifier), .integer(number)])
            guard changed == 1 else { throw otherwise }
        }
    }
}

// MARK: Guesses

extension AccountDesk {
    /// What is known before a guess is looked at.
    private enum Guess {
        case nothingToCompare
        case locked(until: Int64)
        case comparable(salt: [UInt8], verifier: [UInt8])
    }

    /// Returns the verifier that `pin` has matched.
    ///
    /// The guess counts as wrong before it is compared, in a transaction of its own: so however many are made at once, at however
    /// many instances, none of them is free, and the slow comparison holds no row of the books.
    private func prove(_ pin: Pin, of account: Int64, action: AccountAction) throws -> [UInt8] {
        let now = time.wallMilliseconds()
        switch try store.write({ try count(account, now: now, in: $0) }) {
        case .locked(let until):
            try noteWrong(action, account, "locked")
            throw LedgerRefused.pinLocked(until: until, now: now)
        case .comparable(let salt, let verifier):
            if try PinVerifier.matches(pin, verifier, salt: salt, account: account, key: keys.pinKey) {
                return verifier
            }
        case .nothingToCompare:
            _ = try PinVerifier.make(
                pin, salt: [UInt8](repeating: 0, count: PinVerifier.saltSize), account: account, key: keys.pinKey,
                work: pinWork)
        }
        try noteWrong(action, account, "wrong")
        throw LedgerRefused.pin
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
        try store.write { try $0.audit(caller, action.rawValue, "\(account)", what, now: now) }
    }
}
