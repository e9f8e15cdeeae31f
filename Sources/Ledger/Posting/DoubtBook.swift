import LedgerProtocol

/// The sales in doubt of the accounts that one upload names, as far as there are any.
///
/// The accounts are this transaction's own, and so is whatever is known about their sales in doubt: instances that hear
/// of one card at the same time settle one after the other.
struct DoubtBook {
    /// Those of each account that has any, or gets one by this upload; other accounts have no entry.
    fileprivate var doubts: [Int64: [Doubt]] = [:]
    /// Uses among the records of this upload so far, of those accounts.
    fileprivate var uses: [Int64: [(name: RecordName, use: CardUse)]] = [:]
    /// What is in the books from the sequence of a sale in doubt on.
    private var earlier: [CardUse: (name: RecordName, sequence: UInt32)] = [:]

    init() {}

    init(
        about businesses: [Business], accounts: [Int64: HolderAccount], in transaction: any LedgerTransaction
    ) throws {
        var begun: Set<CardUse> = []
        for business in businesses {
            guard case .saleOutcome(let sale) = business, let account = Int64(exactly: sale.account) else { continue }
            let isDoubt = Doubt.isInDoubt(sale)
            // Of an account that is not open yet nobody has counted them.
            if isDoubt || accounts[account].map({ $0.doubts > 0 }) ?? true { doubts[account] = [] }
            if isDoubt, let use = CardUse(sale) { begun.insert(use) }
        }
        guard !doubts.isEmpty else { return }
        for (doubt, isUnseen) in try Doubt.read(of: doubts.keys.sorted(), in: transaction) {
            var doubt = doubt
            if isUnseen, doubt.state == .open, let use = doubt.card {
                doubt.learn(try Doubt.firstUse(notBefore: use, in: transaction), from: use)
            }
            doubts[doubt.account]?.append(doubt)
        }
        for use in begun { earlier[use] = try Doubt.firstUse(notBefore: use, in: transaction) }
    }

    /// A new one, with what is known already.
    fileprivate func begin(_ sale: SaleRecord, _ name: RecordName, made: Int64) -> Doubt {
        var doubt = Doubt(name: name, sale: sale, made: made)
        doubt.isNew = true
        let others = doubts[doubt.account] ?? []
        if others.contains(where: { $0.isOfSameIntent(as: sale, name) }) { doubt.state = .repeated }
        guard let card = doubt.card else { return doubt }
        doubt.learn(earlier[card], from: card)
        for (name, use) in uses[doubt.account] ?? [] where use.isOfSameCard(as: card) {
            doubt.learn((name, use.sequence), from: card)
        }
        return doubt
    }
}

extension Doubt {
    /// Whether another outcome is about the same intent of the same terminal.
    fileprivate func isOfSameIntent(as other: SaleRecord, _ otherName: RecordName) -> Bool {
        name.terminal == otherName.terminal && name.epoch == otherName.epoch && sale.relatedSequence > 0
            && sale.relatedSequence == other.relatedSequence && sale.account == other.account
    }

    /// Takes note of a use of the card, once of each kind; what the terminal or a person has said needs no other word.
    fileprivate mutating func learn(_ found: (name: RecordName, sequence: UInt32)?, from card: CardUse) {
        guard let found, told == nil, !state.isDecided, state != .repeated else { return }
        if found.sequence == card.sequence, same == nil {
            same = found.name
            isTouched = true
        } else if found.sequence > card.sequence, later == nil {
            later = found.name
            isTouched = true
        }
    }

    /// What becomes of it, from what is known alone; `others`: every sale in doubt of the account.
    fileprivate func outcome(among others: [Doubt]) -> (state: State, objection: String?) {
        if state == .repeated || state.isDecided && told == nil { return (state, nil) }
        if told != nil { return (.told, nil) }
        if same != nil { return (.unused, nil) }
        guard let later else { return (.open, nil) }
        let rivals = others.filter { $0.told == nil && $0.state != .repeated && $0.card == card }
        if rivals.count == 1 { return (.used, nil) }
        let names = rivals.map { "\($0.name)" }.sorted().joined(separator: ", ")
        return (.open, "one of \(names) happened, as \(later) shows, and the card cannot tell which")
    }
}

// MARK: Settling

