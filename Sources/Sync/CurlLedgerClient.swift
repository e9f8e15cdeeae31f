import FoundationEssentials
public import LedgerProtocol
public import Platform
import Synchronization

/// The ledger over HTTP or HTTPS, by libcurl.
///
/// Permissions, feeds and everything else have a connection of their own each: a card on the reader never waits behind
/// an upload, and neither of them behind a list.
public final class CurlLedgerClient: LedgerClient {
    /// Where the ledger is and how long to wait for it.
    public struct Settings: Sendable {
        /// The ledger's base URL, `http://` or `https://`, without a slash at the end.
        public var url: String
        /// The terminal's number.
        public var terminal: UInt16
        /// What lets the terminal in, until it is told to show another; `nil` when the ledger asks for nothing.
        public var credential: LedgerCredential?
        /// A file of certificates to trust in place of the system's, for a campus with its own authority.
        public var authorities: String?
        /// How long a connection may take, in milliseconds.
        public var connectTimeoutMilliseconds: Int64
        /// How long an upload or a status may take in all, in milliseconds.
        ///
        /// Keep it well below the watchdog's time.
        public var timeoutMilliseconds: Int64
        /// How long a heartbeat may take in all, in milliseconds.
        public var heartbeatTimeoutMilliseconds: Int64
        /// How long a feed may take in all, in milliseconds; one that stands still is given up after 10 s.
        public var feedTimeoutMilliseconds: Int64

        /// Settings with these values.
        public init(
            url: String, terminal: UInt16, credential: LedgerCredential? = nil, authorities: String? = nil,
            connectTimeoutMilliseconds: Int64 = 3000, timeoutMilliseconds: Int64 = 10_000,
            heartbeatTimeoutMilliseconds: Int64 = 5000, feedTimeoutMilliseconds: Int64 = 120_000
        ) {
            self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
            self.terminal = terminal
            self.credential = credential
            self.authorities = authorities
            self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
            self.timeoutMilliseconds = timeoutMilliseconds
            self.heartbeatTimeoutMilliseconds = heartbeatTimeoutMilliseconds
            self.feedTimeoutMilliseconds = feedTimeoutMilliseconds
        }
    }

    /// Longest JSON answer: all of ours are below 1 KiB.
    private static let answerLimit = 64 << 10
    /// Longest feed: a roster with 40 bytes for each of 800,000 accounts.
    private static let feedLimit = 32 << 20
    /// A feed of which less than a byte a second comes for so long has died, in seconds.
    private static let stallSeconds = 10

    private let settings: Settings
    private let credential: Mutex<LedgerCredential?>
    private let time: any TimeSource
    private let permits = CurlSession()
    private let others = CurlSession()
    private let feeds: CurlSession

    /// A client with these settings.
    ///
    /// - Parameters:
    ///   - time: the clock that deadlines are on.
    ///   - feedProgress: called about every second while a feed or heartbeat is under way, so that a long one does not
    ///     look like a thread that stands still.
    public init(
        settings: Settings, time: any TimeSource = SystemTime(), feedProgress: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        credential = Mutex(settings.credential)
        self.time = time
        feeds = CurlSession(progress: feedProgress)
    }

