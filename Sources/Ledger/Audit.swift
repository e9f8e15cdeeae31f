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
                .blob(Self.auditID(now)), .integer(now), .text(actor), .text(action), .text(subject), .text(detail),
            ])
    }

    /// Time first, so that the newest rows lie together, then chance, so that no instance needs to ask another.
    private static func auditID(_ now: Int64) -> [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: now >> Int64(40 - 8 * $0)) }
            + (0..<10).map { _ in UInt8.random(in: .min ... .max) }
    }
}
