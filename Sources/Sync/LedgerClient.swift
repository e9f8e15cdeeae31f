public import LedgerProtocol
public import Platform

/// The ledger seam: one blocking call per question.
///
/// The real one speaks HTTP; tests answer, delay, lose and repeat.
public protocol LedgerClient: Sendable {
    /// Asks whether a card may be activated; gives up at `deadline`, because a holder is waiting.
    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer

    /// Asks whether the ledger would agree to a sale; gives up at `deadline`, because a holder with a tray is waiting.
    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer

    /// Sends the journal's own bytes, whole slots from sequence `first` on.
    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult

    /// What leads on from version `since` of a feed (0: from nothing), signed, a snapshot or a delta; `nil` when that is
    /// the newest.
    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]?

    /// A sign of life, and what the ledger has to say to it.
    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer

    /// Gives up the feed or heartbeat under way, and every later one, at once: the terminal is stopping.
    func abandonFeeds()

    /// Whether the ledger serves.
    func status() throws(LedgerClientError) -> LedgerStatus
}

extension LedgerClient {
    /// Where no call waits there is nothing to give up.
    public func abandonFeeds() {}
}

/// What the ledger made of an upload.
public enum UploadResult: Hashable, Sendable {
    /// Stored for good up to the sequence named.
    case acknowledged(Acknowledgement)
    /// Records before the first one sent are missing there: send from `expected` on.
    case gap(expected: UInt64)
    /// It has other records under these sequences: two boxes share an identity, or a disk was put back from a copy.
    case fork(message: String)
    /// The terminal was frozen after a fork, until somebody looks into it.
    case frozen(message: String)
    /// It does not know this life of the journal, and takes no records of it until somebody registers it.
    case epochNotRegistered(message: String)
}

/// Why the ledger gave no usable answer.
///
/// What was asked for may have happened all the same.
public struct LedgerClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of trouble it is, which decides what a technician does next.
    public enum Kind: String, Hashable, Sendable {
        /// No connection, or it broke.
        case unreachable
        /// No answer in time.
        case timeout
        /// Whoever answered could not prove to be the ledger.
        case untrusted
        /// The ledger's certificate is not valid at the time that this terminal's clock shows.
        case clock
        /// The ledger does not accept the terminal's credentials.
        case denied
        /// An answer, but not from a ledger of this protocol: a captive portal, a proxy, a wrong address.
        case nonsense
        /// The ledger understood and refused, with a code of its own.
        case refused
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// Where it came from: `curl-7`, `http-502`, `x509-10` for a certificate's fault by OpenSSL's number, or the ledger's
    /// own, such as `L-INTERNAL`.
    public let code: String
    /// The details, for the technician.
    public let message: String

    /// Trouble of this kind.
    public init(kind: Kind, code: String, message: String) {
        self.kind = kind
        self.code = code
        self.message = message
    }

    /// What it is, in words for a technician.
    public var description: String { "ledger \(kind.rawValue) (\(code)): \(message)" }
}
