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
        guard try guesses.accept(known, of: number, action: .verifyPin) else { throw LedgerRefused.pin }
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

extension AccountDesk {
    private var guesses: PinGuesses {
        PinGuesses(store: store, key: keys.pinKey, time: time, actor: caller.name, work: pinWork)
    }

    /// Returns the verifier that `pin` has matched.
    private func prove(_ pin: Pin, of account: Int64, action: AccountAction) throws -> [UInt8] {
        switch try guesses.judge(pin, of: account, action: action) {
        case .right(let verifier): return verifier
        case .wrong: throw LedgerRefused.pin
        case .locked(let until): throw LedgerRefused.pinLocked(until: until, now: time.wallMilliseconds())
        }
    }
}
