/// What a terminal shows the ledger to be let in. It never prints.
public enum LedgerCredential: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// A secret that only this terminal and, as a hash, the ledger know; it travels in every request, so only over TLS.
    case bearer(String)

    /// The value for people; nothing secret.
    public var description: String { "LedgerCredential(hidden)" }

    /// Shows nothing to whoever dumps a value that holds it.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The header lines that it adds to a request.
    var headers: [String] {
        switch self {
        case .bearer(let token): ["Authorization: Bearer \(token)"]
        }
    }
}
