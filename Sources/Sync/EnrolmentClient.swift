import FoundationEssentials
public import LedgerProtocol

/// The seam through which a terminal makes itself known: one blocking call.
public protocol EnrolmentClient: Sendable {
    /// Asks to be let in.
    ///
    /// - Throws: ``LedgerClientError``; the ledger may have let the terminal in all the same, unless it refused.
    func enrol(_ request: EnrolRequest) throws(LedgerClientError) -> EnrolAnswer
}

/// The seam through which a terminal replaces its credential: one blocking call.
public protocol RenewalClient: Sendable {
    /// Asks that `terminal`, which shows `credential`, be known by another secret.
    ///
    /// - Throws: ``LedgerClientError``; the ledger may know the new secret all the same, unless it refused.
    func renew(
        _ request: RenewalRequest, of terminal: UInt16, showing credential: LedgerCredential
    ) throws(LedgerClientError) -> RenewalAnswer
}

/// Enrolment and renewal over HTTP or HTTPS, by libcurl.
public final class CurlEnrolmentClient: EnrolmentClient, RenewalClient {
    private static let timeoutMilliseconds: Int64 = 15_000
    private static let connectTimeoutMilliseconds: Int64 = 5000
    private static let answerLimit = 64 << 10

    private let address: LedgerAddress
    private let authorities: String?
    private let session = CurlSession()

    /// A client for the ledger at `address`.
    ///
    /// - Parameter authorities: a file of certificates to trust in place of the system's.
    public init(address: LedgerAddress, authorities: String?) {
        self.address = address
        self.authorities = authorities
    }

    /// Asks to be let in; what is sent and what comes back are secrets, so only over a private way.
    public func enrol(_ request: EnrolRequest) throws(LedgerClientError) -> EnrolAnswer {
        try post(request, to: LedgerPath.enrol)
    }

    /// Asks that `terminal` be known by another secret; the one it shows is as secret, so only over a private way.
    public func renew(
        _ request: RenewalRequest, of terminal: UInt16, showing credential: LedgerCredential
    ) throws(LedgerClientError) -> RenewalAnswer {
        try post(request, to: LedgerPath.credential(terminal: terminal), credential.headers)
    }

    private func post<Answer: Decodable>(
        _ request: some Encodable, to path: String, _ headers: [String] = []
    ) throws(LedgerClientError) -> Answer {
        guard address.isPrivate else {
            throw LedgerClientError(
                kind: .untrusted, code: "plain-http", message: "\(address.url): anybody on the way could read the keys")
        }
        let body: [UInt8]
        do {
            body = Array(try JSONEncoder().encode(request))
        } catch {
            throw LedgerClientError(kind: .nonsense, code: "json", message: "the request cannot be encoded")
        }
        let response = try session.perform(
            HTTPRequest(
                url: address.url + path,
                headers: ["Accept: application/json", "Content-Type: application/json"] + headers, body: body,
                timeoutMilliseconds: Self.timeoutMilliseconds,
                connectTimeoutMilliseconds: Self.connectTimeoutMilliseconds, responseLimit: Self.answerLimit,
                authorities: authorities))
        return try LedgerAnswers(url: address.url).answer(response)
    }
}
