import LedgerProtocol

/// A record that waits for a person.
public struct SuspenseItem: Codable, Hashable, Sendable {
    /// The record: terminal/epoch/sequence.
    public let record: String
    /// Why it waits.
    public let reason: String
    /// The particulars.
    public let detail: String
    /// The money that it is about, in fen; absent when it is about none.
    public let fen: Int64?
    /// Whether the canteen has its money already and somebody has to bear it: such a record is charged or written off.
    ///
    /// A sale in doubt is none: the canteen has nothing yet. It is charged, written off or dismissed, as it turns out.
    public let isSale: Bool
    /// Since when, in milliseconds since 1970-01-01 UTC.
    public let timeMilliseconds: Int64
}

/// What becomes of a record in suspense.
public enum SuspenseResolution: Hashable, Sendable {
    /// The holder of this account pays the sale: from the balance, and owes the rest.
    case charge(account: Int64)
    /// Nobody pays the sale: the university bears it.
    case writeOff
    /// It moves no money, and nothing more is to be done; of a sale in doubt, that it did not happen.
    case dismiss

    var words: String {
        switch self {
        case .charge(let account): "charged to \(account)"
        case .writeOff: "written off"
        case .dismiss: "dismissed"
        }
    }

    /// The transfer that a resolution makes.
    static func transfer(_ name: RecordName) -> String { "suspense:\(name)" }
}

extension AccountDesk {
    /// Every record that waits, the oldest first.
    ///
    /// - Throws: ``LedgerRefused``.
    public func suspense() throws -> [SuspenseItem] {
        try perform(.listSuspense, subject: "") { transaction, _ in
            try transaction.rows(
                """
                SELECT u.terminal, u.epoch, u.sequence, u.reason, u.detail, u.fen, u.created_ms,
                    CASE WHEN t.id IS NULL THEN 0 ELSE 1 END
                FROM suspense u \(Self.suspendedSale) WHERE u.resolved_ms IS NULL ORDER BY u.created_ms, 1, 2, 3
                """
            ).map { row in
                SuspenseItem(
                    record: try RecordName(row).description, reason: try row.text(3), detail: try row.text(4),
                    fen: try row.optional(5), isSale: try row.integer(7) == 1, timeMilliseconds: try row.integer(6))
            }
        }
    }

    /// Ends the waiting of one record, once; the same again is success.
    ///
    /// - Parameters:
    ///   - record: `terminal/epoch/sequence`, as ``SuspenseItem/record`` says.
    ///   - note: why, for whoever looks later: 1 to 200 characters.
    /// - Throws: ``LedgerRefused``.
    public func resolve(record: String, as resolution: SuspenseResolution, note: String) throws {
        try authorize(.resolveSuspense, subject: "")
        guard let name = RecordName(text: record) else {
            throw LedgerRefused.malformed("record: expected TERMINAL/EPOCH/SEQUENCE")
        }
        let note = try Input.text(note, "note", longest: 200)
        try perform(
            .resolveSuspense, subject: "\(name)", detail: { "\(resolution.words): \(note)" }
        ) { transaction, now in
            let doubt = try transaction.lockDoubt(name, andAccountOf: resolution)
            guard let waiting = try transaction.waiting(name) else { throw LedgerRefused.noSuspense(name) }
            if let how = waiting.resolution {
                guard how.hasPrefix(resolution.words) else { throw LedgerRefused.resolved(how) }
                return
            }
            if let doubt {
                try settle(doubt, as: resolution, in: transaction, now: now)
            } else {
                try settle(waiting.saleFen, name, as: resolution, in: transaction, now: now)
            }
            try transaction.execute(
                "UPDATE suspense SET resolved_ms = ?, resolution = ? WHERE terminal = ? AND epoch = ? AND sequence = ?",
                [.integer(now), .text("\(resolution.words): \(note)")] + name.values)
        }
    }

    /// The transfer that keeps a sale's money in suspense, if it does: a record without one moves nothing.
    fileprivate static let suspendedSale = """
        LEFT JOIN transfers t ON t.terminal = u.terminal AND t.epoch = u.epoch AND t.sequence = u.sequence
            AND t.kind = 'sale-suspense'
        """

    private func settle(
        _ fen: Int64?, _ name: RecordName, as resolution: SuspenseResolution, in transaction: any LedgerTransaction,
        now: Int64
    ) throws {
        let id = SuspenseResolution.transfer(name)
        switch (resolution, fen) {
        case (.charge(let number), let fen?):
            let account = try transaction.lockedAccount(try Input.account(number))
            let (transfer, _) = try transaction.charge(
                fen, to: account, for: SystemAccount.suspense, id: id, kind: "suspense-charge",
                reason: "a sale that waited in suspense", isMeal: true, now: now)
            try transaction.link(transfer, to: number, as: id, now: now)
        case (.writeOff, let fen?): try transaction.writeOff(fen, for: SystemAccount.suspense, id: id, now: now)
        case (.dismiss, nil): break
        case (.dismiss, _?):
            throw LedgerRefused.resolution("its money waits too: charge it to an account, or write it off")
        case (_, nil): throw LedgerRefused.resolution("no money waits with it: dismiss it")
        }
    }

