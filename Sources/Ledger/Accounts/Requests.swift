import Crypto
import FoundationEssentials
import LedgerProtocol

/// What moving money for a holder was answered with; a repeated request gets the very same.
public struct MoneyReceipt: Codable, Hashable, Sendable {
    /// The client's reference.
    public let reference: String
    /// The account.
    public let account: Int64
    /// What the holder got, or gave when negative, in fen.
    public let fen: Int64
    /// The balance after it, in fen.
    public let balanceFen: Int64
    /// What the holder owes after it, in fen.
    public let debtFen: Int64
    /// The serial that the account's card has, or will get.
    public let cardSerial: UInt32
    /// When, in milliseconds since 1970-01-01 UTC.
    public let timeMilliseconds: Int64
}

extension AccountDesk {
    /// What a request for money does: the transfer, if any moves, and the account as it is afterwards.
    typealias MoneyWork = (any LedgerTransaction, HolderAccount, _ now: Int64) throws -> (Transfer?, HolderAccount)

    /// Does what a client asks for under a reference, once and for ever.
    ///
    /// A refusal is not kept: nothing has happened, and the same reference may be tried again.
    func request(
        _ action: AccountAction, account number: Int64, reference: String, content: [String], _ work: MoneyWork
    ) throws -> MoneyReceipt {
        try authorize(action, subject: "\(number)")
        let reference = try Input.reference(reference)
        return try requestOnce(action, account: number, reference: reference, content: content, work)
    }

    /// The same for a reference that the ledger makes itself.
    func requestOnce(
        _ action: AccountAction, account number: Int64, reference: String, content: [String], _ work: MoneyWork
    ) throws -> MoneyReceipt {
        let number = try Input.account(number)
        let digest = Self.digest([action.rawValue, "\(number)"] + content)
        return try perform(
            action, subject: "\(number)", detail: { "\($0.fen) fen, reference \(reference)" }
        ) { transaction, now in
            // The account first: of two who bring the same reference at once, the second then finds the answer.
            let account = try transaction.lockedAccount(number)
            if let answer = try transaction.answer(to: reference, digest: digest) { return answer }
            let (transfer, after) = try work(transaction, account, now)
            let receipt = MoneyReceipt(
                reference: reference, account: number,
                fen: (after.balance - after.debt) - (account.balance - account.debt), balanceFen: after.balance,
                debtFen: after.debt, cardSerial: after.cardSerial, timeMilliseconds: now)
            try transaction.keep(receipt, digest: digest, transfer: transfer?.id, now: now)
            return receipt
        }
    }

    /// Fields with their lengths, so that no two requests read alike.
    private static func digest(_ fields: [String]) -> [UInt8] {
        var text = ""
        for field in fields { text += "\(field.utf8.count):\(field)" }
        return Array(SHA256.hash(data: Array(text.utf8)))
    }
}

extension LedgerTransaction {
    /// The account, nobody else's to change until this transaction ends.
    ///
    /// - Throws: ``LedgerRefused`` when there is none, or it is closed.
    func lockedAccount(_ number: Int64) throws -> HolderAccount {
        let row = try first(
            "SELECT \(HolderAccount.columns) FROM accounts WHERE number = ? AND kind = 'holder'\(forUpdate)",
            [.integer(number)])
        guard let account = try row.map(HolderAccount.init) else { throw LedgerRefused.noAccount(number) }
        guard account.isOpen else { throw LedgerRefused.closed(number) }
        return account
    }

    fileprivate func answer(to reference: String, digest: [UInt8]) throws -> MoneyReceipt? {
        guard let row = try first("SELECT digest, answer FROM requests WHERE reference = ?", [.text(reference)]) else {
            return nil
        }
        guard try row.blob(0) == digest else { throw LedgerRefused.reference }
        guard let receipt = try? JSONDecoder().decode(MoneyReceipt.self, from: Data(try row.text(1).utf8)) else {
            throw LedgerDamage("the answer to request \(reference)")
        }
        return receipt
    }

    fileprivate func keep(_ receipt: MoneyReceipt, digest: [UInt8], transfer: String?, now: Int64) throws {
        let answer = String(decoding: try JSONEncoder().encode(receipt), as: UTF8.self)
        try insert(
            into: "requests", ["reference", "digest", "answer", "made_ms", "account", "transfer"],
            rows: [
                [
                    .text(receipt.reference), .blob(digest), .text(answer), .integer(now), .integer(receipt.account),
                    .text(transfer),
                ]
            ])
    }

    /// Money for a holder: what is owed is paid first.
    func credit(
        _ fen: Int64, to account: HolderAccount, from system: Int64, id: String, kind: String, reason: String,
        now: Int64
    ) throws -> (Transfer, HolderAccount) {
        let credit = Credit(of: fen, owing: account.debt)
        let transfer = Transfer(
            id: id, kind: kind, source: nil, reason: reason,
            lines: [.init(account: system, fen: -fen)] + credit.lines(creditingTo: account.number))
        return (transfer, try move(transfer, account, balance: credit.balance, debt: -credit.debt, now: now))
    }

    /// Money from a holder, whatever the balance: what it does not cover is owed.
    ///
    /// - Parameter isMeal: whether a subsidy pays first.
    func charge(
        _ fen: Int64, to account: HolderAccount, for system: Int64, id: String, kind: String, reason: String,
        reverses: String? = nil, isMeal: Bool = false, now: Int64
    ) throws -> (Transfer, HolderAccount) {
        let payment = Payment(of: fen, from: account, isMeal: isMeal)
        let transfer = Transfer(
            id: id, kind: kind, source: nil, reason: reason,
            lines: payment.lines(debiting: account.number) + [.init(account: system, fen: fen)], reverses: reverses)
        let after = try move(
            transfer, account, balance: -payment.balance, debt: payment.debt, subsidy: -payment.subsidy, now: now)
        return (transfer, after)
    }

    private func move(
        _ transfer: Transfer, _ account: HolderAccount, balance: Int64, debt: Int64, subsidy: Int64 = 0, now: Int64
    ) throws -> HolderAccount {
        try post(transfer, now: now)
        if debt != 0 || subsidy != 0 {
            try execute(
                "UPDATE accounts SET debt_fen = debt_fen + ?, subsidy_fen = subsidy_fen + ? WHERE number = ?",
                [.integer(debt), .integer(subsidy), .integer(account.number)])
        }
        var after = account
        after.balance += balance
        after.debt += debt
        after.subsidy += subsidy
        return after
    }
}
