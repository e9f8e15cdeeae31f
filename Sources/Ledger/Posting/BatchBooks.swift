import Journal
import LedgerProtocol
import Platform

/// The part of the books that one upload is about: read in a few queries, changed in memory, written in a few.
///
/// What it changes is in ``changes`` and in what it has read, so that the next record of the batch sees it.
struct BatchBooks {
    /// An intent that an earlier upload left open.
    struct OpenIntent {
        let name: RecordName
        let account: Int64
    }

    /// A sale that an earlier record reported.
    struct KnownSale {
        let account: Int64
        let fen: Int64
        /// What of it a subsidy has paid, in fen.
        let subsidy: Int64
        /// Whether it was charged and not taken back since.
        var isPosted: Bool
    }

    private(set) var accounts: [Int64: HolderAccount] = [:]
    private(set) var sales: [RecordName: KnownSale] = [:]
    private var cards: [[UInt8]: KnownCard] = [:]
    private var activeCards: [Int64: KnownCard] = [:]
    private var transfers: Set<String> = []
    private var openIntents: [[UInt8]: [OpenIntent]] = [:]
    private var codes: [CodeUse: RecordName] = [:]
    /// The sales in doubt that this upload may have something to say about.
    var doubts = DoubtBook()
    private(set) var changes = BatchChanges()

    /// Books about nothing.
    init() {}

    /// Reads what `businesses` of one epoch name; the accounts are nobody else's to change until the transaction ends.
    init(about businesses: [Business], terminal: UInt16, epoch: UInt32, in transaction: any LedgerTransaction) throws {
        let numbers = Set(businesses.compactMap(\.account)).sorted().map { SQLValue.integer($0) }
        let uids = Set(businesses.compactMap(\.uid)).map { SQLValue.blob($0) }
        try transaction.forEach(
            """
            SELECT \(HolderAccount.columns) FROM accounts WHERE number IN (?) AND kind = 'holder'
            ORDER BY number\(transaction.forUpdate)
            """, among: numbers
        ) {
            let account = try HolderAccount($0); accounts[account.number] = account
        }
        let columns = KnownCard.columns
        try transaction.forEach("SELECT \(columns) FROM cards WHERE uid IN (?)", among: uids) {
            remember(try KnownCard($0))
        }
        try transaction.forEach(
            "SELECT \(columns) FROM cards WHERE account IN (?) AND status = 'active'", among: numbers
        ) { remember(try KnownCard($0)) }
        try transaction.forEach(
            "SELECT terminal, epoch, sequence, uid, account FROM intents WHERE state = 'pending' AND uid IN (?)",
            among: uids
        ) { row in
            let open = OpenIntent(name: try RecordName(row), account: try row.integer(4))
            openIntents[try row.blob(3), default: []].append(open)
        }
        try readTransfers(of: businesses, in: transaction)
        try readSales(of: businesses, terminal: terminal, epoch: epoch, in: transaction)
        try readCodes(of: businesses, in: transaction)
        doubts = try DoubtBook(about: businesses, accounts: accounts, in: transaction)
    }

    private mutating func readCodes(of businesses: [Business], in transaction: any LedgerTransaction) throws {
        let uses = businesses.compactMap { business -> CodeUse? in
            guard case .saleOutcome(let sale) = business else { return nil }
            return CodeUse(sale)
        }
        try transaction.forEach(
            "SELECT terminal, epoch, sequence, code_hash, account FROM codes WHERE code_hash IN (?)",
            among: uses.map { .integer($0.hash) }
        ) { codes[CodeUse(hash: try $0.integer(3), account: try $0.integer(4))] = try RecordName($0) }
    }

    private mutating func readTransfers(of businesses: [Business], in transaction: any LedgerTransaction) throws {
        let ids = businesses.compactMap { business -> SQLValue? in
            guard case .activationOutcome(let outcome) = business, (outcome.smallPurse?.rawValue ?? 0) != 0 else {
                return nil
            }
            return .text(ActivationPosting.purseTransfer(of: outcome))
        }
        try transaction.forEach("SELECT id FROM transfers WHERE id IN (?)", among: ids) {
            transfers.insert(try $0.text(0))
        }
    }

    private mutating func readSales(
        of businesses: [Business], terminal: UInt16, epoch: UInt32, in transaction: any LedgerTransaction
    ) throws {
        let sequences = businesses.compactMap { business -> SQLValue? in
            guard case .saleOutcome(let sale) = business, sale.result == .voided else { return nil }
            return Int64(exactly: sale.relatedSequence).map { .integer($0) }
        }
        guard !sequences.isEmpty else { return }
        try transaction.forEach(
            """
            SELECT s.terminal, s.epoch, s.sequence, s.account, s.fen, s.effect, r.raw, coalesce(p.fen, 0) FROM sales s
            JOIN records r ON r.terminal = s.terminal AND r.epoch = s.epoch AND r.sequence = s.sequence
            LEFT JOIN postings p ON p.transfer = 'sale:' || s.terminal || '/' || s.epoch || '/' || s.sequence
                AND p.account = \(SystemAccount.subsidies)
            WHERE s.terminal = \(terminal) AND s.epoch = \(epoch) AND s.sequence IN (?)
            """, among: sequences
        ) { row in
            // A refund is posted too; money that was given back is not given back again.
            let sale = (try? Slot(decoding: try row.blob(6))).flatMap { SaleRecord(decoding: $0.payload) }
            let isCharge = try row.text(5) == "posted" && sale?.result == .done
            sales[try RecordName(row)] = KnownSale(
                account: try row.integer(3), fen: try row.integer(4), subsidy: -(try row.integer(7)),
                isPosted: isCharge)
        }
    }

