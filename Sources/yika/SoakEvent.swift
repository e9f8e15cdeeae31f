import FoundationEssentials

/// One line of a soak: words that whoever drives it and a later check read, or under `--json` an object.
struct SoakEvent: Codable {
    let event: String
    private(set) var last: UInt64?
    private(set) var sequence: UInt64?
    private(set) var base: UInt64?
    private(set) var count: UInt64?
    private(set) var acknowledged: UInt64?
    private(set) var checked: Int?
    private(set) var detail: String?

    private init(_ event: String) { self.event = event }

    /// The journal was opened: its last record, and the last acknowledged one.
    static func opened(last: UInt64, acknowledged: UInt64) -> SoakEvent {
        var event = SoakEvent("opened")
        (event.last, event.acknowledged) = (last, acknowledged)
        return event
    }

    /// The record is durable from now on.
    static func answered(_ sequence: UInt64, _ record: SoakRecord) -> SoakEvent {
        SoakEvent("answered", sequence, record)
    }

    /// The record is there, and nobody had been told of it; from now on it is answered for.
    static func found(_ sequence: UInt64, _ record: SoakRecord) -> SoakEvent { SoakEvent("found", sequence, record) }

    /// The acknowledgement up to this record is durable from now on.
    static func acknowledged(_ sequence: UInt64) -> SoakEvent {
        var event = SoakEvent("acknowledged")
        event.acknowledged = sequence
        return event
    }

    /// So many records were compared.
    static func checked(_ records: Int) -> SoakEvent {
        var event = SoakEvent("checked")
        event.checked = records
        return event
    }

    /// Something that the journal found damaged when it was opened.
    static func damage(_ detail: String) -> SoakEvent { SoakEvent("damage", detail) }

    /// Something that was answered for and is not as it was.
    static func lost(_ detail: String) -> SoakEvent { SoakEvent("lost", detail) }

    private init(_ event: String, _ sequence: UInt64, _ record: SoakRecord) {
        self.event = event
        (self.sequence, base, count) = (sequence, record.base, record.count)
    }

    private init(_ event: String, _ detail: String) {
        self.event = event
        self.detail = detail
    }

    /// Says it at once.
    func say() {
        if Session.isJSON, let line = try? jsonLine(self) { LineOutput.print(line) } else { LineOutput.print(line) }
    }

    private var line: String {
        if let detail { return "\(event): \(detail)" }
        let numbers = [last, sequence, base, count, acknowledged, checked.map { UInt64($0) }].compactMap(\.self)
        return ([event] + numbers.map { "\($0)" }).joined(separator: " ")
    }
}
