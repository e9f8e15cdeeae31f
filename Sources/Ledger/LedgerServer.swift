import Dispatch
import FoundationEssentials
import Hummingbird
import LedgerProtocol
public import Logging

/// The ledger on the network: HTTP in front of a ``LedgerService``.
///
/// It stops on SIGTERM and SIGINT after the requests in hand.
public struct LedgerServer: Sendable {
    private let service: LedgerService
    private let host: String
    private let port: Int
    private let logger: Logger
    // The service blocks on the disk; Swift's own few threads must not.
    private let waiting = DispatchQueue(label: "yika.ledger.requests", attributes: .concurrent)

    /// A server of `service` at `host` and `port`; port 0 takes a free one.
    public init(service: LedgerService, host: String, port: Int, logger: Logger) {
        self.service = service
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// Serves until the process is told to stop, or the task is cancelled.
    ///
    /// - Parameter onListening: called once with the port, when connections are accepted.
    public func run(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let application = Application(
            router: router(),
            configuration: .init(address: .hostname(host, port: port), serverName: "yika-ledger"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.runService()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.get("/v1/status") { _, _ in
            await answer { try json(service.status()) }
        }
        router.get("/v1/feeds/:kind") { request, context in
            let kind = context.parameters.get("kind")
            return await answer { try feed(request, kind) }
        }
        router.post("/v1/terminals/:terminal/heartbeat") { request, context in
            let terminal = context.parameters.get("terminal", as: UInt16.self)
            return await answer(request, bodyLimit: 8192) { body in try heartbeat(request, terminal, body) }
        }
        router.post("/v1/activations/permit") { request, _ in
            await answer(request, bodyLimit: 4096) { body in try permit(request, body) }
        }
        router.post("/v1/terminals/:terminal/epochs/:epoch/records") { request, context in
            let terminal = context.parameters.get("terminal", as: UInt16.self)
            let epoch = context.parameters.get("epoch", as: UInt32.self)
            return await answer(request, bodyLimit: LedgerPath.uploadLimit) { body in
                try upload(request, terminal: terminal, epoch: epoch, unpacked(body, of: request))
            }
        }
        return router
    }

    private func upload(_ request: Request, terminal: UInt16?, epoch: UInt32?, _ body: [UInt8]) throws -> Response {
        guard let terminal, let epoch, let first = request.uri.queryParameters.get("first", as: UInt64.self) else {
            throw LedgerRefused.malformed("expected a terminal, an epoch and ?first= in numbers")
        }
        return try json(
            service.ingest(
                terminal: terminal, token: token(of: request), epoch: epoch, first: first, body: body))
    }

    private func unpacked(_ body: [UInt8], of request: Request) throws(LedgerRefused) -> [UInt8] {
        switch request.headers[.contentEncoding] {
        case nil, "identity": return body
        case BatchCompression.name:
            do throws(BatchCompressionError) {
                return try BatchCompression.decompress(body, limit: LedgerPath.uploadLimit)
            } catch {
                throw .malformed("the body is \(error)")
            }
        default: throw .unknownEncoding
        }
    }

    private func permit(_ request: Request, _ body: [UInt8]) throws -> Response {
        guard let question = try? JSONDecoder().decode(PermitRequest.self, from: Data(body)) else {
            throw LedgerRefused.malformed("expected a permit request in JSON")
        }
        guard try terminal(of: request) == question.terminal else { throw LedgerRefused.denied }
        return try json(service.permit(question, token: token(of: request)))
    }

    private func feed(_ request: Request, _ kind: String?) throws -> Response {
        guard let kind = kind.flatMap(FeedKind.init(rawValue:)),
            let since = request.uri.queryParameters.get("since", as: UInt64.self)
        else { throw LedgerRefused.malformed("expected roster, hotlist or settings, and ?since= in numbers") }
        let bytes = try service.feed(kind, since: since, terminal: terminal(of: request), token: token(of: request))
        guard let bytes else { return Response(status: .notModified) }
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func heartbeat(_ request: Request, _ terminal: UInt16?, _ body: [UInt8]) throws -> Response {
        guard let terminal, let heartbeat = try? JSONDecoder().decode(Heartbeat.self, from: Data(body)) else {
            throw LedgerRefused.malformed("expected a terminal in numbers and a heartbeat in JSON")
        }
        return try json(service.heartbeat(heartbeat, terminal: terminal, token: token(of: request)))
    }

    private func terminal(of request: Request) throws -> UInt16 {
        let field = request.headers.first { $0.name.canonicalName == LedgerPath.terminalHeader }
        guard let number = field.flatMap({ UInt16($0.value) }) else {
            throw LedgerRefused.malformed("expected the header \(LedgerPath.terminalHeader) with a number")
        }
        return number
    }

    private func token(of request: Request) throws -> String {
        let scheme = "Bearer "
        guard let value = request.headers[.authorization], value.hasPrefix(scheme) else { throw LedgerRefused.denied }
        return String(value.dropFirst(scheme.count))
    }

    private func answer(
        _ request: Request, bodyLimit: Int, _ body: @escaping @Sendable ([UInt8]) throws -> Response
    ) async -> Response {
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= bodyLimit else { return refusal(.tooLarge(limit: bodyLimit)) }
                bytes += part.readableBytesView
            }
        } catch {
            return refusal(.malformed("the body broke off"))
        }
        let whole = bytes
        return await answer { try body(whole) }
    }

    private func answer(_ body: @escaping @Sendable () throws -> Response) async -> Response {
        await withCheckedContinuation { continuation in
            waiting.async {
                do {
                    continuation.resume(returning: try body())
                } catch let refused as LedgerRefused {
                    continuation.resume(returning: refusal(refused))
                } catch {
                    logger.error("a request failed", metadata: ["error": "\(error)"])
                    continuation.resume(returning: refusal(.inside))
                }
            }
        }
    }

    private func refusal(_ refused: LedgerRefused) -> Response {
        let body = (try? json(refused.refusal))?.body ?? ResponseBody()
        return Response(
            status: .init(code: refused.status), headers: [.contentType: "application/json"], body: body)
    }

    private func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
    }
}
