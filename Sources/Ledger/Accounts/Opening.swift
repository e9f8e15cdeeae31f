import LedgerProtocol
import Platform

/// Opening an account: what the holder does first in the app, and a kiosk then goes by.
extension AccountDesk {
    /// Opens the account of a registered holder, or finds the one that is open already.
    ///
    /// The initial PIN and, for staff, the balance of the old system come along.
    ///
    /// - Throws: ``LedgerRefused``: where number and name are not those of one person, it does not tell which is wrong.
    public func open(holderNumber: String, name: String) throws -> AccountView {
        try authorize(.open, subject: "")
        let holder = holder(try Input.holderNumber(holderNumber))
        let name = try Input.name(name)
        let initial = try store.read { try $0.initialPin(of: holder, name: name) }
        // scrypt takes its time: not inside the transaction.
        let pin = try initial.map { sealed in try initialVerifier(keys.pinKey.open(sealed, of: holder)) }
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            let number = try transaction.openAccount(of: holder, name: name, now: now)
            if let pin { try give(pin, to: number, of: holder, in: transaction) }
            try transaction.audit(
                caller, AccountAction.open.rawValue, "\(number)", "holder \(holder.bytes.hex())", now: now)
            return try transaction.view(number)
        }
    }

    /// The account's number is part of a verifier, and not known before the account is there: so the slow part is made first.
    private func initialVerifier(_ pin: Pin) throws -> (salt: [UInt8], derived: PinVerifier.Derived) {
        let salt = PinVerifier.newSalt()
        return (salt, try PinVerifier.derive(pin, salt: salt, work: pinWork))
    }

    private func give(
        _ pin: (salt: [UInt8], derived: PinVerifier.Derived), to number: Int64, of holder: HolderHash,
        in transaction: any LedgerTransaction
    ) throws {
        try transaction.execute(
            """
            UPDATE accounts SET pin_salt = ?, pin_verifier = ?, pin_failures = 0, pin_locked_until_ms = NULL
            WHERE number = ? AND pin_verifier IS NULL
            """,
            [.blob(pin.salt), .blob(pin.derived.verifier(account: number, key: keys.pinKey)), .integer(number)])
        try transaction.execute("UPDATE people SET initial_pin = NULL WHERE holder = ?", [.blob(holder.bytes)])
    }
}

extension LedgerTransaction {
    /// The sealed initial PIN of a registered holder, as long as it is needed.
    ///
    /// - Throws: ``LedgerRefused`` unless somebody of this number and name is known.
    fileprivate func initialPin(of holder: HolderHash, name: String) throws -> [UInt8]? {
        if let person = try first("SELECT name, initial_pin FROM people WHERE holder = ?", [.blob(holder.bytes)]) {
            guard try person.text(0) == name else { throw LedgerRefused.noPerson }
            return person.isNull(1) ? nil : try person.blob(1)
        }
        // Accounts that a campus file opened may stand in no register.
        let account = try first("SELECT name FROM accounts WHERE holder = ?", [.blob(holder.bytes)])
        guard let account, try account.text(0) == name else { throw LedgerRefused.noPerson }
        return nil
    }

    /// The number of the holder's account, opened now if there was none.
    fileprivate func openAccount(of holder: HolderHash, name: String, now: Int64) throws -> Int64 {
        let person = try first(
            "SELECT name, category, opening_fen FROM people WHERE holder = ?\(forUpdate)", [.blob(holder.bytes)])
        if let person, try person.text(0) != name { throw LedgerRefused.noPerson }
        if let account = try holderAccount(of: holder) {
            guard account.isOpen else { throw LedgerRefused.closed(account.number) }
            return account.number
        }
        guard let person else { throw LedgerRefused.noPerson }
        return try addAccount(
            of: holder, name: name, category: try person.text(1), openingFen: try person.integer(2), now: now)
    }

    /// Adds an account; its number follows the highest one: opening is rare enough to look for that.
    func addAccount(
        of holder: HolderHash, name: String, category: String, openingFen: Int64, now: Int64
    ) throws -> Int64 {
        let highest = try integer("SELECT coalesce(max(number), 0) FROM accounts")
        let number = max(highest + 1, SystemAccount.firstHolder)
        try execute(
            """
            INSERT INTO accounts
                (number, kind, category, holder, name, status, opened_ms, card_serial, balance_fen)
            VALUES (?, 'holder', ?, ?, ?, 'open', ?, 1, 0)
            """,
            [.integer(number), .text(category), .blob(holder.bytes), .text(name), .integer(now)])
        // A terminal may have told of sales in doubt before the ledger knew whose they are.
        try execute(
            "UPDATE accounts SET doubts = (SELECT count(*) FROM doubts WHERE account = ?) WHERE number = ?",
            [.integer(number), .integer(number)])
        if openingFen > 0 { try carryOver(openingFen, to: number, owing: 0, now: now) }
        return number
    }

    static func openingTransfer(_ account: Int64) -> String { "opening:\(account)" }

    /// The balance that the old system had, once.
    func carryOver(_ fen: Int64, to account: Int64, owing debt: Int64, now: Int64) throws {
        let credit = Credit(of: fen, owing: debt)
        try post(
            Transfer(
                id: Self.openingTransfer(account), kind: "opening", source: nil,
                reason: "balance carried over from the old system",
                lines: [.init(account: SystemAccount.openingBalances, fen: -fen)]
                    + credit.lines(creditingTo: account)),
            now: now)
        if credit.debt > 0 {
            try execute(
                "UPDATE accounts SET debt_fen = debt_fen - ? WHERE number = ?",
                [.integer(credit.debt), .integer(account)])
        }
    }
}
