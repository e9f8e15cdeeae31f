import Journal
import LedgerProtocol
import Platform

/// A sale whose card left in the middle, and what has been found out about it since.
///
/// What becomes of it follows from what is known, never from what came first, so that records of different terminals
/// may arrive in any order:
///
/// - The terminal's own word, a later record for the same intent, outranks all: that record moves the money.
/// - Another use of the card with the same sequence shows that the card was found unchanged: nobody pays.
/// - Else a use with a higher one shows that it did happen: it is charged. Of several sales in doubt at one sequence
///   only one can have happened, and nobody can tell which: they are left to a person.
/// - What a person has decided stands, unless the terminal's own word comes after all.
///
/// A use is a sale that is done. A sale taken back and a refund carry the sequence at which the card was seen.
struct Doubt: Equatable {
    enum State: String {
        /// Nobody knows, or nobody can be charged: it waits for a person.
        case open
        /// The terminal has said itself what became of it, in a record that does the rest.
        case told
        /// It happened, and was charged.
        case used
        /// It did not happen.
        case unused
        /// The terminal has reported it twice.
        case repeated
        /// A person has charged it.
        case charged
        /// A person has let the university bear it.
        case writtenOff = "written-off"
        /// A person has found that it did not happen.
        case dismissed

        /// Whether its money has gone to the canteen.
        var isPaid: Bool { self == .used || self == .charged || self == .writtenOff }
        /// Whether a person has decided.
        var isDecided: Bool { self == .charged || self == .writtenOff || self == .dismissed }
    }

    let name: RecordName
    let sale: SaleRecord
    /// When it was begun, by the terminal's wall clock, in milliseconds since 1970-01-01 UTC.
    let made: Int64
    var state = State.open
    /// The terminal's own word.
    var told: RecordName?
    /// A use of the card with the same sequence.
    var same: RecordName?
    /// A use of the card with a higher one.
    var later: RecordName?
    /// How many transfers there are in its name.
    var steps = 0
    /// How much of what was charged a subsidy has paid, in fen.
    var subsidy: Int64 = 0
    /// Why it could not be charged, in the words of suspense.
    var objection: String?
    /// What the terminal's own word was.
    var isToldDone = false
    /// Whether the books do not have it yet.
    var isNew = false
    /// Whether something was found out about it that the books do not have yet.
    var isTouched = false

    /// Whether the end of a sale leaves open how it ended.
    static func isInDoubt(_ sale: SaleRecord) -> Bool { sale.result == .inDoubt || sale.result == .intended }

    var account: Int64 { Int64(clamping: sale.account) }
    var fen: Int64 { Int64(sale.amount) }
    var card: CardUse? { CardUse(sale) }

    /// The name of its transfer number `step`, counted from 1.
    static func transfer(_ name: RecordName, step: Int) -> String { "doubt:\(name):\(step)" }
}

/// A use of a card, as its sequence tells it from every other.
struct CardUse: Hashable {
    let account: Int64
    let serial: UInt32
    let uid: [UInt8]
    let sequence: UInt32

    /// The use that a record is about; `nil` without a card.
    init?(_ sale: SaleRecord) {
        guard sale.medium == .card, !sale.uid.isEmpty else { return nil }
        account = Int64(clamping: sale.account)
        serial = sale.cardSerial
        uid = sale.uid
        sequence = sale.cardSequence
    }

    func isOfSameCard(as other: CardUse) -> Bool {
        account == other.account && serial == other.serial && uid == other.uid
    }
}

// MARK: In the books

extension Doubt {
    /// Tells a use from everything else in `sales`, by the stored record: byte 13 of a sale's payload is its result, a
    /// slot's payload begins at byte 36, and `substr` counts from 1.
    static let isUse = "substr(r.raw, 50, 1) = ?"
    static let use = SQLValue.blob([SaleResult.done.rawValue])

