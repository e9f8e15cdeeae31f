import LedgerProtocol

/// Decides whether the card on a reader may be activated.
enum PermitDesk {
    /// The decision, and the language in which to tell it: a refusal is what a holder most needs to understand.
    static func decide(
        holder: HolderHash, uid: [UInt8], now: Int64, in transaction: any LedgerTransaction
    ) throws -> PermitAnswer {
        guard let account = try transaction.holderAccount(of: holder), account.isOpen else {
            return PermitAnswer(decision: .noAccount)
        }
        var answer = try decide(account, uid, now, in: transaction)
        answer.language = account.language
        return answer
    }

    private static func decide(
        _ account: HolderAccount, _ uid: [UInt8], _ now: Int64, in transaction: any LedgerTransaction
    ) throws -> PermitAnswer {
        if account.isReportedLost { return PermitAnswer(decision: .reportedLost) }
        let card = try transaction.activeCard(account: account.number)
        let sameCard = try transaction.card(uid: uid)
        // A card that is active for somebody else carries a holder number that it should not: no activation either.
        guard card?.uid ?? uid == uid, sameCard?.account ?? account.number == account.number else {
            return PermitAnswer(decision: .activeElsewhere)
        }
        // It was replaced by another one: whoever has found it must not get it to work.
        if let sameCard, !sameCard.isActive { return PermitAnswer(decision: .reportedLost) }
        // A card that is active already is confirmed for ever.
        if card == nil, try !transaction.isActivationOpen(account: account.number, now: now) {
            return PermitAnswer(decision: .activationClosed)
        }
        return PermitAnswer(
            decision: card == nil ? .granted : .alreadyActive, account: UInt64(account.number),
            cardSerial: account.cardSerial, balance: account.balance)
    }
}
