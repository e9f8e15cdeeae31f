import HTTPTypes
import LedgerProtocol

/// What terminals ask and tell.
struct TerminalRoutes: Sendable {
    let service: LedgerService

    /// Bytes of the largest JSON that a terminal has reason to send.
    private static let jsonLimit = 8192
    /// A day's sums by type; there are far fewer types than this would hold.
    private static let closingLimit = 65_536

    var all: [Route] {
        [
            .post("/v1/terminals/:terminal/epochs/:epoch/records", bodyLimit: LedgerPath.uploadLimit, answer: upload),
            .post("/v1/terminals/:terminal/heartbeat", bodyLimit: Self.jsonLimit, answer: heartbeat),
            .post("/v1/terminals/:terminal/closings", bodyLimit: Self.closingLimit, answer: close),
            .post("/v1/terminals/:terminal/credential", bodyLimit: Self.jsonLimit, answer: renew),
            .post(LedgerPath.permit, bodyLimit: Self.jsonLimit, answer: permit),
            .post(LedgerPath.authorize, bodyLimit: Self.jsonLimit, answer: authorize),
            .post(LedgerPath.enrol, bodyLimit: Self.jsonLimit, answer: enrol),
        ]
    }

    private func upload(_ question: Question) throws -> Reply {
        try .json(
            service.ingest(
                terminal: question.number("terminal"), token: question.token(), epoch: question.number("epoch"),
                first: question.query("first", as: UInt64.self), body: Self.unpacked(question)))
    }

    private func heartbeat(_ question: Question) throws -> Reply {
        try .json(
            service.heartbeat(question.json(), terminal: question.number("terminal"), token: question.token()))
    }

    private func close(_ question: Question) throws -> Reply {
        try .json(service.close(question.json(), terminal: question.number("terminal"), token: question.token()))
    }

    private func renew(_ question: Question) throws -> Reply {
        try .json(service.renew(question.json(), terminal: question.number("terminal"), token: question.token()))
    }

    private func permit(_ question: Question) throws -> Reply {
        let token = try question.token()
        let request = try question.json(PermitRequest.self)
        guard try question.terminal() == request.terminal else { throw LedgerRefused.denied }
        return try .json(service.permit(request, token: token))
    }

    private func authorize(_ question: Question) throws -> Reply {
        let token = try question.token()
        return try .json(service.authorize(question.json(), token: token))
    }

    private func enrol(_ question: Question) throws -> Reply { try .json(service.enrol(question.json())) }

    private static func unpacked(_ question: Question) throws(LedgerRefused) -> [UInt8] {
        switch question.headers[.contentEncoding] {
        case nil, "identity": return question.body
        case BatchCompression.name:
            do throws(BatchCompressionError) {
                return try BatchCompression.decompress(question.body, limit: LedgerPath.uploadLimit)
            } catch {
                throw .malformed("the body is \(error)")
            }
        default: throw .unknownEncoding
        }
    }
}
