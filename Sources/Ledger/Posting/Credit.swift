/// Money for a holder, divided: what the holder owes is paid first.
///
/// What a subsidy had paid goes back to the subsidy, whatever is owed: it can be spent at canteens only.
struct Credit {
    /// Fen that go back to the subsidy.
    let subsidy: Int64
    /// Fen that pay what the holder owes.
    let debt: Int64
    /// Fen that the balance gains.
    let balance: Int64

    /// `fen` for a holder who owes `debt`, of which a subsidy had paid `subsidy`.
    init(of fen: Int64, toSubsidy subsidy: Int64 = 0, owing debt: Int64) {
        self.subsidy = subsidy
        self.debt = min(fen - subsidy, max(debt, 0))
        balance = fen - subsidy - self.debt
    }

    /// The lines of a transfer that credit it.
    func lines(creditingTo account: Int64) -> [Transfer.Line] {
        [
            Transfer.Line(account: SystemAccount.subsidies, fen: subsidy),
            Transfer.Line(account: SystemAccount.receivables, fen: debt), Transfer.Line(account: account, fen: balance),
        ].filter { $0.fen != 0 }
    }
}

/// Money from a holder, divided: a subsidy pays first where it may, then the balance, and the rest is owed.
struct Payment {
    /// Fen that the subsidy pays.
    let subsidy: Int64
    /// Fen that the balance pays.
    let balance: Int64
    /// Fen that the holder comes to owe.
    let debt: Int64

    /// `fen` from `account`; `isMeal`: whether a subsidy may pay.
    init(of fen: Int64, from account: HolderAccount, isMeal: Bool) {
        subsidy = isMeal ? min(fen, max(account.subsidy, 0)) : 0
        balance = min(fen - subsidy, max(account.balance, 0))
        debt = fen - subsidy - balance
    }

    /// The lines of a transfer that takes it.
    func lines(debiting account: Int64) -> [Transfer.Line] {
        [
            Transfer.Line(account: SystemAccount.subsidies, fen: -subsidy),
            Transfer.Line(account: account, fen: -balance),
            Transfer.Line(account: SystemAccount.receivables, fen: -debt),
        ].filter { $0.fen != 0 }
    }
}

extension BatchBooks {
    /// How `fen` for `account` are divided, of which a subsidy had paid `subsidy`.
    func repayment(of fen: Int64, toSubsidy subsidy: Int64 = 0, account: Int64) -> Credit {
        Credit(of: fen, toSubsidy: subsidy, owing: accounts[account]?.debt ?? 0)
    }

    /// Carries along what a transfer takes beside the balance; the transfer is the caller's.
    mutating func take(_ payment: Payment, account: Int64) {
        owe(payment.debt, account: account)
        addSubsidy(-payment.subsidy, account: account)
    }

    /// Carries along what a transfer gives beside the balance; the transfer is the caller's.
    mutating func give(_ credit: Credit, account: Int64) {
        owe(-credit.debt, account: account)
        addSubsidy(credit.subsidy, account: account)
    }
}
