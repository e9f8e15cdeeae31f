/// What a soak said before it ended: the lines it printed, which a later check reads.
struct SoakAnswers {
    /// What was answered for, by sequence.
    var records: [UInt64: SoakRecord] = [:]
    /// How far an acknowledgement was answered for.
    var acknowledged: UInt64 = 0

    /// Takes one line; what a soak says besides is passed over, and so is a line that a kill cut short.
    mutating func read(_ line: String) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { UInt64($0) }
        switch (words.first, numbers.count) {
        case ("answered", 3), ("found", 3):
            records[numbers[0]] = SoakRecord(base: numbers[1], count: numbers[2])
        case ("acknowledged", 1):
            acknowledged = max(acknowledged, numbers[0])
        default: break
        }
    }

    static func line(_ word: String, _ sequence: UInt64, _ record: SoakRecord) -> String {
        "\(word) \(sequence) \(record.base) \(record.count)"
    }
}
