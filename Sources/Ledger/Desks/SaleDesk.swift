import LedgerProtocol
import Platform

/// Says what the ledger thinks of a sale that a terminal is about to make; it moves nothing and holds nothing.
enum SaleDesk {
    static func decide(_ request: SaleRequest, in transaction: any LedgerTransaction) throws -> SaleAnswer {
        guard let number = Int64(exactly: request.account), let account = try transaction.holderAccount(number) else {
            return SaleAnswer(decision: .unknownAccount)
        }
        var answer = try decide(request, account, in: transaction)
        answer.language = account.language
        return answer
    }

    private static func decide(
        _ request: SaleRequest, _ account: HolderAccount, in transaction: any LedgerTransaction
    ) throws -> SaleAnswer {
        if !account.isOpen { return SaleAnswer(decision: .closed) }
        if account.isReportedLost { return SaleAnswer(decision: .reportedLost) }
        if request.medium == .card, try !isCard(of: account, request, in: transaction) {
            return SaleAnswer(decision: .wrongCard)
        }
        let payment = Payment(of: Int64(request.amountFen), from: account, isMeal: true)
        var answer = SaleAnswer(
            decision: payment.debt == 0 ? .approved : .insufficient, balanceFen: account.balance,
            subsidyFen: payment.subsidy, isSequenceUsed: try isSequenceUsed(request, account.number, in: transaction))
        if let start = [request.dayStartMilliseconds, request.mealStartMilliseconds].compactMap(\.self).min() {
            let spent = try SpentSince(start, account, in: transaction)
            answer.spentTodayFen = request.dayStartMilliseconds.map(spent.fen(since:))
            answer.spentMealFen = request.mealStartMilliseconds.map(spent.fen(since:))
        }
        return answer
    }

    private static func isCard(
        of account: HolderAccount, _ request: SaleRequest, in transaction: any LedgerTransaction
    ) throws -> Bool {
        guard let uid = request.uid.flatMap({ [UInt8](hex: $0) }), (4...10).contains(uid.count) else {
            throw LedgerRefused.malformed("uid: expected 4 to 10 bytes in hexadecimal")
        }
        guard let card = try transaction.card(uid: uid) else {
            // Activated at a kiosk whose records are still on their way, as the posting of its sales takes it too.
            return try request.cardSerial == account.cardSerial
                && transaction.activeCard(account: account.number) == nil
        }
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

extension SaleDesk {
    /// What is said of a sale after the holder's PIN was looked at.
    ///
    /// A guess is looked at only where the sale may come to be: what is refused anyway costs no guess and tells nothing.
    static func answer(
        _ advice: SaleAnswer, _ pin: Pin, of account: Int64, _ guesses: PinGuesses
    ) throws -> SaleAnswer {
        guard advice.decision == .approved || advice.decision == .insufficient else { return advice }
        switch try guesses.judge(pin, of: account, action: .verifyPin) {
        case .right(let verifier):
            guard try guesses.accept(verifier, of: account, action: .verifyPin) else { break }
            var answer = advice
            answer.pinAccepted = true
            return answer
        case .wrong: break
        case .locked(let until):
            return SaleAnswer(
                decision: .pinLocked, pinAccepted: false, pinLockedUntilMilliseconds: until, language: advice.language)
        }
        return SaleAnswer(decision: .wrongPin, pinAccepted: false, language: advice.language)
    }
}

/// What an account has spent at canteens since a moment, as far as terminals have told.
///
/// A day's limit goes by it, so it looks at a day: the newest uses of the present card and whatever was bought without
/// one since. What was taken back or given back counts against it.
private struct SpentSince {
    private var movements: [(made: Int64, fen: Int64)] = []

    /// Uses of one card that are looked at: more than anybody eats in a day.
    private static let newest = 64

    init(_ start: Int64, _ account: HolderAccount, in transaction: any LedgerTransaction) throws {
        let moved = """
            LEFT JOIN postings p ON p.transfer = 'sale:' || s.terminal || '/' || s.epoch || '/' || s.sequence
                AND p.account = \(SystemAccount.sales)
            """
        try add(
            """
            SELECT s.made_ms, coalesce(p.fen, 0) FROM (
                SELECT terminal, epoch, sequence, made_ms, effect FROM sales WHERE account = ? AND serial = ? AND medium = 1
                ORDER BY card_sequence DESC LIMIT \(Self.newest)
            ) s \(moved) WHERE s.made_ms >= ? AND s.effect <> 'suspense'
            """, [.integer(account.number), .number(account.cardSerial), .integer(start)], transaction)
        try add(
            """
            SELECT s.made_ms, coalesce(p.fen, 0) FROM sales s \(moved)
            WHERE s.account = ? AND s.medium <> 1 AND s.made_ms >= ? AND s.effect <> 'suspense'
            """, [.integer(account.number), .integer(start)], transaction)
        guard account.doubts > 0 else { return }
        try add(
            """
            SELECT s.made_ms, s.fen FROM doubts d
            JOIN sales s ON s.terminal = d.terminal AND s.epoch = d.epoch AND s.sequence = d.sequence
            WHERE d.account = ? AND d.state IN ('used', 'charged') AND s.made_ms >= ?
            """, [.integer(account.number), .integer(start)], transaction)
    }

    private mutating func add(_ sql: String, _ values: [SQLValue], _ transaction: any LedgerTransaction) throws {
        for row in try transaction.rows(sql, values) { movements.append((try row.integer(0), try row.integer(1))) }
    }

    func fen(since start: Int64) -> Int64 {
        max(0, movements.reduce(0) { $0 + ($1.made >= start ? $1.fen : 0) })
    }
}
