import FoundationEssentials
import LedgerProtocol

/// Tells what an HTTP answer means: a message of the ledger's, a refusal of it, or something that no ledger says.
struct LedgerAnswers {
    /// The ledger's base URL, for the technician.
    let url: String

    func answer<Message: Decodable>(_ response: HTTPResponse) throws(LedgerClientError) -> Message {
        guard response.status == 200 else { throw refusal(response) }
        return try decode(response)
    }

    func decode<Message: Decodable>(_ response: HTTPResponse) throws(LedgerClientError) -> Message {
        guard response.contentType.hasPrefix("application/json"),
            let message = try? JSONDecoder().decode(Message.self, from: Data(response.body))
        else { throw nonsense(response) }
        return message
    }

    func refusal(_ response: HTTPResponse) -> LedgerClientError {
        let refusal: LedgerRefusal? = try? decode(response)
        if response.status == 401 || response.status == 403 {
            return LedgerClientError(
                kind: .denied, code: refusal?.code ?? "http-\(response.status)",
                message: refusal?.message ?? "the ledger does not accept this terminal's token")
        }
        guard let refusal else { return nonsense(response) }
        return LedgerClientError(kind: .refused, code: refusal.code, message: refusal.message)
    }

    func nonsense(_ response: HTTPResponse) -> LedgerClientError {
        LedgerClientError(
            kind: .nonsense, code: "http-\(response.status)",
            message: "\(url) answers \(response.status) with \(response.body.count) bytes of "
                + "\"\(response.contentType.prefix(60))\", which no ledger does")
    }
}
