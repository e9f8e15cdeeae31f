import LedgerProtocol

/// What the end of a sale does: the holder pays what the balance covers and owes the rest; the canteen gets it all.
///
/// The goods are gone whatever the ledger thinks of the sale, so an authentic one is never refused: without somebody to
/// pay it, it waits in suspense with its money.
struct SalePosting {
    let sale: SaleRecord
    let name: RecordName
    /// When it was made, by the terminal's wall clock, in milliseconds since 1970-01-01 UTC.
    let made: Int64
    let now: Int64

    private var fen: Int64 { Int64(sale.amount) }
    private var account: Int64 { Int64(clamping: sale.account) }

    func post(in books: inout BatchBooks) {
        // First what the record says of earlier sales: they happened before it, and pay before it.
        books.hear(sale, of: name, made: made, now: now)
        switch sale.result {
        case .done: charge(&books)
        case .undone: note("undone", &books)
        case .intended, .inDoubt: note("in-doubt", &books)
        case .voided: takeBack(&books)
        case .refunded: giveBack(&books, kind: "refund", reverses: nil, effect: "posted")
        }
    }

    private func charge(_ books: inout BatchBooks) {
        if let (reason, detail) = obstacle(books) {
            note("suspense", &books)
            books.suspend(name, reason, detail, fen: fen, now: now)
            return move([.init(account: SystemAccount.suspense, fen: -fen)], kind: "sale-suspense", &books)
        }
        guard let holder = books.accounts[account] else { return }
        let payment = Payment(of: fen, from: holder, isMeal: true)
        note("posted", subsidy: payment.subsidy, &books)
        move(payment.lines(debiting: account), kind: "sale", &books)
        books.take(payment, account: account)
        if let code = CodeUse(sale) { books.use(code, by: name) }
    }

    /// Why nobody can be charged, or why a person has to look first.
    private func obstacle(_ books: BatchBooks) -> (SuspenseReason, String)? {
        if let objection = objection(books) { return objection }
        guard let first = CodeUse(sale).flatMap({ books.sale(paidBy: $0) }) else { return nil }
        return (.codeUsedTwice, "account \(account); first used for \(first)")
    }

    private func move(_ from: [Transfer.Line], kind: String, _ books: inout BatchBooks) {
        // A sale of nothing, a free meal, moves nothing.
        guard fen > 0 else { return }
        books.post(
            Transfer(
                id: Self.transfer(name), kind: kind, source: name, reason: "sale at terminal \(name.terminal)",
                lines: from + [.init(account: SystemAccount.sales, fen: fen)]), now: now)
    }

    static func transfer(_ name: RecordName) -> String { "sale:\(name)" }

    /// Why nobody can be charged, if there is a reason.
    func objection(_ books: BatchBooks) -> (SuspenseReason, String)? {
        guard let holder = books.accounts[account] else { return (.unknownAccount, "account \(sale.account)") }
        if !holder.isOpen { return (.closedAccount, "account \(account)") }
        // Whoever has reported the card lost answers only for what was bought before.
        if let lost = holder.lost, made >= lost { return (.reportedLost, "account \(account)") }
        guard sale.medium == .card else { return nil }
        guard let card = books.card(uid: sale.uid) else {
            // A card that is not known yet was activated at a terminal whose records are still on their way; one with a
            // serial of before, which was replaced meanwhile, may be in anybody's hand.
            return sale.cardSerial < holder.cardSerial ? (.retiredCard, "account \(account)") : nil
        }
        if card.account != account { return (.cardOfAnotherAccount, "the card is of account \(card.account)") }
        // What was bought before the card was lost or replaced is the holder's, however late a terminal says so.
        if !card.isActive, made >= card.retired ?? .min { return (.retiredCard, "account \(account)") }
        return nil
    }

    private func takeBack(_ books: inout BatchBooks) {
        let related = RecordName(terminal: name.terminal, epoch: name.epoch, sequence: sale.relatedSequence)
        guard let known = books.sales[related], known.isPosted, known.account == account, known.fen == fen else {
            note("suspense", &books)
            return books.suspend(name, .noSuchSale, "\(related)", fen: -fen, now: now)
        }
        books.voidSale(related)
        giveBack(
            &books, kind: "sale-void", subsidy: known.subsidy, reverses: fen > 0 ? Self.transfer(related) : nil,
            effect: "voided")
    }

    /// - Parameter subsidy: how much of it a subsidy had paid; a refund, which is not the whole of one sale, is money.
    private func giveBack(
        _ books: inout BatchBooks, kind: String, subsidy: Int64 = 0, reverses: String?, effect: String
    ) {
        guard books.accounts[account] != nil else {
            note("suspense", &books)
            return books.suspend(name, .unknownAccount, "account \(sale.account)", fen: -fen, now: now)
        }
        note(effect, &books)
        guard fen > 0 else { return }
        let credit = books.repayment(of: fen, toSubsidy: subsidy, account: account)
        books.post(
            Transfer(
                id: Self.transfer(name), kind: kind, source: name, reason: "back from terminal \(name.terminal)",
                lines: [.init(account: SystemAccount.sales, fen: -fen)] + credit.lines(creditingTo: account),
                reverses: reverses), now: now)
        books.give(credit, account: account)
    }

    private func note(_ effect: String, subsidy: Int64 = 0, _ books: inout BatchBooks) {
        books.note(
            BatchBooks.KnownSale(
                account: account, fen: fen, subsidy: subsidy, isPosted: effect == "posted" && sale.result == .done),
            row: name.values + [
                sale.uid.isEmpty ? .null : .blob(sale.uid), .integer(account), .number(sale.cardSerial),
                .number(sale.cardSequence), .number(sale.medium.rawValue), .integer(fen), .text(effect),
                .integer(made),
            ], by: name)
    }
}