    /// A person says whether a sale in doubt happened; the canteen gets its money only now.
    private func settle(
        _ doubt: Doubt, as resolution: SuspenseResolution, in transaction: any LedgerTransaction, now: Int64
    ) throws {
        let id = SuspenseResolution.transfer(doubt.name)
        var subsidy: Int64 = 0
        switch resolution {
        case .charge(let number):
            guard number == doubt.account else {
                throw LedgerRefused.resolution("a sale in doubt is charged to account \(doubt.account) or to nobody")
            }
            let account = try transaction.lockedAccount(try Input.account(number))
            guard doubt.fen > 0 else { break }
            let (transfer, after) = try transaction.charge(
                doubt.fen, to: account, for: SystemAccount.sales, id: id, kind: "suspense-charge",
                reason: "a sale that was in doubt", isMeal: true, now: now)
            subsidy = account.subsidy - after.subsidy
            try transaction.link(transfer, to: number, as: id, now: now)
        case .writeOff where doubt.fen > 0:
            try transaction.writeOff(doubt.fen, for: SystemAccount.sales, id: id, now: now)
        case .writeOff, .dismiss: break
        }
        try transaction.execute(
            "UPDATE doubts SET state = ?, subsidy_fen = ? WHERE terminal = ? AND epoch = ? AND sequence = ?",
            [.text(resolution.state.rawValue), .integer(subsidy)] + doubt.name.values)
    }
}

extension SuspenseResolution {
    /// What becomes of a sale in doubt by it.
    fileprivate var state: Doubt.State {
        switch self {
        case .charge: .charged
        case .writeOff: .writtenOff
        case .dismiss: .dismissed
        }
    }
}

extension LedgerTransaction {
    fileprivate func waiting(_ name: RecordName) throws -> (resolution: String?, saleFen: Int64?)? {
        let row = try first(
            """
            SELECT resolution, resolved_ms FROM suspense WHERE terminal = ? AND epoch = ? AND sequence = ?\(forUpdate)
            """, name.values)
        guard let row else { return nil }
        let sale = try first(
            """
            SELECT p.fen FROM transfers t JOIN postings p ON p.transfer = t.id AND p.account = \(SystemAccount.sales)
            WHERE t.terminal = ? AND t.epoch = ? AND t.sequence = ? AND t.kind = 'sale-suspense'
            """, name.values)
        let resolution = row.isNull(1) ? nil : row.isNull(0) ? "" : try row.text(0)
        return (resolution, try sale?.integer(0))
    }

    /// The sale in doubt of this name, if it is one, and the accounts that its resolution is about, nobody else's to change
    /// until this transaction ends: an upload that says more about it takes the account first, too.
    fileprivate func lockDoubt(_ name: RecordName, andAccountOf resolution: SuspenseResolution) throws -> Doubt? {
        let row = try first(
            "SELECT account FROM doubts WHERE terminal = ? AND epoch = ? AND sequence = ?", name.values)
        guard let account = try row?.integer(0) else { return nil }
        var numbers: Set<Int64> = [account]
        if case .charge(let other) = resolution { numbers.insert(other) }
        _ = try rows(
            """
            SELECT number FROM accounts WHERE number IN (\(numbers.map { _ in "?" }.joined(separator: ", ")))
            ORDER BY number\(forUpdate)
            """, numbers.sorted().map { .integer($0) })
        return try Doubt.read(of: [account], in: self).map(\.0).first { $0.name == name }
    }

    fileprivate func writeOff(_ fen: Int64, for system: Int64, id: String, now: Int64) throws {
        let transfer = Transfer(
            id: id, kind: "suspense-write-off", source: nil, reason: "a sale that nobody could be charged for",
            lines: [.init(account: SystemAccount.writeOffs, fen: -fen), .init(account: system, fen: fen)])
        try post(transfer, now: now)
    }

    /// Lets a statement find a transfer that went wholly into a debt.
    fileprivate func link(_ transfer: Transfer, to account: Int64, as reference: String, now: Int64) throws {
        try insert(
            into: "requests", ["reference", "digest", "answer", "made_ms", "account", "transfer"],
            rows: [
                [
                    .text(reference), .blob([UInt8](repeating: 0, count: 32)), .text(""), .integer(now),
                    .integer(account), .text(transfer.id),
                ]
            ])
    }
}

extension RecordName {
    /// The name in a text such as `11/1/4711`; `nil` unless it is one.
    init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let terminal = UInt16(parts[0]), let epoch = UInt32(parts[1]),
            let sequence = UInt64(parts[2]), sequence > 0, sequence <= UInt64(Int64.max)
        else { return nil }
        self.init(terminal: terminal, epoch: epoch, sequence: sequence)
    }
}
