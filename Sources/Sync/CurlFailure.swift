import CCurl
import FoundationEssentials
import Platform

/// An exchange that libcurl gave up, and what kind of trouble that is.
struct CurlFailure {
    /// OpenSSL's numbers for a certificate that is not valid yet, and for one that is no longer; and the highest that
    /// says nothing: libcurl leaves a 1 (unspecified) where it found the fault itself, as in a name.
    private static let notYetValid = 9, hasExpired = 10, unspecified = 1

    let status: CURLcode
    /// libcurl's own words for this very failure.
    let words: String
    let url: String
    /// What OpenSSL found wrong with the certificate, by its number.
    let verifyResult: Int
    /// How much of a request got out; 0 when there was no connection to send it on.
    let bytesSent: Int

    var error: LedgerClientError { LedgerClientError(kind: kind, code: code, message: message) }

    private var isDate: Bool {
        status == CURLE_PEER_FAILED_VERIFICATION && [Self.notYetValid, Self.hasExpired].contains(verifyResult)
    }

    private var kind: LedgerClientError.Kind {
        if isDate { return .clock }
        switch status {
        // Whoever was never reached did not let us wait for an answer: a smaller request would change nothing.
        case CURLE_OPERATION_TIMEDOUT: return bytesSent > 0 ? .timeout : .unreachable
        case CURLE_SSL_CONNECT_ERROR: return isCutHandshake ? .unreachable : .untrusted
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CIPHER:
            return .untrusted
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_CONTENT_ENCODING:
            return .nonsense
        default: return .unreachable
        }
    }

    /// libcurl has one number for a peer that speaks no TLS and for a cable pulled while TLS began; only words tell.
    private var isCutHandshake: Bool {
        ["SYSCALL", "reset by peer", "unexpected eof", "Broken pipe"].contains { words.contains($0) }
    }

    private var code: String {
        let isCertificate = status == CURLE_PEER_FAILED_VERIFICATION && verifyResult > Self.unspecified
        return isCertificate ? "x509-\(verifyResult)" : "curl-\(status.rawValue)"
    }

    private var message: String {
        guard isDate else { return "\(url): \(words)" }
        let clock = Date(timeIntervalSince1970: Double(SystemTime().wallMilliseconds() / 1000)).ISO8601Format()
        let state = verifyResult == Self.hasExpired ? "has expired" : "is not valid yet"
        return "\(url): the ledger's certificate \(state) by this terminal's clock, which shows \(clock)"
    }
}
