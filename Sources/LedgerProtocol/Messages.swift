/// The HTTP paths of version 1 of the protocol, in one place for both sides.
public enum LedgerPath {
    /// `POST`: may this card be activated? ``PermitRequest`` → ``PermitAnswer``.
    public static let permit = "/v1/activations/permit"
    /// `GET`: whether the ledger serves; ``LedgerStatus``.
    public static let status = "/v1/status"

    /// The header that names the terminal where the path does not; in lower case, as names of headers compare.
    public static let terminalHeader = "yika-terminal"

    /// The most bytes that one upload may have: 8192 slots, far more than a terminal gathers in a day's outage.
    public static let uploadLimit = 8192 * 128

    /// `POST`: the journal's slots from sequence `first` on, raw, as `application/octet-stream`.
    public static func records(terminal: UInt16, epoch: UInt32, first: UInt64) -> String {
        "/v1/terminals/\(terminal)/epochs/\(epoch)/records?first=\(first)"
    }

    /// `POST`: a sign of life; ``Heartbeat`` → ``HeartbeatAnswer``.
    public static func heartbeat(terminal: UInt16) -> String { "/v1/terminals/\(terminal)/heartbeat" }

    /// `GET`: what leads on from version `since` (0: from nothing), signed; 304 when that is the newest.
    ///
    /// The bytes tell by their first eight whether they are a snapshot or a delta from exactly that version.
    public static func feed(_ kind: FeedKind, since: UInt64) -> String { "/v1/feeds/\(kind.rawValue)?since=\(since)" }
}

/// A terminal asks whether the card on its reader may be activated.
public struct PermitRequest: Codable, Sendable, Hashable {
    /// The terminal's number.
    public var terminal: UInt16
    /// The card's UID, in hexadecimal.
    public var uid: String
    /// The holder's keyed hash (``HolderHash``), in hexadecimal: the holder number itself never travels.
    public var holder: String

    /// A request with these fields.
    public init(terminal: UInt16, uid: String, holder: String) {
        self.terminal = terminal
        self.uid = uid
        self.holder = holder
    }
}

/// What the ledger answers to a ``PermitRequest``.
public struct PermitAnswer: Codable, Sendable, Hashable {
    /// What the terminal is to do.
    public enum Decision: String, Codable, Sendable {
        /// Activate the card for the account given.
        case granted
        /// The account is active on this very card: confirm it.
        case alreadyActive = "already-active"
        /// No account was opened for this holder.
        case noAccount = "no-account"
        /// The account is active on another card.
        case activeElsewhere = "active-elsewhere"
        /// The holder reported the card lost (挂失).
        case reportedLost = "reported-lost"
        /// The period of activation is over, and the card centre has granted no later one.
        case activationClosed = "activation-closed"
    }

    /// What the terminal is to do.
    public var decision: Decision
    /// The account, with `granted` and `alreadyActive`.
    public var account: UInt64?
    /// The serial of the card, with `granted` and `alreadyActive`.
    public var cardSerial: UInt32?
    /// The account's balance in fen, where the terminal may say it.
    public var balance: Int64?
    /// The language in which to speak to the holder, as a language tag; absent where it is not known, or nobody has said.
    public var language: String?

    /// An answer with these fields.
    public init(
        decision: Decision, account: UInt64? = nil, cardSerial: UInt32? = nil, balance: Int64? = nil,
        language: String? = nil
    ) {
        self.decision = decision
        self.account = account
        self.cardSerial = cardSerial
        self.balance = balance
        self.language = language
    }
}

/// What the ledger answers to an upload that it has taken: stored for good up to here, whatever became of the business.
public struct Acknowledgement: Codable, Sendable, Hashable {
    /// The last sequence of this epoch that is stored without a gap.
    public var acknowledged: UInt64
    /// The chain MAC of that record, in hexadecimal.
    public var chainHead: String
    /// The ledger's clock, in milliseconds since 1970-01-01 UTC.
    public var timeMilliseconds: Int64
    /// The newest roster, to be fetched when it is not the terminal's.
    public var rosterVersion: UInt64
    /// The newest hotlist; 0 when none was issued, or when the ledger knows of none.
    public var hotlistVersion: UInt64
    /// The newest settings; 0 when none were issued, or when the ledger knows of none.
    public var settingsVersion: UInt64

    /// An acknowledgement with these fields.
    public init(
        acknowledged: UInt64, chainHead: String, timeMilliseconds: Int64, rosterVersion: UInt64,
        hotlistVersion: UInt64 = 0, settingsVersion: UInt64 = 0
    ) {
        self.acknowledged = acknowledged
        self.chainHead = chainHead
        self.timeMilliseconds = timeMilliseconds
        self.rosterVersion = rosterVersion
        self.hotlistVersion = hotlistVersion
        self.settingsVersion = settingsVersion
    }

    /// Reads an acknowledgement; one that names neither hotlist nor settings comes from an older ledger.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            acknowledged: try container.decode(UInt64.self, forKey: .acknowledged),
            chainHead: try container.decode(String.self, forKey: .chainHead),
            timeMilliseconds: try container.decode(Int64.self, forKey: .timeMilliseconds),
            rosterVersion: try container.decode(UInt64.self, forKey: .rosterVersion),
            hotlistVersion: try container.decodeIfPresent(UInt64.self, forKey: .hotlistVersion) ?? 0,
            settingsVersion: try container.decodeIfPresent(UInt64.self, forKey: .settingsVersion) ?? 0)
    }

    /// The newest versions of all feeds.
    public var feedVersions: FeedVersions {
        FeedVersions(roster: rosterVersion, hotlist: hotlistVersion, settings: settingsVersion)
    }
}

/// The body of every refusal.
public struct LedgerRefusal: Codable, Sendable, Hashable {
    /// A stable code: `L-GAP`, `L-FORK`, `L-FROZEN`, `L-MALFORMED`, `L-UNKNOWN-TERMINAL`, `L-DENIED`, `L-INTERNAL`.
    public var code: String
    /// What was wrong, in a sentence.
    public var message: String
    /// With `L-GAP`: the sequence to send next.
    public var expected: UInt64?

    /// A refusal with these fields.
    public init(code: String, message: String, expected: UInt64? = nil) {
        self.code = code
        self.message = message
        self.expected = expected
    }
}

/// Whether the ledger serves, and what it is.
public struct LedgerStatus: Codable, Sendable, Hashable {
    /// The program's version.
    public var version: String
    /// The ledger's clock, in milliseconds since 1970-01-01 UTC.
    public var timeMilliseconds: Int64
    /// The newest roster.
    public var rosterVersion: UInt64

    /// A status with these fields.
    public init(version: String, timeMilliseconds: Int64, rosterVersion: UInt64) {
        self.version = version
        self.timeMilliseconds = timeMilliseconds
        self.rosterVersion = rosterVersion
    }
}
