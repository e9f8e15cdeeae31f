/// What the account services refuse, each with its status, its code and one next step.
extension LedgerRefused {
    /// The token is not one of a role's, has run out or was revoked.
    static let noToken = LedgerRefused(401, "L-DENIED", "the token is missing, wrong, revoked or has run out")

    /// The role may not do this.
    static func role(_ role: Role, _ action: AccountAction) -> LedgerRefused {
        LedgerRefused(
            403, "L-ROLE",
            "\(role.rawValue) may not do \(action.rawValue): ask \(action.allowed.map(\.rawValue).sorted().joined(separator: " or "))"
        )
    }

    /// Number and name are not those of one person; which of the two is wrong is not told.
    static let noPerson = LedgerRefused(
        404, "L-NO-PERSON", "nobody of this number and name is registered: compare both with the campus register")

    /// There is no account of this number.
    static func noAccount(_ number: Int64) -> LedgerRefused {
        LedgerRefused(404, "L-NO-ACCOUNT", "there is no account \(number): look its number up by opening it again")
    }

    /// The account is closed.
    static func closed(_ number: Int64) -> LedgerRefused {
        LedgerRefused(409, "L-CLOSED", "account \(number) is closed: the card centre has to open it again")
    }

    /// The holder has reported the card lost.
    static func lost(_ number: Int64) -> LedgerRefused {
        LedgerRefused(409, "L-LOST", "account \(number) is reported lost: report it found first")
    }

    /// The reference was used for something else.
    static let reference = LedgerRefused(
        409, "L-REFERENCE", "this reference was used for another request: take a new one")

    /// The balance does not cover it.
    static func balance(_ needed: Int64) -> LedgerRefused {
        LedgerRefused(409, "L-BALANCE", "the balance does not cover \(needed) fen: top up first")
    }

    /// Another card is the account's by now.
    static func serial(_ now: UInt32) -> LedgerRefused {
        LedgerRefused(409, "L-SERIAL", "the account's card is number \(now) by now: look at the account again")
    }

    /// The small purse was paid, by a terminal or by a clerk.
    static let pursePaid = LedgerRefused(
        409, "L-PURSE-PAID", "the small purse of this card was paid before: the statement shows when")

    /// The card belongs to somebody else.
    static let foreignCard = LedgerRefused(
        409, "L-CARD", "this card is another account's: compare the card with its holder")

    /// Balances of staff were carried over whole.
    static let staffBalance = LedgerRefused(
        409, "L-STAFF", "balances of staff are carried over by import: nothing of them is left to be moved")

    /// There is no top-up of this reference on this account.
    static let noTopUp = LedgerRefused(
        404, "L-NO-TOP-UP", "this account has no top-up of this reference: look for it in the statement")

    /// The top-up was taken back before.
    static let reversed = LedgerRefused(
        409, "L-REVERSED", "this top-up was taken back before: the statement shows when")

    /// The PIN is wrong, or there is no such account; which of the two is not told.
    static let pin = LedgerRefused(403, "L-PIN", "wrong PIN: try again, or have it set anew at the card centre")

    /// Too many wrong PINs.
    static func pinLocked(until: Int64, now: Int64) -> LedgerRefused {
        let minutes = max(1, (until - now + 59_999) / 60_000)
        var refused = LedgerRefused(423, "L-PIN-LOCKED", "too many wrong PINs: try again in \(minutes) minutes")
        refused.retryAfterSeconds = Int(max(1, (until - now + 999) / 1_000))
        return refused
    }

    /// There is a PIN already.
    static let pinSet = LedgerRefused(409, "L-PIN-SET", "the account has a PIN: change it with the old one")

    /// There is no such record in suspense.
    static func noSuspense(_ name: RecordName) -> LedgerRefused {
        LedgerRefused(404, "L-NO-SUSPENSE", "record \(name) is not in suspense: see `yika-ledger suspense list`")
    }

    /// It was resolved before, otherwise.
    static func resolved(_ how: String) -> LedgerRefused {
        LedgerRefused(409, "L-RESOLVED", "this record was resolved before: \(how)")
    }

    /// The way does not fit what waits.
    static func resolution(_ message: String) -> LedgerRefused { LedgerRefused(409, "L-RESOLUTION", message) }
}
