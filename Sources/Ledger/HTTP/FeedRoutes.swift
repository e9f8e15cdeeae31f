import LedgerProtocol

/// What terminals download.
struct FeedRoutes: Sendable {
    let service: LedgerService

    var all: [Route] { [.get("/v1/feeds/:kind", answer: feed)] }

    private func feed(_ question: Question) throws -> Reply {
        guard let kind = FeedKind(rawValue: try question.part("kind")) else {
            throw LedgerRefused.malformed("expected the feed roster, hotlist or settings")
        }
        let bytes = try service.feed(
            kind, since: question.query("since", as: UInt64.self), terminal: question.terminal(),
            token: question.token())
        return bytes.map { .bytes($0) } ?? .notModified
    }
}
