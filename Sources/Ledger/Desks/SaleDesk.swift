import LedgerProtocol
import Platform

/// Says what the ledger thinks of a sale that a terminal is about to make; it changes nothing and holds nothing.
enum SaleDesk {
    static func decide(_ request: SaleRequest, in transaction: any LedgerTransaction) throws -> SaleAnswer {
        guard let number = Int64(exactly: request.account), let account = try transaction.holderAccount(number) else {
            return SaleAnswer(decision: .unknownAccount)
        }
        if !account.isOpen { return SaleAnswer(decision: .closed) }
        if account.isReportedLost { return SaleAnswer(decision: .reportedLost) }
        if request.medium == .card, try !isCard(of: account, request, in: transaction) {
            return SaleAnswer(decision: .wrongCard)
        }
        return SaleAnswer(
            decision: account.balance >= Int64(request.amountFen) ? .approved : .insufficient,
            balanceFen: account.balance, isSequenceUsed: try isSequenceUsed(request, number, in: transaction))
    }

    private static func isCard(
        of account: HolderAccount, _ request: SaleRequest, in transaction: any LedgerTransaction
    ) throws -> Bool {
        guard let uid = request.uid.flatMap({ [UInt8](hex: $0) }), (4...10).contains(uid.count) else {
            throw LedgerRefused.malformed("uid: expected 4 to 10 bytes in hexadecimal")
        }
        guard let card = try transaction.card(uid: uid) else { return false }
        return card.account == account.number && card.isActive && card.serial == request.cardSerial
    }

    /// A sale that left in the middle, or did not happen, may have left the card at the same sequence.
    private static func isSequenceUsed(
        _ request: SaleRequest, _ account: Int64, in transaction: any LedgerTransaction
    ) throws -> Bool? {
        guard request.medium == .card, let sequence = request.cardSequence else { return nil }
        return try transaction.first(
            """
            SELECT 1 FROM sales WHERE account = ? AND serial = ? AND card_sequence = ?
                AND effect IN ('posted', 'voided', 'suspense') LIMIT 1
            """, [.integer(account), .number(request.cardSerial), .number(sequence)]) != nil
    }
}