    /// The sales in doubt of `accounts`, and which of them nobody has looked back for yet.
    static func read(of accounts: [Int64], in transaction: any LedgerTransaction) throws -> [(Doubt, isUnseen: Bool)] {
        var found: [(Doubt, isUnseen: Bool)] = []
        try transaction.forEach(
            """
            SELECT d.terminal, d.epoch, d.sequence, r.raw, d.state, d.told_by, d.same_by, d.later_by, d.steps,
                d.subsidy_fen, d.looked_back
            FROM doubts d JOIN records r ON r.terminal = d.terminal AND r.epoch = d.epoch AND r.sequence = d.sequence
            WHERE d.account IN (?)
            """, among: accounts.map { .integer($0) }
        ) { row in
            guard let slot = try? Slot(decoding: try row.blob(3)), let sale = SaleRecord(decoding: slot.payload),
                let state = State(rawValue: try row.text(4))
            else { throw LedgerDamage("a sale in doubt that is none") }
            var doubt = Doubt(name: try RecordName(row), sale: sale, made: slot.wallMilliseconds, state: state)
            doubt.told = try row.recordName(5)
            doubt.same = try row.recordName(6)
            doubt.later = try row.recordName(7)
            doubt.steps = try row.number(8)
            doubt.subsidy = try row.integer(9)
            found.append((doubt, try row.integer(10) == 0))
        }
        return found.sorted { $0.0.name < $1.0.name }
    }

    /// The use in the books with the lowest sequence from `use` on, of the same card.
    static func firstUse(
        notBefore use: CardUse, in transaction: any LedgerTransaction
    ) throws -> (name: RecordName, sequence: UInt32)? {
        let row = try transaction.first(
            """
            SELECT s.terminal, s.epoch, s.sequence, s.card_sequence FROM sales s
            JOIN records r ON r.terminal = s.terminal AND r.epoch = s.epoch AND r.sequence = s.sequence
            WHERE s.account = ? AND s.serial = ? AND s.card_sequence >= ? AND s.uid = ? AND \(isUse)
            ORDER BY s.card_sequence, s.terminal, s.epoch, s.sequence LIMIT 1
            """,
            [.integer(use.account), .number(use.serial), .number(use.sequence), .blob(use.uid), Self.use])
        return try row.map { (try RecordName($0), try $0.number(3)) }
    }

    /// What is to be read in `suspense` about it.
    private var words: (detail: String, resolution: String?) {
        let detail = objection.map { "account \(sale.account): \($0)" } ?? "account \(sale.account)"
        let by = { (name: RecordName?) in name.map { "\($0)" } ?? "nobody" }
        let resolution: String? =
            switch state {
            case .open, .charged, .writtenOff, .dismissed: nil
            case .told: "settled: \(isToldDone ? "done" : "undone") by \(by(told))"
            case .used: "settled: happened, as the card's later use \(by(later)) shows"
            case .unused: "settled: did not happen, as the card's use \(by(same)) shows"
            case .repeated: "settled: reported before"
            }
        return (detail, resolution)
    }

    /// Its rows in `doubts` and in `suspense`, as new ones.
    func rows(now: Int64) -> (doubt: [SQLValue], suspense: [SQLValue]) {
        let (detail, resolution) = words
        return (
            name.values + [.integer(account)] + facts + [.integer(1)],
            name.values + [
                .text(SuspenseReason.inDoubt.rawValue), .text(detail), .integer(fen), .integer(now),
                resolution == nil ? .null : .integer(now), .text(resolution),
            ]
        )
    }

    /// What changes in its rows, each followed by its name.
    func changes(now: Int64) -> (doubt: [SQLValue], suspense: [SQLValue]) {
        let (detail, resolution) = words
        return (
            facts + [.integer(1)] + name.values,
            [.text(detail), resolution == nil ? .null : .integer(now), .text(resolution)] + name.values
        )
    }

    private var facts: [SQLValue] {
        [
            .text(state.rawValue), .text(told?.description), .text(same?.description), .text(later?.description),
            .number(steps), .integer(subsidy),
        ]
    }

    static let columns = [
        "terminal", "epoch", "sequence", "account", "state", "told_by", "same_by", "later_by", "steps", "subsidy_fen",
        "looked_back",
    ]
}

extension SQLRow {
    /// The name of a record that a column may hold.
    func recordName(_ column: Int) throws -> RecordName? {
        guard !isNull(column) else { return nil }
        guard let name = RecordName(text: try text(column)) else { throw LedgerDamage("the name of a record") }
        return name
    }
}
