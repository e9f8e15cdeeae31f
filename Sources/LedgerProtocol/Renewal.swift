extension LedgerPath {
    /// `POST`: a terminal replaces its credential before it ends; ``RenewalRequest`` → ``RenewalAnswer``.
    ///
    /// It shows the credential that it has. The ledger decides whether it is time, so that a terminal may ask every day.
    public static func credential(terminal: UInt16) -> String { "/v1/terminals/\(terminal)/credential" }
}

/// A terminal asks to be known by another secret from now on.
///
/// As with an enrolment the secret was made and stored on the terminal first, and the request can be repeated until its
/// answer arrives. Shown with the new secret itself, it asks whether that is known already.
public struct RenewalRequest: Codable, Sendable, Hashable {
    /// SHA-256 of the new secret's characters, in hexadecimal.
    public var credentialHash: String

    /// A request for this secret.
    public init(credentialHash: String) { self.credentialHash = credentialHash }
}

/// Whether a terminal is known by its new secret now.
public struct RenewalAnswer: Codable, Sendable, Hashable {
    /// `true`: the new secret is good, and the old one for a day more; `false`: it is not time yet, the old one stays.
    public var renewed: Bool
    /// When the credential that is good now ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
    public var expiresMilliseconds: Int64?

    /// An answer with these fields.
    public init(renewed: Bool, expiresMilliseconds: Int64?) {
        self.renewed = renewed
        self.expiresMilliseconds = expiresMilliseconds
    }
}
