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

    /// Whether this is a transfer at all: at least two accounts, each once, no empty line, and zero in sum.
    var isBalanced: Bool {
        lines.count >= 2 && Set(lines.map(\.account)).count == lines.count && lines.allSatisfy { $0.fen != 0 }
            && lines.reduce(0) { $0 + $1.fen } == 0
    }
}

extension LedgerTransaction {
    func hasTransfer(_ id: String) throws -> Bool {
        try first("SELECT 1 FROM transfers WHERE id = ?", [.text(id)]) != nil
    }

    /// Writes a transfer and carries the holders' balances along.
    func post(_ transfer: Transfer, now: Int64) throws {
        // A service that would make money out of nothing must not go on: it stops here, and nothing is committed.
        precondition(transfer.isBalanced, "transfer \(transfer.id) does not balance")
        try execute(
            """
            INSERT INTO transfers (id, kind, terminal, epoch, sequence, reason, created_ms, lines)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [.text(transfer.id), .text(transfer.kind)] + (transfer.source?.values ?? [.null, .null, .null])
                + [.text(transfer.reason), .integer(now), .number(transfer.lines.count)])
        for line in transfer.lines {
            try execute(
                "INSERT INTO postings (transfer, account, fen) VALUES (?, ?, ?)",
                [.text(transfer.id), .integer(line.account), .integer(line.fen)])
            try execute(
                "UPDATE accounts SET balance_fen = balance_fen + ? WHERE number = ? AND kind = 'holder'",
                [.integer(line.fen), .integer(line.account)])
        }
    }
}
