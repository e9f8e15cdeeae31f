public import Health
public import Platform

/// What one check of a box found.
public struct Finding: Sendable, Hashable {
    /// How it stands.
    public enum Verdict: Sendable, Hashable {
        /// As it should be.
        case well
        /// Not as it should be; the notice has the words and the next step.
        case trouble(Notice)
        /// It could not be looked at, because something else is missing first; or it is none of this box's.
        case skipped
    }

    /// The check's name, such as `disk-space`.
    public let check: String
    /// How it stands.
    public let verdict: Verdict
    /// The particulars; never a key, a PIN or a full card number.
    public let detail: Text

    /// A finding of the check of that name.
    public init(_ check: String, _ verdict: Verdict, _ detail: Text) {
        self.check = check
        self.verdict = verdict
        self.detail = detail
    }

    /// Whether nothing was looked at, because what another check has told comes first.
    public var isWaiting: Bool { self == .waiting(check) }

    /// The notice, where something is wrong.
    public var notice: Notice? { if case .trouble(let notice) = verdict { notice } else { nil } }
}

extension Text {
    /// What is the same in every language: a path, a number, a program's own words.
    init(plain text: String) { self.init(text, text) }
}
