extension LedgerTransaction {
    /// Notes who did what to whom; it is kept for ever.
    ///
    /// - Parameters:
    ///   - actor: who did it, such as `command line: root` or `terminal 11`.
    ///   - action: what, in a word or two that never change, such as `terminal add`.
    ///   - subject: to whom.
    ///   - detail: what else is worth knowing; never a secret.
    func audit(_ actor: String, _ action: String, _ subject: String, _ detail: String, now: Int64) throws {
        try execute(
            "INSERT INTO audit (id, at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
            [
                .blob((0..<16).map { _ in UInt8.random(in: .min ... .max) }), .integer(now), .text(actor), .text(action),
                .text(subject), .text(detail),
            ])
    }
}
