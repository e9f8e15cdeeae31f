public import LedgerProtocol

/// A request that the ledger does not take, with the answer that says why.
public struct LedgerRefused: Error, Hashable, Sendable {
    /// The HTTP status of the answer.
    public let status: Int
    /// The body of the answer.
    public let refusal: LedgerRefusal

    /// When to ask again, where asking again helps.
    var retryAfterSeconds: Int?
    /// What can be asked instead, with 405.
    var allowed: [String] = []

    init(_ status: Int, _ code: String, _ message: String, expected: UInt64? = nil) {
        self.status = status
        refusal = LedgerRefusal(code: code, message: message, expected: expected)
    }

    /// Records are missing before the ones sent; nothing was stored.
    static func gap(expected: UInt64) -> LedgerRefused {
        LedgerRefused(409, "L-GAP", "records before these are missing: send from \(expected) on", expected: expected)
    }

    /// The records contradict what is stored, or are not the terminal's: it is frozen from now on.
    static func fork(_ message: String) -> LedgerRefused { LedgerRefused(423, "L-FORK", message) }

    /// The journal was made anew, and nobody has registered it.
    static func unknownEpoch(_ epoch: UInt32) -> LedgerRefused {
        LedgerRefused(
            409, "L-EPOCH", "epoch \(epoch) is not registered for this terminal: `yika-ledger terminal epoch`")
    }

    /// The terminal was frozen earlier.
    static func frozen(_ reason: String) -> LedgerRefused {
        LedgerRefused(423, "L-FROZEN", "this terminal is frozen: \(reason)")
    }

    /// The request is not of the form that the protocol prescribes.
    static func malformed(_ message: String) -> LedgerRefused { LedgerRefused(400, "L-MALFORMED", message) }

    /// The body is larger than the protocol allows.
    static func tooLarge(limit: Int) -> LedgerRefused {
        LedgerRefused(413, "L-MALFORMED", "the body has more than \(limit) bytes")
    }

    /// The body is packed in a way that is not the protocol's.
    static let unknownEncoding = LedgerRefused(
        415, "L-MALFORMED", "expected Content-Encoding \(BatchCompression.name) or none")

    /// No terminal of this number is registered.
    static func unknownTerminal(_ number: UInt16) -> LedgerRefused {
        LedgerRefused(404, "L-UNKNOWN-TERMINAL", "terminal \(number) is not registered")
    }

    /// The terminal's token is missing or wrong.
    static let denied = LedgerRefused(401, "L-DENIED", "the terminal's token is missing or wrong")

    /// The terminal's credential has run out; only its records are still taken.
    static let expired = LedgerRefused(401, "L-EXPIRED", "the terminal's credential has run out: enrol it again")

    /// The token with which a terminal was to make itself known has run out.
    static let invitationExpired = LedgerRefused(
        401, "L-EXPIRED", "this enrolment token has run out or was replaced: `yika-ledger terminal renew`")

    /// Another terminal, or another life of this one, has used the token.
    static let enrolled = LedgerRefused(
        409, "L-ENROLLED", "this enrolment token was used with another secret: `yika-ledger terminal renew`")

    /// The credential shown has a successor, which whoever shows it does not have.
    static let renewed = LedgerRefused(
        409, "L-RENEWED",
        "this credential was renewed with another secret: `yika-ledger terminal renew`, and enrol again")

    /// There is nothing at this path.
    static let unknownPath = LedgerRefused(404, "L-UNKNOWN-PATH", "there is nothing at this path; see /v1/openapi.json")

    /// The path is there, but not to be asked in this way.
    static func unknownMethod(allowed: [String]) -> LedgerRefused {
        var refused = LedgerRefused(405, "L-METHOD", "expected \(allowed.joined(separator: " or ")) at this path")
        refused.allowed = allowed
        return refused
    }

    /// The database cannot be reached, is full, or did not say whether it has done what was asked.
    static let unavailable: LedgerRefused = {
        var refused = LedgerRefused(
            503, "L-UNAVAILABLE", "the ledger's database does not answer as it should; ask the same again")
        refused.retryAfterSeconds = 5
        return refused
    }()

    /// Something failed on the ledger's side; its log says what.
    static let inside = LedgerRefused(500, "L-INTERNAL", "the ledger failed; its log says why")
}
