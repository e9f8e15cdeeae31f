import FoundationEssentials

/// What a request says about itself.
struct ScreenRequest {
    var method: String
    var path: String
    var host: String?
    var origin: String?
    var fetchSite: String?
    var contentType: String?
    var knownTag: String?
    var body: [UInt8] = []
    /// Bytes that came, kept or not.
    var received = 0
}

/// Who is answered what. A function of the request alone, so that no connection is needed to try it.
///
/// Every program on this machine can connect, a browser among them, which does so for any page of the world that asks it
/// to. Such a page cannot choose the `Host`, the `Origin` and `Sec-Fetch-Site` that the browser sends, nor send JSON
/// before it was allowed to; so these four are looked at, and nobody is ever allowed anything.
struct ScreenSite {
    /// What becomes of a request.
    enum Outcome {
        /// It is answered.
        case reply(ScreenReply)
        /// It gets the events.
        case events
        /// Keys were pressed.
        case keys([ScreenKey])
        /// It gets what the terminal counts.
        case metrics
    }

    /// Screens that watch at a time; more are turned away.
    static let streamsMost = 8
    /// The longest body that means something, in bytes.
    static let bodyMost = 256
    /// Keys in one request: a dish's number and its key, added to what there was.
    private static let keysMost = 8

    private struct Press: Decodable {
        var key: ScreenKey?
        var keys: [ScreenKey]?
    }

    private let hosts: [String]

    init(port: UInt16) {
        hosts = ["127.0.0.1", "localhost"].flatMap { port == 80 ? [$0, "\($0):80"] : ["\($0):\(port)"] }
    }

    func outcome(of request: ScreenRequest) -> Outcome {
        // A name of somebody else's that was made to point here (DNS rebinding) comes with that name.
        guard let host = request.host?.lowercased(), hosts.contains(host) else { return refuse(.foreignHost) }
        switch request.path {
        case "/keys":
            guard request.method == "POST" else { return refuse(.wrongMethod("POST")) }
            return press(request, host: host)
        case "/events":
            guard request.method == "GET" else { return refuse(.wrongMethod("GET")) }
            guard isOwn(request) else { return refuse(.foreignOrigin) }
            return .events
        case "/metrics":
            guard request.method == "GET" else { return refuse(.wrongMethod("GET")) }
            guard isOwn(request) else { return refuse(.foreignOrigin) }
            return .metrics
        default:
            guard let file = ScreenFile.all[request.path] else { return refuse(.noSuchPage) }
            guard request.method == "GET" || request.method == "HEAD" else { return refuse(.wrongMethod("GET, HEAD")) }
            return .reply(.file(file, isKnown: request.knownTag == file.tag))
        }
    }

    private func press(_ request: ScreenRequest, host: String) -> Outcome {
        // Browsers name the origin of every POST; what comes without one is no page at all.
        guard isOwn(request), request.origin?.lowercased() == "http://\(host)" else { return refuse(.foreignOrigin) }
        let type = request.contentType?.lowercased().prefix { $0 != ";" }
        guard type == "application/json" else { return refuse(.notJSON) }
        guard request.received <= Self.bodyMost else { return refuse(.tooLong) }
        guard let press = try? JSONDecoder().decode(Press.self, from: Data(request.body)) else { return refuse(.noKey) }
        let keys = press.keys ?? press.key.map { [$0] } ?? []
        guard 1...Self.keysMost ~= keys.count, press.key == nil || press.keys == nil else { return refuse(.noKey) }
        return .keys(keys)
    }

    /// False for what a browser says it does for another site.
    private func isOwn(_ request: ScreenRequest) -> Bool {
        switch request.fetchSite?.lowercased() {
        // None: no browser, or one that is older than this header, or somebody who typed the address.
        case nil, "none", "same-origin": true
        default: false
        }
    }

    private func refuse(_ refusal: ScreenRefusal) -> Outcome { .reply(.refusal(refusal)) }
}