extension BatchBooks {
    /// Takes in what the end of a sale says about sales in doubt, also itself, and settles those it is about.
    mutating func hear(_ sale: SaleRecord, of name: RecordName, made: Int64, now: Int64) {
        let account = Int64(clamping: sale.account)
        guard var known = doubts.doubts[account] else {
            // An account that no database can number: it waits for a person.
            if Doubt.isInDoubt(sale) { keep(doubts.begin(sale, name, made: made)) }
            return
        }
        switch sale.result {
        case .voided, .refunded: return
        case .intended, .inDoubt: known.append(doubts.begin(sale, name, made: made))
        case .undone: break
        case .done:
            guard let use = CardUse(sale) else { break }
            doubts.uses[account, default: []].append((name, use))
            for index in known.indices where !known[index].isOfSameIntent(as: sale, name) {
                guard let card = known[index].card, card.isOfSameCard(as: use) else { continue }
                known[index].learn((name, use.sequence), from: card)
            }
        }
        if !Doubt.isInDoubt(sale) {
            for index in known.indices where known[index].isOfSameIntent(as: sale, name) {
                known[index].hear(sale, name)
            }
        }
        let card = CardUse(sale)
        for index in known.indices {
            let isConcerned =
                known[index].name == name || known[index].told == name
                || card.map { known[index].card?.isOfSameCard(as: $0) ?? false } ?? false
            if isConcerned { known[index] = settle(known[index], among: known, now: now) }
        }
        doubts.doubts[account] = known
    }

    private mutating func settle(_ before: Doubt, among others: [Doubt], now: Int64) -> Doubt {
        var doubt = before
        var (state, objection) = before.outcome(among: others)
        if before.state.isPaid, state != before.state { takeBack(&doubt, now: now) }
        if state == .used, before.state != .used, let why = charge(&doubt, now: now) {
            (state, objection) = (.open, why)
        }
        doubt.state = state
        doubt.objection = objection
        if doubt.isNew || doubt.isTouched || doubt != before { keep(doubt) }
        return doubt
    }

    /// Charges a sale that turned out to have happened; answers why nobody can be charged, if so.
    private mutating func charge(_ doubt: inout Doubt, now: Int64) -> String? {
        let posting = SalePosting(sale: doubt.sale, name: doubt.name, made: doubt.made, now: now)
        let later = doubt.later.map { "\($0)" } ?? "?"
        if let (reason, detail) = posting.objection(self) {
            return "it happened, as \(later) shows, and cannot be charged: \(reason.rawValue), \(detail)"
        }
        guard doubt.fen > 0, let holder = accounts[doubt.account] else { return nil }
        let payment = Payment(of: doubt.fen, from: holder, isMeal: true)
        doubt.steps += 1
        post(
            Transfer(
                id: Doubt.transfer(doubt.name, step: doubt.steps), kind: "doubt-charge", source: nil,
                reason: "sale in doubt at terminal \(doubt.name.terminal), which happened",
                lines: payment.lines(debiting: doubt.account) + [
                    .init(account: SystemAccount.sales, fen: doubt.fen)
                ]), now: now)
        take(payment, account: doubt.account)
        doubt.subsidy = payment.subsidy
        return nil
    }

    /// Takes back what was charged, by a use or by a person, for a sale of which more is known now.
    private mutating func takeBack(_ doubt: inout Doubt, now: Int64) {
        guard doubt.fen > 0 else { return }
        let paid =
            doubt.state == .used
            ? Doubt.transfer(doubt.name, step: doubt.steps) : SuspenseResolution.transfer(doubt.name)
        let credit = repayment(of: doubt.fen, toSubsidy: doubt.subsidy, account: doubt.account)
        let back =
            doubt.state == .writtenOff
            ? [Transfer.Line(account: SystemAccount.writeOffs, fen: doubt.fen)]
            : credit.lines(creditingTo: doubt.account)
        doubt.steps += 1
        post(
            Transfer(
                id: Doubt.transfer(doubt.name, step: doubt.steps), kind: "doubt-back", source: nil,
                reason: "back: more is known of a sale in doubt at terminal \(doubt.name.terminal)",
                lines: [.init(account: SystemAccount.sales, fen: -doubt.fen)] + back, reverses: paid), now: now)
        if doubt.state != .writtenOff { give(credit, account: doubt.account) }
        doubt.subsidy = 0
    }
}

extension Doubt {
    /// Takes the terminal's own word, the first of them.
    fileprivate mutating func hear(_ word: SaleRecord, _ name: RecordName) {
        guard told == nil, state != .repeated else { return }
        told = name
        isTouched = true
        isToldDone = word.result == .done
    }
}
