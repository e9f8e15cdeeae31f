import LedgerProtocol

/// A payment code that was used: whoever shows it a second time, at whichever terminal, has paid with it before.
struct CodeUse: Hashable {
    /// The code's hash, as the database keeps numbers: with a sign.
    let hash: Int64
    let account: Int64

    init(hash: Int64, account: Int64) {
        self.hash = hash
        self.account = account
    }

    /// The code that a sale which is done was paid with; `nil` without one.
    init?(_ sale: SaleRecord) {
        guard sale.medium == .code, sale.codeHash != 0, sale.result == .done,
            let account = Int64(exactly: sale.account)
        else { return nil }
        self.init(hash: Int64(bitPattern: sale.codeHash), account: account)
    }
}
