import LedgerProtocol

/// Why a card is replaced.
public enum ReplacementReason: String, CaseIterable, Codable, Sendable {
    /// The holder has lost it.
    case lost
    /// It works no more.
    case broken
    /// The activation has spoilt it, says the clerk: free.
    case spoilt
}

/// A new card for an account: the old one is out of use for ever, the next one to be laid on a kiosk is the account's.
extension AccountDesk {
    /// What a card costs, in fen: ¥10.
    public static let cardFee: Int64 = 1_000

    /// Replaces the card.
    ///
    /// It costs ``cardFee`` from the balance, unless the activation has spoilt the old one: the clerk says so, or a terminal has
    /// reported that the chip took no more data. A report of loss ends with the card that it was about.
    ///
    /// - Parameters:
    ///   - cardSerial: which card is to be replaced, as ``AccountView/cardSerial`` says: of two clerks at once, the second hears
    ///     that it has happened.
    ///   - reference: the client's own, 1 to 64 characters, kept for ever.
    /// - Throws: ``LedgerRefused``.
    public func replaceCard(
        account: Int64, cardSerial: UInt32, reason: ReplacementReason, reference: String
    ) throws -> MoneyReceipt {
        try request(
            .replaceCard, account: account, reference: reference, content: ["\(cardSerial)", reason.rawValue]
        ) { transaction, account, now in
            guard account.cardSerial == cardSerial else { throw LedgerRefused.serial(account.cardSerial) }
            guard cardSerial < UInt32.max else { throw LedgerRefused.malformed("cardSerial: no number is left") }
            let card = try transaction.activeCard(account: account.number)
            // A chip that was refused once and taken later is no spoilt one.
            let isFree = try reason == .spoilt || card == nil && transaction.hasSpoiltCard(account)
            var after = account
            var fee: Transfer?
            if !isFree { (fee, after) = try transaction.chargeFee(account, now: now) }
            try transaction.setLost(false, account, key: keys.rosterKey, now: now)
            if let card { try transaction.retire(card, of: account, reason, key: keys.rosterKey, now: now) }
            if reason == .lost { try transaction.listUnfinished(account, key: keys.rosterKey, now: now) }
            try transaction.execute(
                "UPDATE accounts SET card_serial = ?, roster_version = 0 WHERE number = ?",
                [.number(cardSerial + 1), .integer(account.number)])
            after.cardSerial = cardSerial + 1
            return (fee, after)
        }
    }
}

extension LedgerTransaction {
    /// Whether a terminal has reported that the account's present card takes no more data.
    fileprivate func hasSpoiltCard(_ account: HolderAccount) throws -> Bool {
        try first(
            "SELECT 1 FROM outcomes WHERE account = ? AND serial = ? AND effect = 'chip-defective' LIMIT 1",
            [.integer(account.number), .number(account.cardSerial)]) != nil
    }

    fileprivate func chargeFee(_ account: HolderAccount, now: Int64) throws -> (Transfer, HolderAccount) {
        guard account.balance >= AccountDesk.cardFee else { throw LedgerRefused.balance(AccountDesk.cardFee) }
        return try charge(
            AccountDesk.cardFee, to: account, for: SystemAccount.cardFees,
            id: "card-fee:\(account.number):\(account.cardSerial)", kind: "card-fee", reason: "a new card", now: now)
    }

    /// A lost card whose activation was begun may be active already, at a terminal whose records are still on their way.
    fileprivate func listUnfinished(_ account: HolderAccount, key: RosterKey, now: Int64) throws {
        let begun = try rows(
            """
            SELECT uid FROM intents WHERE account = ? AND serial = ? AND state <> 'activated'
            UNION SELECT uid FROM outcomes WHERE account = ? AND serial = ? AND effect NOT IN ('activated', 'confirmed')
            """,
            [
                .integer(account.number), .number(account.cardSerial), .integer(account.number),
                .number(account.cardSerial),
            ])
        for row in begun {
            try list(
                CardTag(uid: try row.blob(0), key: key), isListed: true, account: account.number, reason: "replaced",
                now: now)
        }
    }

    /// Whoever finds the card must not find it working: it stays on the hotlist, and what it is used for from now on waits
    /// in suspense. What it was used for before the loss is the holder's still.
    fileprivate func retire(
        _ card: KnownCard, of account: HolderAccount, _ reason: ReplacementReason, key: RosterKey, now: Int64
    ) throws {
        try execute(
            "UPDATE cards SET status = 'retired', retired_ms = ?, retired_why = ? WHERE uid = ?",
            [.integer(account.lost ?? now), .text(reason.rawValue), .blob(card.uid)])
        try list(
            CardTag(uid: card.uid, key: key), isListed: true, account: account.number, reason: "replaced", now: now)
    }
}
