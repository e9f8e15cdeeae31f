/// Who may ask the ledger for what people need; terminals are no role here, they have credentials of their own.
public enum Role: String, CaseIterable, Codable, Sendable {
    /// The server behind the phone app, which has made sure who the holder is.
    case app
    /// The clerks of the card centre (卡务中心).
    case cardCentre = "card-centre"
    /// Whoever looks into the books and changes nothing.
    case auditor
    /// Whoever runs `yika-ledger` beside the database; there is no token for it.
    case technician
}

/// Everything that can be asked about accounts; the names are those of the audit trail.
public enum AccountAction: String, CaseIterable, Codable, Sendable {
    case open = "account-open"
    case show = "account-show"
    case statement = "account-statement"
    case topUp = "top-up"
    case reverse = "top-up-reverse"
    case oldBalance = "old-balance"
    case smallPurse = "small-purse"
    case lost = "account-lost"
    case found = "account-found"
    case setPin = "pin-set"
    case changePin = "pin-change"
    case verifyPin = "pin-verify"
    case resetPin = "pin-reset"
    case replaceCard = "card-replace"
    case allowLate = "late-activation"
    case setLanguage = "language-set"
    case certify = "certificate"
    case importPeople = "people-import"
    case importBalances = "balances-import"
    case importSubsidies = "subsidy-import"
    case readAudit = "audit-read"
    case listSuspense = "suspense-list"
    case resolveSuspense = "suspense-resolve"
    case manageTokens = "token-manage"

    /// Who may do it: the one table of what each role is allowed, and whoever is not named is refused.
    ///
    /// The app serves holders, so it never moves money that no holder has paid in; the clerk sees the holder and the card,
    /// but takes no PIN in place of its holder; the auditor only looks. What can undo a mistake of all of them is done
    /// beside the database.
    public var allowed: Set<Role> {
        switch self {
        case .open, .topUp, .lost, .found, .setLanguage: [.app, .cardCentre, .technician]
        case .show, .statement: [.app, .cardCentre, .auditor, .technician]
        case .setPin, .changePin: [.app, .technician]
        case .verifyPin: [.app, .cardCentre, .technician]
        case .certify: [.app]
        case .reverse, .oldBalance, .smallPurse, .replaceCard, .allowLate, .resetPin: [.cardCentre, .technician]
        case .importPeople, .importBalances, .importSubsidies: [.cardCentre, .technician]
        case .readAudit, .listSuspense: [.auditor, .technician]
        case .resolveSuspense, .manageTokens: [.technician]
        }
    }
}

/// Who asks, as the audit trail names it.
public struct Caller: Hashable, Sendable {
    /// What the caller may do.
    public let role: Role
    /// What its token, or the person at the database, is called.
    public let label: String

    /// A caller of this role and name.
    public init(role: Role, label: String) {
        self.role = role
        self.label = label
    }

    var name: String { role == .technician ? "command line: \(label)" : "\(role.rawValue): \(label)" }
}
