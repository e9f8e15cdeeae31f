public import Platform

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
    /// What it means for holders and money; `nil` for how a tap ended.
    public let impact: Text?
    /// The one thing to do next.
    public let nextStep: Text
    /// Codes of conditions that explain this one: while one of them holds, this one is not shown.
    public let dependsOn: [String]
    /// How long it has to hold before people see it, in seconds: what mends itself at once is no news.
    public let visibleAfterSeconds: Int64

    init(
        _ code: String, _ id: String, _ severity: Severity, title: Text, impact: Text? = nil, nextStep: Text,
        dependsOn: [String] = [], visibleAfterSeconds: Int64 = 0
    ) {
        self.code = code
        self.id = id
        self.severity = severity
        self.title = title
        self.impact = impact
        self.nextStep = nextStep
        self.dependsOn = dependsOn
        self.visibleAfterSeconds = visibleAfterSeconds
    }
}

extension Notice {
    private static let byCode = Dictionary(
        uniqueKeysWithValues: (conditions + outcomes + saleOutcomes).map { ($0.code, $0) })

    /// The condition or outcome with this code.
    public static func named(_ code: String?) -> Notice? { code.flatMap { byCode[$0] } }

    /// The first 13 bytes of every message identifier of ours, drawn at random once.
    private static let messagePrefix = "7c1f0a5be93d4e6f8a2b64d1c0"

    /// The identifier of the code's messages in the system's log (sd-id128(3)), by which its catalogue explains them:
    /// what all of ours begin with, and the code's letter and digits in ASCII.
    public var messageID: String {
        Self.messagePrefix + code.utf8.suffix(3).map { String($0, radix: 16) }.joined()
    }
}
