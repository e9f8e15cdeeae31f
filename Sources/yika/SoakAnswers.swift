import FoundationEssentials

/// What a soak said before it ended: the lines it printed, which a later check reads.
struct SoakAnswers {
    /// What was answered for, by sequence.
    var records: [UInt64: SoakRecord] = [:]
    /// How far an acknowledgement was answered for.
    var acknowledged: UInt64 = 0

    /// Takes one line; what a soak says besides is passed over, and so is a line that a kill cut short.
    mutating func read(_ line: String) {
        if line.hasPrefix("{") {
            if let event = try? JSONDecoder().decode(SoakEvent.self, from: Data(line.utf8)) { take(event) }
            return
        }
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

    private mutating func take(_ event: SoakEvent) {
        if let sequence = event.sequence, let base = event.base, let count = event.count {
            records[sequence] = SoakRecord(base: base, count: count)
        } else if event.event == "acknowledged", let through = event.acknowledged {
            acknowledged = max(acknowledged, through)
        }
    }
}
