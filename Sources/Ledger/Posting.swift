import Journal
import LedgerProtocol
import Platform

/// Why an authentic record waits for a person instead of being posted.
enum SuspenseReason: String, CaseIterable {
    /// Its type is newer than this ledger.
    case unknownType = "unknown-type"
    /// Its payload is not of the form that its type prescribes.
    case undecodable
    /// No account of its number was opened.
    case unknownAccount = "unknown-account"
    /// The account is closed.
    case closedAccount = "closed-account"
    /// The holder had reported the card lost.
    case reportedLost = "reported-lost"
    /// The account is active on another card.
    case activeElsewhere = "active-elsewhere"
    /// The card is active for another account.
    case cardOfAnotherAccount = "card-of-another-account"
    /// The account's card has another serial.
    case serialMismatch = "serial-mismatch"
    /// The card is active, but its small purse claims what no small purse can hold.
    case implausiblePurse = "implausible-purse"
}

/// What a stored record does to the books.
///
/// It never refuses: what cannot be posted goes to suspense with a reason.
struct Posting {
    let transaction: any LedgerTransaction
    let now: Int64

    func post(_ slot: Slot, name: RecordName) throws {
        switch slot.type.rawValue {
        case ActivationRecordType.intent:
            guard let intent = ActivationIntent(decoding: slot.payload) else {
                return try suspend(name, .undecodable, "an intent of \(slot.payload.count) bytes")
            }
            try post(intent, of: slot, name: name)
        case ActivationRecordType.outcome:
            guard let outcome = ActivationOutcome(decoding: slot.payload) else {
                return try suspend(name, .undecodable, "an outcome of \(slot.payload.count) bytes")
            }
            try ActivationPosting(posting: self, outcome: outcome, name: name, ended: slot.wallMilliseconds).post()
        case RecordType.gap.rawValue:
            guard let gap = GapRecord(decoding: slot.payload), let last = Int64(exactly: gap.to) else {
                return try suspend(name, .undecodable, "a gap record of \(slot.payload.count) bytes")
            }
            try openCase(gap, through: last, name)
        default:
            try suspend(name, .unknownType, "type \(slot.type.rawValue)")
        }
    }

    /// An intent whose card is already active was overtaken by its outcome from another terminal: nothing is pending.
    private func post(_ intent: ActivationIntent, of slot: Slot, name: RecordName) throws {
        guard let account = Int64(exactly: intent.account) else {
            return try suspend(name, .unknownAccount, "account \(intent.account)")
        }
        let card = try transaction.card(uid: intent.uid)
        try transaction.execute(
            """
            INSERT INTO intents (terminal, epoch, sequence, uid, account, serial, begun_ms, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            name.values + [
                .blob(intent.uid), .integer(account), .number(intent.cardSerial), .integer(slot.wallMilliseconds),
                .text(card?.account == account ? "activated" : "pending"),
            ])
    }

    func suspend(_ name: RecordName, _ reason: SuspenseReason, _ detail: String, fen: Int64? = nil) throws {
        try transaction.execute(
            """
            INSERT INTO suspense (terminal, epoch, sequence, reason, detail, fen, created_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            name.values + [.text(reason.rawValue), .text(detail), .number(fen), .integer(now)])
    }

    /// The terminal says itself that records are lost: somebody has to find out from the cards what they were.
    ///
    /// The report and each stand-in say so again; it is one case.
    private func openCase(_ gap: GapRecord, through last: Int64, _ name: RecordName) throws {
        try transaction.execute(
            """
            INSERT INTO cases (terminal, epoch, first_lost, last_lost, reason, sequence, created_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                .number(name.terminal), .number(name.epoch), .number(gap.from), .integer(last),
                .text("\(gap.reason)"), .number(name.sequence), .integer(now),
            ])
    }
}
