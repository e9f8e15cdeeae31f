/// Money moving between accounts: lines whose fen add up to zero, written once and never changed.
struct Transfer {
    /// What one account gets, or gives when negative.
    struct Line: Hashable {
        let account: Int64
        let fen: Int64
    }

    /// Made from the cause, so that the database itself refuses to pay it twice.
    let id: String
    let kind: String
    /// The record that caused it, if a terminal did.
    let source: RecordName?
    let reason: String
    let lines: [Line]
    /// The transfer that this one takes back; each can be taken back once.
    var reverses: String?

    /// Whether this is a transfer at all: at least two accounts, each once, no empty line, and zero in sum.
    var isBalanced: Bool {
        lines.count >= 2 && Set(lines.map(\.account)).count == lines.count && lines.allSatisfy { $0.fen != 0 }
            && lines.reduce(0) { $0 + $1.fen } == 0
    }

    static let columns = [
        "id", "kind", "terminal", "epoch", "sequence", "reason", "created_ms", "lines", "reverses",
    ]

    /// Its row, in the order of ``columns``.
    func row(now: Int64) -> [SQLValue] {
        [.text(id), .text(kind)] + (source?.values ?? [.null, .null, .null]) + [
            .text(reason), .integer(now), .number(lines.count), .text(reverses),
        ]
    }
}

extension LedgerTransaction {
    func hasTransfer(_ id: String) throws -> Bool {
        try first("SELECT 1 FROM transfers WHERE id = ?", [.text(id)]) != nil
    }

    /// Writes a transfer and carries the holders' balances along.
    ///
    /// The rows of the holders are the caller's for this transaction (``LedgerTransaction/forUpdate``).
    func post(_ transfer: Transfer, now: Int64) throws {
        // A service that would make money out of nothing must not go on: it stops here, and nothing is committed.
        precondition(transfer.isBalanced, "transfer \(transfer.id) does not balance")
        try insert(into: "transfers", Transfer.columns, rows: [transfer.row(now: now)])
        try insert(
            into: "postings", ["transfer", "account", "fen"],
            rows: transfer.lines.map { [.text(transfer.id), .integer($0.account), .integer($0.fen)] })
        try add(
            transfer.lines.filter { $0.account >= SystemAccount.firstHolder }.sorted { $0.account < $1.account }
                .map { ($0.account, $0.fen) }, to: "balance_fen")
    }
}
