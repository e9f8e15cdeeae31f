import Health
public import Journal
import Platform
public import Sync

/// Why a terminal was not made known, or its credential not renewed. Once it is mended, the same command again goes on.
public enum EnrolmentError: Error, Hashable, Sendable {
    /// The disk.
    case storage(StorageError)
    /// The ledger refused, or gave no usable answer.
    case ledger(LedgerClientError)
    /// The token is for another terminal.
    case otherTerminal(UInt16)
    /// The ledger signs with another key than the configuration names.
    case otherPublicKey(String)
    /// The ledger expects another epoch of the journal than the configuration names.
    case otherEpoch(UInt32)
    /// A value of the answer is not of its form.
    case malformed(String)
    /// Secrets cannot be sealed to this box or opened on it, with the words of what does it.
    case notSealed(String)
    /// There are no credentials that could be renewed.
    case notEnrolled
    /// The configuration names no address of a ledger.
    case noAddress(String)

    /// Whether somebody has to change something first; else the same command may succeed later by itself.
    public var isRefusal: Bool {
        switch self {
        case .storage, .notSealed: false
        case .ledger(let error): [.denied, .refused].contains(error.kind) || error.code == "plain-http"
        case .otherTerminal, .otherPublicKey, .otherEpoch, .malformed, .notEnrolled, .noAddress: true
        }
    }

    /// The code to cite on the telephone.
    public var code: String {
        switch self {
        case .storage: "E-STORAGE"
        case .ledger(let error) where error.code == "plain-http": "E-PLAIN-HTTP"
        case .ledger(let error): error.code.hasPrefix("L-") ? error.code : error.notice.code
        case .notSealed: "E-SEAL"
        case .otherTerminal: "E-TERMINAL"
        case .otherPublicKey: "E-PUBLIC-KEY"
        case .otherEpoch: "E-EPOCH"
        case .malformed: "E-ANSWER"
        case .notEnrolled: Notice.notEnrolled.code
        case .noAddress: Notice.configurationInvalid.code
        }
    }

    /// What is wrong, in words.
    public var problem: String {
        switch self {
        case .storage(let error): error.description
        case .ledger(let error): error.description
        case .notSealed(let why): "the credentials cannot be sealed to this box, or opened on it: \(why)"
        case .otherTerminal(let number): "the token is for terminal \(number)"
        case .otherPublicKey(let key): "the ledger signs with the key \(key), the configuration names another"
        case .otherEpoch(let epoch): "the ledger expects epoch \(epoch) of the journal, the configuration names another"
        case .malformed(let name): "\(name) is not of its form"
        case .notEnrolled: Notice.notEnrolled.title.english
        case .noAddress(let url): "ledger.url: \(url) is no address of a ledger"
        }
    }

    /// The one thing to do next.
    public var nextStep: String {
        switch self {
        case .storage: "run as root and look at the folder named"
        case .ledger(let error):
            switch error.code {
            case "plain-http": "give the ledger's https:// address with --url"
            case "L-ENROLLED": "ask the card centre for a new enrolment token; this one belongs to another secret"
            case "L-EXPIRED", "L-RENEWED":
                "ask the card centre for a new enrolment token, and run `yika enrol` with it"
            case "L-UNKNOWN-TERMINAL": "compare terminal.number in the configuration with the card centre's list"
            default:
                error.kind == .denied
                    ? "ask the card centre for a new enrolment token; this one is unknown or too old"
                    : error.notice.nextStep.english
            }
        case .notSealed: "run as root; see man systemd-creds"
        case .otherTerminal: "correct terminal.number in the configuration, or ask for this terminal's token"
        case .otherPublicKey(let key): "make sure that this is your ledger, then set ledger.publicKey to \(key)"
        case .otherEpoch(let epoch): "set journalEpoch to \(epoch) in the configuration"
        case .malformed: "compare the versions of terminal and ledger"
        case .notEnrolled: Notice.notEnrolled.nextStep.english
        case .noAddress: "set ledger.url to an address beginning with https://"
        }
    }
}
