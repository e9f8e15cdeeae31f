import Platform

extension LedgerPath {
    /// `POST`: a terminal closes its day; ``Closing`` → ``ClosingAnswer``.
    public static func closings(terminal: UInt16) -> String { "/v1/terminals/\(terminal)/closings" }
}

/// A stretch of a journal in figures: what a terminal and the ledger compare when a day is closed (日结).
public struct Closing: Codable, Sendable, Hashable {
    /// What records of one kind come to.
    public struct Line: Codable, Sendable, Hashable {
        /// The records' type.
        public var type: UInt8
        /// How what they tell of ended (``SaleResult``, ``ActivationResult``); 0 where records of the type do not say.
        public var result: UInt8
        /// How many there are.
        public var count: UInt64
        /// What they name in fen, added up; for activations the small purses.
        public var fen: Int64

        /// A line with these fields.
        public init(type: UInt8, result: UInt8, count: UInt64, fen: Int64) {
            self.type = type
            self.result = result
            self.count = count
            self.fen = fen
        }
    }

    /// The day that the terminal closes, as `YYYY-MM-DD`, by its own reckoning.
    public var day: String
    /// The journal's epoch.
    public var epoch: UInt32
    /// The first record.
    public var first: UInt64
    /// The last record; one less than `first` when there was none.
    public var last: UInt64
    /// How many records there are.
    public var count: UInt64
    /// What they come to, ascending by type and result.
    public var lines: [Line]
    /// The chain MAC of the last record in hexadecimal: the same only if every record before it is.
    public var chainHead: String

    /// A closing with these fields.
    public init(
        day: String, epoch: UInt32, first: UInt64, last: UInt64, count: UInt64, lines: [Line], chainHead: String
    ) {
        self.day = day
        self.epoch = epoch
        self.first = first
        self.last = last
        self.count = count
        self.lines = lines
        self.chainHead = chainHead
    }
}

/// Adds up records for a ``Closing``; the terminal and the ledger both do it with this.
public struct ClosingTally: Sendable {
    private struct Kind: Hashable, Comparable {
        let type: UInt8
        let result: UInt8

        static func < (left: Kind, right: Kind) -> Bool { (left.type, left.result) < (right.type, right.result) }
    }

    private var lines: [Kind: (count: UInt64, fen: Int64)] = [:]
    /// How many records were added.
    public private(set) var count: UInt64 = 0

    /// Of no records.
    public init() {}

    /// Adds a record of the journal by its type and its payload; one that cannot be read counts, and names no money.
    public mutating func add(type: UInt8, payload: [UInt8]) {
        let (result, fen) = Self.reading(type, payload)
        let kind = Kind(type: type, result: result)
        let line = lines[kind] ?? (0, 0)
        // A record of nonsense must stop neither side; both reckon alike.
        lines[kind] = (line.count + 1, line.fen &+ fen)
        count += 1
    }

    /// The closing of the records added.
    public func closing(day: String, epoch: UInt32, first: UInt64, last: UInt64, chainHead: String) -> Closing {
        Closing(
            day: day, epoch: epoch, first: first, last: last, count: count,
            lines: lines.sorted { $0.key < $1.key }.map {
                Closing.Line(type: $0.key.type, result: $0.key.result, count: $0.value.count, fen: $0.value.fen)
            }, chainHead: chainHead)
    }

    private static func reading(_ type: UInt8, _ payload: [UInt8]) -> (result: UInt8, fen: Int64) {
        switch type {
        case ActivationRecordType.outcome:
            ActivationOutcome(decoding: payload).map { ($0.result.rawValue, $0.smallPurse?.rawValue ?? 0) } ?? (0, 0)
        case SaleRecordType.intent, SaleRecordType.outcome:
            SaleRecord(decoding: payload).map { ($0.result.rawValue, Int64($0.amount)) } ?? (0, 0)
        default: (0, 0)
        }
    }
}

/// What the ledger answers to a ``Closing``: its own figures of the same records, and why they differ if they do.
public struct ClosingAnswer: Codable, Sendable, Hashable {
    /// Something that explains a difference, or may come to be one.
    public struct Finding: Codable, Sendable, Hashable {
        /// What it is.
        public enum Code: String, Codable, Sendable, CaseIterable {
            /// Records have not arrived; the terminal still sends them.
            case notYetHere = "not-yet-here"
            /// An upload was set aside, because it contradicts what is stored.
            case quarantined
            /// The terminal itself has reported records as lost.
            case gapDeclared = "gap-declared"
            /// The figures differ, and nothing above explains it.
            case unexplained
        }

        /// What it is.
        public var code: Code
        /// The same in a sentence.
        public var message: String
        /// The first record that it is about.
        public var first: UInt64
        /// The last record that it is about.
        public var last: UInt64

        /// A finding with these fields.
        public init(code: Code, message: String, first: UInt64, last: UInt64) {
            self.code = code
            self.message = message
            self.first = first
            self.last = last
        }
    }

    /// Whether both sides have the same figures and the same chain head.
    public var agrees: Bool
    /// The ledger's own figures; its chain head is that of the last record that it has of these, empty if of none.
    public var ledger: Closing
    /// What is to be known about them; with figures that agree a gap that the terminal declared, or nothing.
    public var findings: [Finding]
    /// How many of the records wait in suspense for a person.
    public var inSuspense: UInt64

    /// An answer with these fields.
    public init(agrees: Bool, ledger: Closing, findings: [Finding], inSuspense: UInt64) {
        self.agrees = agrees
        self.ledger = ledger
        self.findings = findings
        self.inSuspense = inSuspense
    }

    /// Whether asking again later can bring another answer.
    public var isFinal: Bool { !findings.contains { $0.code == .notYetHere } }
}
