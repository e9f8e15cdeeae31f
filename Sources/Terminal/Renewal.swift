import Crypto
import Journal
import LedgerProtocol
import Platform
public import Sync

/// Replaces a terminal's credential before it ends, as often as the ledger finds that it is time.
///
/// As in an ``Enrolment`` the secret is durable here before the ledger hears of it. Whatever breaks off where, the next
/// run goes on with the same secret; were the old one to run out meanwhile, the new one itself is shown.
public struct Renewal {
    /// How it ended.
    public struct Result: Hashable, Sendable {
        /// Whether the credentials file holds a new secret; `false`: it was not time yet.
        public let isRenewed: Bool
        /// When the credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
        public let expiresMilliseconds: Int64?
    }

    private struct Draft: Codable {
        /// The hash of the secret that is to be replaced.
        var replaces: String
        var secret: String
    }

    private let terminal: UInt16
    private let credentials: CredentialsPlace
    private let client: any RenewalClient

    /// A renewal for the terminal of that number.
    ///
    /// - Parameter credentials: where they lie. What is to follow them waits besides them, so that where they cannot be
    ///   written the ledger is not asked.
    public init(terminal: UInt16, credentials: CredentialsPlace, client: any RenewalClient) {
        self.terminal = terminal
        self.credentials = credentials
        self.client = client
    }

    /// Renews the credential if it is time, or finishes what was begun.
    public func run() throws(EnrolmentError) -> Result {
        guard var file: CredentialsFile = try credentials.read(credentials.name) else {
            throw .notEnrolled
        }
        let (secret, isOld) = try secret(replacing: file.token)
        let answer = try ask(for: secret, showing: file.token, mayBeKnown: isOld)
        guard answer.renewed else { return Result(isRenewed: false, expiresMilliseconds: answer.expiresMilliseconds) }
        file.token = secret
        try credentials.store(file, as: credentials.name)
        // It lies in one place from now on.
        try credentials.store(Draft(replaces: "", secret: ""), as: credentials.nextName)
        return Result(isRenewed: true, expiresMilliseconds: answer.expiresMilliseconds)
    }

    /// The secret that is to follow `token`, durable: found again, or made now.
    private func secret(replacing token: String) throws(EnrolmentError) -> (secret: String, isOld: Bool) {
        let replaces = Self.hash(token)
        if let found: Draft = try credentials.read(credentials.nextName), found.replaces == replaces {
            // Whoever made it may have been stopped before its name was durable.
            try SecretFile.stored { () throws(StorageError) in try credentials.storage.syncDirectory() }
            return (found.secret, true)
        }
        let draft = Draft(replaces: replaces, secret: SecretFile.newSecret())
        try credentials.store(draft, as: credentials.nextName)
        return (draft.secret, false)
    }

    private func ask(
        for secret: String, showing token: String, mayBeKnown: Bool
    ) throws(EnrolmentError) -> RenewalAnswer {
        let request = RenewalRequest(credentialHash: Self.hash(secret))
        do throws(LedgerClientError) {
            do throws(LedgerClientError) {
                return try client.renew(request, of: terminal, showing: .bearer(token))
            } catch {
                guard error.kind == .denied, mayBeKnown else { throw error }
                return try client.renew(request, of: terminal, showing: .bearer(secret))
            }
        } catch {
            throw .ledger(error)
        }
    }

    private static func hash(_ secret: String) -> String { SHA256.hash(data: Array(secret.utf8)).hex() }
}
