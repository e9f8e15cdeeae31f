import Crypto
public import Journal
import LedgerProtocol
import Platform
public import Sync

/// Replaces a terminal's credential before it ends, as often as the ledger finds that it is time.
///
/// As in an ``Enrolment`` the secret is durable here before the ledger hears of it. Whatever breaks off where, the next
/// run goes on with the same secret; were the old one to run out meanwhile, the new one itself is shown.
public struct Renewal {
    /// The file in the state folder that a secret waits in until the ledger has taken it.
    static let draftName = "renewal.json"

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
    private let state: any JournalStorage
    private let credentials: (storage: any JournalStorage, name: String)
    private let client: any RenewalClient

    /// A renewal for the terminal of that number.
    ///
    /// - Parameters:
    ///   - state: the state folder.
    ///   - credentials: the folder and the name of the credentials file.
    public init(
        terminal: UInt16, state: any JournalStorage, credentials: (storage: any JournalStorage, name: String),
        client: any RenewalClient
    ) {
        self.terminal = terminal
        self.state = state
        self.credentials = credentials
        self.client = client
    }

    /// Renews the credential if it is time, or finishes what was begun.
    public func run() throws(EnrolmentError) -> Result {
        guard var file: CredentialsFile = try SecretFile.read(credentials.name, in: credentials.storage) else {
            throw .notEnrolled
        }
        let (secret, isOld) = try secret(replacing: file.token)
        let answer = try ask(for: secret, showing: file.token, mayBeKnown: isOld)
        guard answer.renewed else { return Result(isRenewed: false, expiresMilliseconds: answer.expiresMilliseconds) }
        file.token = secret
        try SecretFile.store(file, as: credentials.name, in: credentials.storage)
        // It lies in one place from now on.
        try SecretFile.store(Draft(replaces: "", secret: ""), as: Self.draftName, in: state)
        return Result(isRenewed: true, expiresMilliseconds: answer.expiresMilliseconds)
    }

    /// The secret that is to follow `token`, durable: found again, or made now.
    private func secret(replacing token: String) throws(EnrolmentError) -> (secret: String, isOld: Bool) {
        let replaces = Self.hash(token)
        if let found: Draft = try SecretFile.read(Self.draftName, in: state), found.replaces == replaces {
            // Whoever made it may have been stopped before its name was durable.
            try SecretFile.stored { () throws(StorageError) in try state.syncDirectory() }
            return (found.secret, true)
        }
        let draft = Draft(replaces: replaces, secret: SecretFile.newSecret())
        try SecretFile.store(draft, as: Self.draftName, in: state)
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
