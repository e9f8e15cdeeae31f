import Crypto
public import Journal
import LedgerProtocol
import Platform
public import Sync

/// Makes a terminal known to the ledger, once: afterwards it has its credentials and, if it begins a journal, its key.
///
/// The secret is made here and is durable before the ledger hears of it, so that whatever breaks off where, the same call
/// again ends in the same place: the ledger takes the same secret as often as it is told.
public struct Enrolment {
    /// The file in the state folder that a secret waits in until the ledger has taken it.
    static let draftName = "enrolment.json"
    /// What it lays into the state folder.
    public static let stateFiles = [JournalKeyFile.name, draftName]

    /// What the configuration says of the terminal, which the ledger has to confirm.
    public struct Expected: Sendable {
        /// The terminal's number.
        public var terminal: UInt16
        /// The journal's epoch.
        public var journalEpoch: UInt32
        /// The key that signs rosters, 32 bytes in hexadecimal.
        public var publicKey: String

        /// What is expected.
        public init(terminal: UInt16, journalEpoch: UInt32, publicKey: String) {
            self.terminal = terminal
            self.journalEpoch = journalEpoch
            self.publicKey = publicKey
        }
    }

    /// How it ended.
    public struct Result: Hashable, Sendable {
        /// The terminal's name in the ledger.
        public let name: String
        /// Whether the journal's root key was laid into the state folder; not where there is a journal already.
        public let hasLaidKey: Bool
        /// When the credential ends, in milliseconds since 1970-01-01 UTC; `nil` when it does not.
        public let expiresMilliseconds: Int64?
    }

    private struct Draft: Codable {
        var terminal: UInt16
        /// The hash of the enrolment token that the secret was made for.
        var enrolment: String
        /// `nil`: the ledger took it, and it is in the credentials.
        var secret: String?
    }

    private let expected: Expected
    private let state: any JournalStorage
    private let journal: (any JournalStorage)?
    private let credentials: CredentialsPlace
    private let client: any EnrolmentClient

    /// An enrolment of the terminal `expected`.
    ///
    /// - Parameters:
    ///   - state: the state folder.
    ///   - journal: the journal's folder; `nil` when there is none yet.
    ///   - credentials: where they are to lie.
    public init(
        expected: Expected, state: any JournalStorage, journal: (any JournalStorage)?,
        credentials: CredentialsPlace, client: any EnrolmentClient
    ) {
        self.expected = expected
        self.state = state
        self.journal = journal
        self.credentials = credentials
        self.client = client
    }

    /// Makes the terminal known with the token that the card centre gave out for it, or finishes what was begun with it.
    public func run(token: String) throws(EnrolmentError) -> Result {
        var draft = try draft(for: token)
        guard let secret = draft.secret else { throw .malformed("secret") }
        let answer: EnrolAnswer
        do throws(LedgerClientError) {
            answer = try client.enrol(
                EnrolRequest(
                    enrolmentToken: token, terminal: expected.terminal,
                    credentialHash: SHA256.hash(data: Array(secret.utf8)).hex()))
        } catch {
            throw .ledger(error)
        }
        try check(answer)
        let needsKey = !hasJournal
        if needsKey { try SecretFile.stored { () throws(StorageError) in try layKey(answer.journalKey) } }
        let file = CredentialsFile(token: secret, rosterKey: answer.rosterKey)
        try credentials.store(file, as: credentials.name)
        // Said twice, it would outlive the credentials when these are renewed.
        draft.secret = nil
        try SecretFile.store(draft, as: Self.draftName, in: state)
        return Result(name: answer.name, hasLaidKey: needsKey, expiresMilliseconds: answer.expiresMilliseconds)
    }

    /// The secret made for `token`, durable: found again, or made now.
    private func draft(for token: String) throws(EnrolmentError) -> Draft {
        let enrolment = SHA256.hash(data: Array(token.utf8)).hex()
        if var found: Draft = try SecretFile.read(Self.draftName, in: state), found.enrolment == enrolment,
            found.terminal == expected.terminal
        {
            if found.secret == nil { found.secret = try heldToken() }
            // Whoever made it may have been stopped before its name was durable.
            try SecretFile.stored { () throws(StorageError) in try state.syncDirectory() }
            if found.secret != nil { return found }
        }
        let draft = Draft(terminal: expected.terminal, enrolment: enrolment, secret: SecretFile.newSecret())
        try SecretFile.store(draft, as: Self.draftName, in: state)
        return draft
    }

    /// The secret in the credentials; `nil` when there are none, or none that open on this box.
    private func heldToken() throws(EnrolmentError) -> String? {
        do throws(EnrolmentError) {
            let held: CredentialsFile? = try credentials.read(credentials.name)
            return held?.token
        } catch {
            if case .notSealed = error { return nil }
            throw error
        }
    }

    private func check(_ answer: EnrolAnswer) throws(EnrolmentError) {
        guard answer.terminal == expected.terminal else { throw .otherTerminal(answer.terminal) }
        for (name, key) in [
            ("journalKey", answer.journalKey), ("rosterKey", answer.rosterKey), ("publicKey", answer.publicKey),
        ] where [UInt8](hex: key)?.count != 32 {
            throw .malformed(name)
        }
        guard [UInt8](hex: answer.publicKey) == [UInt8](hex: expected.publicKey) else {
            throw .otherPublicKey(answer.publicKey)
        }
        guard answer.journalEpoch == expected.journalEpoch else { throw .otherEpoch(answer.journalEpoch) }
    }

    /// Whether a journal was begun: it has its key, and nobody on this box may have more. One that cannot be judged counts.
    private var hasJournal: Bool {
        guard let journal else { return false }
        do throws(AuditError) {
            _ = try JournalAudit(storage: journal, rootKey: nil)
            return true
        } catch {
            return error != .noJournal
        }
    }

    private func layKey(_ key: String) throws(StorageError) {
        try state.replace(JournalKeyFile.name, with: Array((key + "\n").utf8))
    }
}
