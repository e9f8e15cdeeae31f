import FoundationEssentials
import HTTPTypes
import Hummingbird
import LedgerProtocol

/// What a route answers.
struct Reply: Sendable {
    var status: HTTPResponse.Status = .ok
    var headers: HTTPFields = [:]
    var body: [UInt8] = []

    /// A value as JSON.
    static func json(_ value: some Encodable) throws -> Reply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Reply(headers: [.contentType: "application/json"], body: Array(try encoder.encode(value)))
    }

    /// Bytes as they are.
    static func bytes(_ bytes: [UInt8]) -> Reply {
        Reply(headers: [.contentType: "application/octet-stream"], body: bytes)
    }

    /// Who asked has the newest already.
    static let notModified = Reply(status: .notModified)

    /// A refusal with its status, its code and its sentence.
    static func refusal(_ refused: LedgerRefused) -> Reply {
        var reply = (try? json(refused.refusal)) ?? Reply()
        reply.status = HTTPResponse.Status(code: refused.status)
        if let seconds = refused.retryAfterSeconds { reply.headers[.retryAfter] = "\(seconds)" }
        if !refused.allowed.isEmpty { reply.headers[.allow] = refused.allowed.joined(separator: ", ") }
        if refused.status == 401 { reply.headers[.wwwAuthenticate] = "Bearer" }
        return reply
    }

    var response: Response {
        Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
