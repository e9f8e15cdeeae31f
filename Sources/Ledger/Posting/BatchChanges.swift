/// What one upload adds to the books, until it is written, table by table in the order in which they refer to each other.
struct BatchChanges {
    struct Intent {
        let uid: [UInt8]
        let account: Int64
        let serial: UInt32
        let begun: Int64
        var state: String
    }

    var records: [[SQLValue]] = []
    var cards: [[SQLValue]] = []
    var intents: [RecordName: Intent] = [:]
    var outcomes: [[SQLValue]] = []
    var sales: [RecordName: [SQLValue]] = [:]
    var suspense: [[SQLValue]] = []
    var cases: [[SQLValue]] = []
    var transfers: [[SQLValue]] = []
    var postings: [[SQLValue]] = []
    var balances: [Int64: Int64] = [:]
    var debts: [Int64: Int64] = [:]
    var subsidies: [Int64: Int64] = [:]
    var codes: [[SQLValue]] = []
    var doubts: [RecordName: Doubt] = [:]
    var doubtCounts: [Int64: Int64] = [:]
    var rosterAccounts: Set<Int64> = []
    var settledIntents: [[SQLValue]] = []
    var voidedSales: [[SQLValue]] = []

    private static let name = ["terminal", "epoch", "sequence"]

    func write(to transaction: any LedgerTransaction, now: Int64) throws {
        let name = Self.name
        try transaction.insert(into: "records", name + ["raw", "verified", "received_ms"], rows: records)
        try transaction.insert(
            into: "cards", ["uid", "account", "serial", "status", "activated_ms"] + name, rows: cards)
        try transaction.insert(
            into: "intents", name + ["uid", "account", "serial", "begun_ms", "state"],
            rows: intents.sorted { $0.key < $1.key }.map { name, intent in
                name.values + [
                    .blob(intent.uid), .integer(intent.account), .number(intent.serial), .integer(intent.begun),
                    .text(intent.state),
                ]
            })
        try transaction.insert(
            into: "outcomes", name + ["uid", "account", "serial", "effect", "purse_fen", "paid_fen", "ended_ms"],
            rows: outcomes)
        try transaction.insert(
            into: "sales",
            name + ["uid", "account", "serial", "card_sequence", "medium", "fen", "effect", "made_ms"],
            rows: sales.sorted { $0.key < $1.key }.map(\.value))
        try transaction.insert(
            into: "suspense", name + ["reason", "detail", "fen", "created_ms"], rows: suspense)
        try transaction.insert(into: "transfers", Transfer.columns, rows: transfers)
        try transaction.insert(into: "postings", ["transfer", "account", "fen"], rows: postings)
        try transaction.insert(into: "codes", ["code_hash", "account"] + name, rows: codes)
        if !doubts.isEmpty { try writeDoubts(to: transaction, now: now) }
        try update(transaction)
    }

    private func writeDoubts(to transaction: any LedgerTransaction, now: Int64) throws {
        let sorted = doubts.values.sorted { $0.name < $1.name }
        let new = sorted.filter(\.isNew).map { $0.rows(now: now) }
        try transaction.insert(into: "doubts", Doubt.columns, rows: new.map(\.doubt))
        try transaction.insert(
            into: "suspense", Self.name + ["reason", "detail", "fen", "created_ms", "resolved_ms", "resolution"],
            rows: new.map(\.suspense))
        let known = sorted.filter { !$0.isNew }.map { $0.changes(now: now) }
        try transaction.execute(
            """
            UPDATE doubts SET state = ?, told_by = ?, same_by = ?, later_by = ?, steps = ?, subsidy_fen = ?,
                looked_back = ?
            WHERE terminal = ? AND epoch = ? AND sequence = ?
            """, each: known.map(\.doubt))
        try transaction.execute(
            """
            UPDATE suspense SET detail = ?, resolved_ms = ?, resolution = ?
            WHERE terminal = ? AND epoch = ? AND sequence = ?
            """, each: known.map(\.suspense))
        try transaction.add(doubtCounts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: "doubts")
    }

    /// A gap's report and each of its stand-ins open one case; everything else here changes rows that are there.
    private func update(_ transaction: any LedgerTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO cases (terminal, epoch, first_lost, last_lost, reason, sequence, created_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, each: cases)
        try transaction.execute(
            """
            UPDATE intents SET state = ? WHERE terminal = ? AND epoch = ? AND sequence = ? AND state = 'pending'
            """, each: settledIntents)
        try transaction.execute(
            "UPDATE sales SET effect = 'voided' WHERE terminal = ? AND epoch = ? AND sequence = ?", each: voidedSales)
        try transaction.add(balances.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: "balance_fen")
        try transaction.add(debts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: "debt_fen")
        try transaction.add(subsidies.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: "subsidy_fen")
        try transaction.execute(
            "UPDATE accounts SET roster_version = 0 WHERE number = ?",
            each: rosterAccounts.sorted().map { [.integer($0)] })
    }
}