    /// Asks whether a card may be activated, on the connection kept for that.
    public func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        try ask(LedgerPath.permit, request, deadline)
    }

    /// Asks whether the ledger would agree to a sale, on the connection kept for permissions.
    public func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        try ask(LedgerPath.authorize, request, deadline)
    }

    /// Shows that credential from the next request on; whether it is another one than before.
    public func show(_ credential: LedgerCredential) -> Bool {
        self.credential.withLock { shown in
            defer { shown = credential }
            return shown != credential
        }
    }

    private func ask<Answer: Decodable>(
        _ path: String, _ question: some Encodable, _ deadline: Instant
    ) throws(LedgerClientError) -> Answer {
        let left = deadline.milliseconds(since: time.now())
        guard left > 0 else {
            throw LedgerClientError(kind: .timeout, code: "deadline", message: "no time left to ask")
        }
        let body = try encode(question)
        return try answer(
            try permits.perform(request(path, body: body, type: "application/json", timeout: left)))
    }

    /// Sends the journal's own bytes, packed; gap, fork, freeze and an unknown epoch are answers, everything else but
    /// success is thrown.
    public func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let path = LedgerPath.records(terminal: terminal, epoch: epoch, first: first)
        var request = request(path, body: BatchCompression.compress(bytes), type: "application/octet-stream")
        request.headers.append("Content-Encoding: \(BatchCompression.name)")
        let response = try others.perform(request)
        do throws(LedgerClientError) {
            return .acknowledged(try answer(response))
        } catch {
            // These refusals are part of the conversation, not trouble.
            switch error.code {
            case "L-GAP":
                let refusal: LedgerRefusal = try decode(response)
                guard let expected = refusal.expected else { throw error }
                return .gap(expected: expected)
            case "L-FORK": return .fork(message: error.message)
            case "L-FROZEN": return .frozen(message: error.message)
            case "L-EPOCH": return .epochNotRegistered(message: error.message)
            default: throw error
            }
        }
    }

    /// What leads on from version `since` of a feed, as signed; `nil` when that is the newest.
    public func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? {
        var request = request(LedgerPath.feed(kind, since: since), timeout: settings.feedTimeoutMilliseconds)
        request.responseLimit = Self.feedLimit
        request.stallSeconds = Self.stallSeconds
        let response = try feeds.perform(request)
        if response.status == 304 { return nil }
        guard response.status == 200 else { throw refusal(response) }
        // Whatever says 200 here, the signature decides; HTML is told apart for the technician's sake.
        guard !response.contentType.hasPrefix("text/") else { throw nonsense(response) }
        return response.body
    }

    /// A sign of life, on the feeds' connection.
    public func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        let path = LedgerPath.heartbeat(terminal: settings.terminal)
        return try answer(
            try feeds.perform(
                request(
                    path, body: try encode(heartbeat), type: "application/json",
                    timeout: settings.heartbeatTimeoutMilliseconds)))
    }

    /// Gives up the feed or heartbeat under way within about a second, and every later one at once.
    public func abandonFeeds() { feeds.abandon() }

    /// Whether the ledger serves.
    public func status() throws(LedgerClientError) -> LedgerStatus {
        try answer(try others.perform(request(LedgerPath.status)))
    }

    private func request(
        _ path: String, body: [UInt8]? = nil, type: String? = nil, timeout: Int64? = nil
    ) -> HTTPRequest {
        var headers = [
            "Accept: application/json, application/octet-stream", "\(LedgerPath.terminalHeader): \(settings.terminal)",
        ]
        if let type { headers.append("Content-Type: \(type)") }
        headers += credential.withLock { $0 }?.headers ?? []
        let total = timeout ?? settings.timeoutMilliseconds
        return HTTPRequest(
            url: settings.url + path, headers: headers, body: body, timeoutMilliseconds: total,
            connectTimeoutMilliseconds: min(total, settings.connectTimeoutMilliseconds),
            responseLimit: Self.answerLimit, authorities: settings.authorities)
    }

    private func encode(_ message: some Encodable) throws(LedgerClientError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(message))
        } catch {
            throw LedgerClientError(kind: .nonsense, code: "json", message: "\(error)")
        }
    }

    private func answer<Message: Decodable>(_ response: HTTPResponse) throws(LedgerClientError) -> Message {
        try answers.answer(response)
    }

    private func decode<Message: Decodable>(_ response: HTTPResponse) throws(LedgerClientError) -> Message {
        try answers.decode(response)
    }

    private func refusal(_ response: HTTPResponse) -> LedgerClientError { answers.refusal(response) }

    private func nonsense(_ response: HTTPResponse) -> LedgerClientError { answers.nonsense(response) }

    private var answers: LedgerAnswers { LedgerAnswers(url: settings.url) }
}
