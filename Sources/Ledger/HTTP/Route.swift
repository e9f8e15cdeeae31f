import Hummingbird

/// One thing that can be asked of the ledger over HTTP, and who answers it.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// The path, with a colon before each part that varies.
    let path: String
    /// The most bytes that a body may have; 0 for a question without one.
    let bodyLimit: Int
    /// It may block: it is called on a thread of its own.
    let answer: @Sendable (Question) throws -> Reply

    static func get(_ path: String, answer: @escaping @Sendable (Question) throws -> Reply) -> Route {
        Route(method: .get, path: path, bodyLimit: 0, answer: answer)
    }

    static func post(
        _ path: String, bodyLimit: Int, answer: @escaping @Sendable (Question) throws -> Reply
    ) -> Route {
        Route(method: .post, path: path, bodyLimit: bodyLimit, answer: answer)
    }
}
