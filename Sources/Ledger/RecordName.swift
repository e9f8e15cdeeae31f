/// The name of a record, the same everywhere and for ever.
struct RecordName: Hashable, Sendable, Comparable, CustomStringConvertible {
    let terminal: UInt16
    let epoch: UInt32
    let sequence: UInt64

    init(terminal: UInt16, epoch: UInt32, sequence: UInt64) {
        self.terminal = terminal
        self.epoch = epoch
        self.sequence = sequence
    }

    /// The name in a row's first three columns.
    init(_ row: SQLRow) throws {
        self.init(terminal: try row.number(0), epoch: try row.number(1), sequence: try row.number(2))
    }

    var values: [SQLValue] { [.number(terminal), .number(epoch), .number(sequence)] }

    var description: String { "\(terminal)/\(epoch)/\(sequence)" }

    static func < (left: RecordName, right: RecordName) -> Bool {
        (left.terminal, left.epoch, left.sequence) < (right.terminal, right.epoch, right.sequence)
    }
}
