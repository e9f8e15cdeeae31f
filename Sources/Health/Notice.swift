/// Something that a person may have to know: a fault of the terminal, or how a tap ended. All wording lives here.
///
/// A code, once shipped, keeps its meaning for ever; people cite it on the telephone.
public struct Notice: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// The terminal cannot serve.
        case outOfService = "out-of-service"
        /// It serves, but something needs a technician.
        case degraded
        /// A holder was told; nothing is wrong with the terminal.
        case holder
    }

    /// The code, for example `YK-R01`.
    public let code: String
    /// The name in logs and `--json`, for example `pcscd-unreachable`.
    public let id: String
    /// How bad it is.
    public let severity: Severity
    /// What is the matter.
    public let title: Text
    /// The one thing to do next.
    public let nextStep: Text

    /// A sentence in both languages.
    public struct Text: Sendable, Hashable {
        /// In Chinese.
        public let chinese: String
        /// In English.
        public let english: String

        init(_ chinese: String, _ english: String) {
            self.chinese = chinese
            self.english = english
        }
    }

    init(_ code: String, _ id: String, _ severity: Severity, title: Text, nextStep: Text) {
        self.code = code
        self.id = id
        self.severity = severity
        self.title = title
        self.nextStep = nextStep
    }
}
