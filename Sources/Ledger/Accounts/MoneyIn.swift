import LedgerProtocol
import Platform

/// Money that comes to a holder: top-ups, what is left of an old balance, the small purse of the old card.
extension AccountDesk {
    /// The most that one top-up brings, in fen: ¥10,000, more than anybody needs at a canteen, and a bound to typing errors.
    public static let topUpLimit: Int64 = 1_000_000

    /// Money that the holder has paid in.
    ///
    /// An account that is reported lost takes it all the same: what is lost is the card, not the money.
    ///
    /// - Parameters:
    ///   - fen: 1...``topUpLimit``.
    ///   - reference: the client's own, 1 to 64 characters, kept for ever.
    /// - Throws: ``LedgerRefused``.
    public func topUp(account: Int64, fen: Int64, reference: String) throws -> MoneyReceipt {
        try request(.topUp, account: account, reference: reference, content: ["\(fen)"]) { transaction, account, now in
            try transaction.credit(
                try Input.fen(fen, upTo: Self.topUpLimit), to: account, from: SystemAccount.topUps,
                id: Self.topUpTransfer(reference), kind: "top-up", reason: "top-up", now: now)
        }
    }

    /// Takes a top-up back whose money did not come, or went back.
    ///
    /// It is done whatever the balance, and what that does not cover is owed: outside, the money has gone back already,
    /// and books that refused to say so would be wrong by it.
    ///
    /// - Throws: ``LedgerRefused``.
    public func reverseTopUp(account: Int64, of topUp: String, reference: String) throws -> MoneyReceipt {
        try request(.reverse, account: account, reference: reference, content: [topUp]) { transaction, account, now in
            let original = Self.topUpTransfer(try Input.reference(topUp))
            guard let fen = try transaction.topUpFen(original, account: account.number) else {
                throw LedgerRefused.noTopUp
            }
            if try transaction.first("SELECT 1 FROM transfers WHERE reverses = ?", [.text(original)]) != nil {
                throw LedgerRefused.reversed
            }
            return try transaction.charge(
                fen, to: account, for: SystemAccount.topUps, id: "top-up-reversal:\(reference)",
                kind: "top-up-reversal", reason: "top-up taken back", reverses: original, now: now)
        }
    }

    /// A part of what a student still has in the old system.
    ///
    /// The clerk has taken it off there; what stays keeps working for hot water and electricity.
    ///
    /// - Throws: ``LedgerRefused``; staff, whose balances were carried over whole, are refused.
    public func moveOldBalance(account: Int64, fen: Int64, reference: String) throws -> MoneyReceipt {
        try request(
            .oldBalance, account: account, reference: reference, content: ["\(fen)"]
        ) { transaction, account, now in
            let category = try transaction.first(
                "SELECT category FROM accounts WHERE number = ?", [.integer(account.number)])
            if try category?.text(0) == "staff" { throw LedgerRefused.staffBalance }
            return try transaction.credit(
                try Input.fen(fen, upTo: Self.topUpLimit), to: account, from: SystemAccount.oldBalances,
                id: "old-balance:\(reference)", kind: "old-balance", reason: "part of the old balance", now: now)
        }
    }

    /// The small purse (小钱包) of an old card that no terminal could pay, as the card centre's reader shows it.
    ///
    /// The transfer has the name that a terminal's report of the same card would give it, so that it is paid once,
    /// whoever comes first.
    ///
    /// - Parameter uid: the card's UID: 4, 7 or 10 bytes.
    /// - Throws: ``LedgerRefused``.
    public func registerSmallPurse(
        account: Int64, uid: [UInt8], fen: Int64, reference: String
    ) throws -> MoneyReceipt {
        try request(
            .smallPurse, account: account, reference: reference, content: [uid.hex(), "\(fen)"]
        ) { transaction, account, now in
            guard [4, 7, 10].contains(uid.count) else {
                throw LedgerRefused.malformed("uid: expected 4, 7 or 10 bytes in hexadecimal")
            }
            let fen = try Input.fen(fen, upTo: ActivationPosting.purseLimit)
            if let card = try transaction.card(uid: uid), card.account != account.number {
                throw LedgerRefused.foreignCard
            }
            let id = ActivationPosting.purseTransfer(uid: uid, account: UInt64(account.number))
            if try transaction.hasTransfer(id) { throw LedgerRefused.pursePaid }
            return try transaction.credit(
                fen, to: account, from: SystemAccount.smallPurses, id: id, kind: "small-purse",
                reason: "small purse of the old card, registered by the card centre", now: now)
        }
    }

    private static func topUpTransfer(_ reference: String) -> String { "top-up:\(reference)" }
}

extension LedgerTransaction {
    /// What a top-up has brought to an account, in fen.
    fileprivate func topUpFen(_ transfer: String, account: Int64) throws -> Int64? {
        let row = try first(
            """
            SELECT p.fen FROM requests r JOIN postings p ON p.transfer = r.transfer AND p.account = ?
            WHERE r.transfer = ? AND r.account = ?
            """, [.integer(SystemAccount.topUps), .text(transfer), .integer(account)])
        return try row.map { -(try $0.integer(0)) }
    }
}
