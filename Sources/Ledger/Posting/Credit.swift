/// Money for a holder, divided: what the holder owes is paid first.
struct Credit {
    /// Fen that pay what the holder owes.
    let debt: Int64
    /// Fen that the balance gains.
    let balance: Int64

    /// `fen` for a holder who owes `debt`.
    init(of fen: Int64, owing debt: Int64) {
        self.debt = min(fen, max(debt, 0))
        balance = fen - self.debt
    }

    /// The lines of a transfer that credit it.
    func lines(creditingTo account: Int64) -> [Transfer.Line] {
        [
            Transfer.Line(account: SystemAccount.receivables, fen: debt), Transfer.Line(account: account, fen: balance),
        ].filter { $0.fen != 0 }
    }
}

extension BatchBooks {
    /// How `fen` for `account` are divided.
    func repayment(of fen: Int64, account: Int64) -> Credit { Credit(of: fen, owing: accounts[account]?.debt ?? 0) }
}
