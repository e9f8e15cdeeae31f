import Dispatch
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging

/// The ledger on the network: HTTP or HTTPS in front of a ``LedgerService``.
///
/// It stops on SIGTERM and SIGINT after the requests in hand.
public struct LedgerServer: Sendable {
    private let service: LedgerService
    private let host: String
    private let port: Int
    private let tls: LedgerTLS?
    private let logger: Logger
    // The service blocks on the disk; Swift's own few threads must not.
    private let waiting = DispatchQueue(label: "yika.ledger.requests", attributes: .concurrent)

    /// A server of `service` at `host` and `port`; port 0 takes a free one.
    ///
    /// - Parameter tls: what it proves with to be the ledger; `nil` for plain HTTP.
    public init(service: LedgerService, host: String, port: Int, tls: LedgerTLS? = nil, logger: Logger) {
        self.service = service
        self.host = host
        self.port = port
        self.tls = tls
        self.logger = logger
    }

    /// Serves until the process is told to stop, or the task is cancelled.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    public func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        // Terminals speak every few seconds; whoever is silent for minutes has gone without a word.
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(120)))
        let application = Application(
            router: router(),
            server: try tls.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: .init(address: .hostname(host, port: port), serverName: "yika-ledger"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.runService()
    }

    /// Everything that can be asked.
    var routes: [Route] {
        TerminalRoutes(service: service).all + FeedRoutes(service: service).all + StatusRoutes(service: service).all
            + AccountRoutes(service: service).all
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { await answer(route, $0, $1) }
        }
        router.add(middleware: UnknownRequests(routes: routes))
        return router
    }

    private func answer(_ route: Route, _ request: Request, _ context: BasicRequestContext) async -> Response {
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= route.bodyLimit else {
                    return Reply.refusal(.tooLarge(limit: route.bodyLimit)).response
                }
                bytes += part.readableBytesView
            }
        } catch {
            return Reply.refusal(.malformed("the body broke off")).response
        }
        let question = Question(
            uri: request.uri, headers: request.headers, parameters: context.parameters, body: bytes)
        return await withCheckedContinuation { continuation in
            waiting.async { continuation.resume(returning: reply(route, to: question).response) }
        }
    }

    private func reply(_ route: Route, to question: Question) -> Reply {
        do {
            return try route.answer(question)
        } catch let refused as LedgerRefused {
            return .refusal(refused)
        } catch {
            let metadata: Logger.Metadata = ["path": "\(route.path)", "error": "\(error)"]
            if isStorageFailure(error) {
                logger.warning("a request failed in the database; it may be asked again", metadata: metadata)
                return .refusal(.unavailable)
            }
            logger.error("a request failed", metadata: metadata)
            return .refusal(.inside)
        }
    }
}

/// Gives paths that are not there, and methods that are not taken, a refusal as every other.
private struct UnknownRequests: RouterMiddleware {
    let routes: [Route]

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let path = request.uri.path.split(separator: "/")
            let methods = routes.filter { Self.isOf($0.path.split(separator: "/"), path) }.map(\.method.rawValue)
            return Reply.refusal(methods.isEmpty ? .unknownPath : .unknownMethod(allowed: methods.sorted())).response
        }
    }

    private static func isOf(_ pattern: [Substring], _ path: [Substring]) -> Bool {
        pattern.count == path.count && zip(pattern, path).allSatisfy { $0.first == ":" || $0 == $1 }
    }
}