    private mutating func remember(_ card: KnownCard) {
        cards[card.uid] = card
        if card.isActive { activeCards[card.account] = card }
    }

    func card(uid: [UInt8]) -> KnownCard? { cards[uid] }

    func activeCard(of account: Int64) -> KnownCard? { activeCards[account] }

    func hasTransfer(_ id: String) -> Bool { transfers.contains(id) }

    /// The sale that a payment code was used for.
    func sale(paidBy code: CodeUse) -> RecordName? { codes[code] }
}

// MARK: What records do

extension BatchBooks {
    mutating func activate(_ card: KnownCard, at ended: Int64, by name: RecordName) {
        remember(card)
        changes.cards.append(
            [
                .blob(card.uid), .integer(card.account), .number(card.serial), .text("active"), .integer(ended),
            ] + name.values)
        changes.rosterAccounts.insert(card.account)
    }

    mutating func begin(_ intent: ActivationIntent, account: Int64, at begun: Int64, by name: RecordName) {
        let card = cards[intent.uid]
        let isDone = card?.isActive == true && card?.account == account
        changes.intents[name] = BatchChanges.Intent(
            uid: intent.uid, account: account, serial: intent.cardSerial, begun: begun,
            state: isDone ? "activated" : "pending")
        if !isDone { openIntents[intent.uid, default: []].append(OpenIntent(name: name, account: account)) }
    }

    /// Settles the intents of a card that `isMeant` picks.
    mutating func settleIntents(of uid: [UInt8], as state: String, where isMeant: (OpenIntent) -> Bool) {
        guard let open = openIntents[uid] else { return }
        for intent in open where isMeant(intent) {
            if changes.intents[intent.name] != nil {
                changes.intents[intent.name]?.state = state
            } else {
                changes.settledIntents.append([.text(state)] + intent.name.values)
            }
        }
        openIntents[uid] = open.filter { !isMeant($0) }
    }

    /// Writes a transfer and carries the holders' balances along.
    mutating func post(_ transfer: Transfer, now: Int64) {
        // A service that would make money out of nothing must not go on: it stops here, and nothing is committed.
        precondition(transfer.isBalanced, "transfer \(transfer.id) does not balance")
        transfers.insert(transfer.id)
        changes.transfers.append(transfer.row(now: now))
        for line in transfer.lines {
            changes.postings.append([.text(transfer.id), .integer(line.account), .integer(line.fen)])
            guard line.account >= SystemAccount.firstHolder else { continue }
            accounts[line.account]?.balance += line.fen
            changes.balances[line.account, default: 0] += line.fen
        }
    }

    /// Notes that a holder owes more, or less when negative; the transfer's line is the caller's.
    mutating func owe(_ fen: Int64, account: Int64) {
        guard fen != 0 else { return }
        accounts[account]?.debt += fen
        changes.debts[account, default: 0] += fen
    }

    /// Notes that a holder has more in subsidies, or less when negative; the transfer's line is the caller's.
    mutating func addSubsidy(_ fen: Int64, account: Int64) {
        guard fen != 0 else { return }
        accounts[account]?.subsidy += fen
        changes.subsidies[account, default: 0] += fen
    }

    /// Notes that a payment code was used, for ever.
    mutating func use(_ code: CodeUse, by name: RecordName) {
        codes[code] = name
        changes.codes.append([.integer(code.hash), .integer(code.account)] + name.values)
    }

    /// Notes what is known about a sale in doubt; it waits in suspense until it is settled.
    mutating func keep(_ doubt: Doubt) {
        if doubt.isNew, changes.doubts[doubt.name] == nil, accounts[doubt.account] != nil {
            changes.doubtCounts[doubt.account, default: 0] += 1
        }
        changes.doubts[doubt.name] = doubt
    }

    mutating func note(_ sale: KnownSale, row: [SQLValue], by name: RecordName) {
        sales[name] = sale
        changes.sales[name] = row
    }

    mutating func voidSale(_ name: RecordName) {
        sales[name]?.isPosted = false
        if let row = changes.sales[name] {
            changes.sales[name] = Array(row.dropLast(2)) + [.text("voided"), row[row.count - 1]]
        } else {
            changes.voidedSales.append(name.values)
        }
    }

    mutating func suspend(_ name: RecordName, _ reason: SuspenseReason, _ detail: String, fen: Int64?, now: Int64) {
        changes.suspense.append(
            name.values + [.text(reason.rawValue), .text(detail), .number(fen), .integer(now)])
    }

    mutating func note(outcome: [SQLValue]) { changes.outcomes.append(outcome) }

    mutating func open(case row: [SQLValue]) { changes.cases.append(row) }

    mutating func add(record row: [SQLValue]) { changes.records.append(row) }
}
