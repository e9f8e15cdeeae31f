public import Platform

/// Something that happened at this terminal, as the control socket streams it: one JSON object a line.
///
/// It carries no key, no holder number and no full UID.
public struct TerminalEvent: Encodable, Sendable, Hashable {
    /// What happened: `tap`, `step`, `ended`, `prompt`, `acknowledged`, `condition`, …
    public var event: String
    /// When, in milliseconds since boot.
    public var at: Int64
    /// The tap that it belongs to, counted from 1 since start.
    public var tap: UInt64?
    /// The reader's name.
    public var reader: String?
    /// The card, masked.
    public var card: String?
    /// The name of the step, the prompt's phase, or the condition's change.
    public var what: String?
    /// Particulars, for people.
    public var detail: String?
    /// The stable code of an outcome or a condition.
    public var code: String?
    /// A journal sequence.
    public var sequence: UInt64?
    /// Time since the tap, in milliseconds.
    public var milliseconds: Int64?
    /// APDUs sent in this tap.
    public var apdus: Int?
    /// What one APDU took, in microseconds.
    public var microseconds: Int64?

    /// An event with a name and a time; the rest as it applies.
    public init(
        _ event: String, at: Instant, tap: UInt64? = nil, reader: String? = nil, card: String? = nil,
        what: String? = nil, detail: String? = nil, code: String? = nil, sequence: UInt64? = nil,
        milliseconds: Int64? = nil, apdus: Int? = nil
    ) {
        self.event = event
        self.at = at.milliseconds
        self.tap = tap
        self.reader = reader
        self.card = card
        self.what = what
        self.detail = detail
        self.code = code
        self.sequence = sequence
        self.milliseconds = milliseconds
        self.apdus = apdus
    }
}
