extension LedgerPath {
    /// `POST`: a new terminal makes itself known; ``EnrolRequest`` → ``EnrolAnswer``.
    ///
    /// The only path besides the status that takes no credential: the enrolment token in the body stands for it, once.
    public static let enrol = "/v1/enrol"
}

/// A terminal makes itself known with a token that the card centre gave out for it.
///
/// The secret was made on the terminal and stored there first; the ledger learns only its hash. So the request can be
/// repeated until its answer arrives: the same token with the same hash is success, with another hash it is refused with
/// `L-ENROLLED`.
public struct EnrolRequest: Codable, Sendable, Hashable {
    /// The token that the card centre gave out for this terminal; good for one secret.
    public var enrolmentToken: String
    /// The terminal's number.
    public var terminal: UInt16
    /// SHA-256 of the secret's characters, in hexadecimal; from now on the secret is the terminal's bearer token.
    public var credentialHash: String

    /// A request with these fields.
    public init(enrolmentToken: String, terminal: UInt16, credentialHash: String) {
        self.enrolmentToken = enrolmentToken
        self.terminal = terminal
        self.credentialHash = credentialHash
    }
}

/// What a terminal is given when it makes itself known.
public struct EnrolAnswer: Codable, Sendable, Hashable {
    /// The terminal's number.
    public var terminal: UInt16
    /// The terminal's name, for people.
    public var name: String
    /// The root key of the journal's chain, 32 bytes in hexadecimal.
    public var journalKey: String
    /// The epoch that the journal is to have.
    public var journalEpoch: UInt32
    /// The campus's key over holder numbers and UIDs, 32 bytes in hexadecimal.
    public var rosterKey: String
    /// The public key that signs rosters, hotlists and settings: Ed25519, 32 bytes in hexadecimal.
    public var publicKey: String
    /// When the credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
    public var expiresMilliseconds: Int64?

    /// An answer with these fields.
    public init(
        terminal: UInt16, name: String, journalKey: String, journalEpoch: UInt32, rosterKey: String, publicKey: String,
        expiresMilliseconds: Int64? = nil
    ) {
        self.terminal = terminal
        self.name = name
        self.journalKey = journalKey
        self.journalEpoch = journalEpoch
        self.rosterKey = rosterKey
        self.publicKey = publicKey
        self.expiresMilliseconds = expiresMilliseconds
    }
}
