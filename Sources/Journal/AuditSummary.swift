/// Why a directory cannot be audited.
public enum AuditError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing in it tells of a journal.
    case noJournal
    /// Files of several terminals lie in it.
    case severalTerminals([UInt16])
    /// The files cannot be read, or this program must not judge them.
    case journal(JournalError)

    /// What it is, in words for a technician.
    public var description: String {
        switch self {
        case .noJournal: "holds no journal; give the directory that has its segments"
        case .severalTerminals(let numbers): "holds files of terminals \(numbers); sort them apart first"
        case .journal(let error): error.description
        }
    }
}

/// What an audit found.
///
/// The field's names are those of `tools/journal-dump --json`.
public struct AuditSummary: Hashable, Sendable {
    /// Whether anything is wrong that is not known already.
    ///
    /// Lost records that a gap record reports, or that the ledger has, leave a journal valid, and so do damaged headers
    /// of segments that the ledger has; they are listed all the same.
    public enum Status: String, Sendable, Encodable {
        /// Nothing is.
        case valid
        /// Records are lost and nothing reports it, the chain is broken, a header is damaged, or the cursor is lost.
        case damaged
    }

    /// What lies in the place of a lost record.
    public enum Kind: String, Sendable, Encodable {
        /// Bytes that are no record.
        case damaged
        /// Zeros.
        case unwritten
        /// No file, or a file that ends before.
        case missing
    }

    /// A stretch of lost records.
    public struct Stretch: Hashable, Sendable, Encodable {
        /// The first lost sequence.
        public var from: UInt64
        /// The last lost sequence.
        public var to: UInt64
        /// What lies in their place.
        public var kind: Kind
    }

    /// A gap record that was found.
    public struct Gap: Hashable, Sendable, Encodable {
        /// The gap record's own sequence.
        public var sequence: UInt64
        /// The first lost sequence.
        public var from: UInt64
        /// The last lost sequence.
        public var to: UInt64
        /// Why they are lost: `damaged`, `unwritten`, `missing`, or `doubtful` for what was perhaps never answered for.
        public var reason: String
    }

    /// Whether there is a cursor to go by.
    public enum Cursor: String, Sendable, Encodable {
        /// There is.
        case sound
        /// It is not there, or neither of its sectors is sound.
        case lost
    }

    /// What the chain says.
    public enum Chain: String, Sendable, Encodable {
        /// Every record that can be verified follows from the one before.
        case verified
        /// No key was given.
        case notChecked = "not-checked"
        /// A record or a header does not follow, or a key step was left out or taken early.
        case broken
    }

    /// Whether anything is wrong that is not known already.
    public var status = Status.valid
    /// Whose journal it is; `nil` when no sound part tells.
    public var terminal: UInt16?
    /// The journal's epoch.
    public var epoch: UInt32
    /// Sound records.
    public var records: UInt64 = 0
    /// The first sound record; 0 when there is none.
    public var first: UInt64 = 0
    /// The last sound record; 0 when there is none.
    public var last: UInt64 = 0
    /// The sequence that the next record gets.
    public var next: UInt64
    /// The last record that the ledger has; 0 when none.
    public var acknowledged: UInt64
    /// Slots after the end that were cut short, and never answered for.
    public var tornSlots = 0
    /// The gap records.
    public var gaps: [Gap] = []
    /// Lost records that the ledger does not have and that no gap record reports.
    public var damage: [Stretch] = []
    /// Lost records that a gap record reports.
    public var reported: [Stretch] = []
    /// Other lost records that the ledger has, in segments that are still there.
    public var acknowledgedDamage: [Stretch] = []
    /// The first sequences, by their names, of segments with a damaged header.
    public var damagedHeaders: [UInt64] = []
    /// Whether there is a cursor to go by.
    public var cursor = Cursor.sound
    /// What the chain says.
    public var chain = Chain.notChecked
    /// The first record, or first sequence of a header, that does not follow from what is before it.
    public var firstBreak: UInt64?
    /// Records that cannot be verified, because what they are chained to is lost.
    public var unverified = 0
}

extension AuditSummary: Encodable {
    private enum CodingKeys: String, CodingKey {
        case status, terminal, epoch, records, first, last, next, acknowledged, tornSlots, gaps, damage, reported
        case acknowledgedDamage, damagedHeaders, cursor, chain, firstBreak, unverified
    }

    /// Encodes every field, what is not known as null.
    ///
    /// Readers in other languages look for every field.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status, forKey: .status)
        try container.encode(terminal, forKey: .terminal)
        try container.encode(epoch, forKey: .epoch)
        try container.encode(records, forKey: .records)
        try container.encode(first, forKey: .first)
        try container.encode(last, forKey: .last)
        try container.encode(next, forKey: .next)
        try container.encode(acknowledged, forKey: .acknowledged)
        try container.encode(tornSlots, forKey: .tornSlots)
        try container.encode(gaps, forKey: .gaps)
        try container.encode(damage, forKey: .damage)
        try container.encode(reported, forKey: .reported)
        try container.encode(acknowledgedDamage, forKey: .acknowledgedDamage)
        try container.encode(damagedHeaders, forKey: .damagedHeaders)
        try container.encode(cursor, forKey: .cursor)
        try container.encode(chain, forKey: .chain)
        try container.encode(firstBreak, forKey: .firstBreak)
        try container.encode(unverified, forKey: .unverified)
    }
}
