import Glibc
import LedgerProtocol
import Platform
import Sync
import Synchronization
import Testing

/// A server on a local socket that answers each connection with bytes prepared for it, right or wrong.
private final class ScriptedServer: Sendable {
    enum Line: Sendable {
        case say(String)
        case wait(Signal)
    }

    let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[String]>([])
    let done = Signal()

    var received: [String] { requests.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    init(_ script: [Line]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) | listen(descriptor, 8)
                    | getsockname(descriptor, pointer, &length)
            }
        }
        try #require(status == 0)
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        _ = DedicatedThread(name: "server") { [self] in serve(script) }
    }

    deinit { close(listener) }

    private func serve(_ script: [Line]) {
        let connection = accept(listener, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var request = ""
        while !request.contains("\r\n\r\n") {
            let count = unsafe read(connection, &buffer, buffer.count)
            if count <= 0 { break }
            request += String(decoding: buffer[..<count], as: UTF8.self)
        }
        requests.withLock { $0.append(request) }
        for line in script {
            switch line {
            case .say(let text): _ = unsafe send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
            case .wait(let signal): _ = signal.wait()
            }
        }
        close(connection)
        done.raise()
    }
}

@Suite("Ledger client over HTTP")
struct CurlTests {
    private func client(_ url: String, timeout: Int64 = 20_000) -> CurlLedgerClient {
        CurlLedgerClient(
            settings: CurlLedgerClient.Settings(
                url: url, terminal: 3, credential: .bearer("secret"), timeoutMilliseconds: timeout))
    }

    private func answer(_ status: String, _ type: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// What an upload to a server that answers with `text` ends in.
    private func upload(answeredBy text: String) throws -> Result<UploadResult, LedgerClientError> {
        let server = try ScriptedServer([.say(text)])
        return Result { () throws(LedgerClientError) in
            try client(server.url).upload(terminal: 3, epoch: 5, first: 9, bytes: [1, 2, 3])
        }
    }

    @Test("an acknowledgement is read, and the request names terminal, epoch and sequence and carries the token")
    func acknowledged() throws {
        let body = #"{"acknowledged":9,"chainHead":"00","timeMilliseconds":7,"rosterVersion":2}"#
        let server = try ScriptedServer([.say(answer("200 OK", "application/json; charset=utf-8", body))])
        let result = try client(server.url + "/").upload(terminal: 3, epoch: 5, first: 9, bytes: [65, 66])
        #expect(
            result
                == .acknowledged(
                    Acknowledgement(acknowledged: 9, chainHead: "00", timeMilliseconds: 7, rosterVersion: 2)))
        let request = try #require(server.received.first)
        #expect(request.hasPrefix("POST /v1/terminals/3/epochs/5/records?first=9 HTTP/1.1\r\n"))
        #expect(request.contains("Authorization: Bearer secret\r\n"))
        #expect(request.contains("Content-Type: application/octet-stream\r\n"))
        #expect(request.contains("Content-Encoding: gzip\r\n"))
        #expect(!request.contains("Expect:"))
    }

    @Test("gap, fork and freeze are answers, other refusals are errors with the ledger's own code")
    func refusals() throws {
        func refusal(_ status: String, _ code: String, _ more: String = "") throws -> Result<
            UploadResult, LedgerClientError
        > {
            try upload(
                answeredBy: answer(status, "application/json", #"{"code":"\#(code)","message":"m"\#(more)}"#))
        }
        #expect(try refusal("409 Conflict", "L-GAP", #","expected":4"#).get() == .gap(expected: 4))
        #expect(try refusal("423 Locked", "L-FORK").get() == .fork(message: "m"))
        #expect(try refusal("423 Locked", "L-FROZEN").get() == .frozen(message: "m"))
        #expect(try refusal("409 Conflict", "L-EPOCH").get() == .epochNotRegistered(message: "m"))
        #expect(try refusal("500 Oops", "L-INTERNAL").failure?.kind == .refused)
        #expect(try refusal("500 Oops", "L-INTERNAL").failure?.code == "L-INTERNAL")
        #expect(try refusal("403 No", "L-DENIED").failure?.kind == .denied)
        #expect(try refusal("409 Conflict", "L-GAP").failure?.kind == .refused)
    }

    @Test("what is not a ledger's answer is nonsense: HTML, a redirect, JSON of another kind, an endless body")
    func nonsense() throws {
        for text in [
            answer("200 OK", "text/html", "<html>Please log in</html>"),
            "HTTP/1.1 302 Found\r\nLocation: http://portal.invalid/\r\nContent-Length: 0\r\n\r\n",
            answer("200 OK", "application/json", "{}"),
            answer("200 OK", "application/json", "[1,"),
            answer("502 Bad Gateway", "text/html", "<html>"),
            answer("200 OK", "application/json", String(repeating: " ", count: 100_000)),
        ] {
            #expect(try upload(answeredBy: text).failure?.kind == .nonsense, "\(text.prefix(40))")
        }
    }

    @Test("an answer cut in half, a closed connection and a closed port are unreachable")
    func broken() throws {
        let half = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"ackn"
        #expect(try upload(answeredBy: half).failure?.kind == .unreachable)
        #expect(try upload(answeredBy: "").failure?.kind == .unreachable)
        let server = try ScriptedServer([])
        _ = try? client(server.url).status()
        #expect(throws: LedgerClientError.self) { try client("http://127.0.0.1:1").status() }
    }

    @Test("a server that never answers is given up in time, and a permit at its deadline")
    func slow() throws {
        let release = Signal()
        defer { release.raise() }
        let server = try ScriptedServer([.wait(release)])
        #expect(
            Result { () throws(LedgerClientError) in try client(server.url, timeout: 50).status() }.failure?.kind
                == .timeout)
        let other = try ScriptedServer([.wait(release)])
        let request = PermitRequest(terminal: 3, uid: "01020304", holder: "00")
        let deadline = SystemTime().now().advanced(milliseconds: 50)
        #expect(
            Result { () throws(LedgerClientError) in try client(other.url).permit(request, deadline: deadline) }
                .failure?.kind == .timeout)
        #expect(
            Result { () throws(LedgerClientError) in try client(other.url).permit(request, deadline: deadline) }
                .failure?.code == "deadline")
    }

    @Test("a feed is taken as bytes, 304 means none newer, and a login page is nonsense")
    func feed() throws {
        let server = try ScriptedServer([.say(answer("200 OK", "application/octet-stream", "YKROSTR1"))])
        #expect(try client(server.url).feed(.roster, since: 7) == Array("YKROSTR1".utf8))
        #expect(server.received.first?.hasPrefix("GET /v1/feeds/roster?since=7 HTTP/1.1\r\n") == true)
        let same = try ScriptedServer([.say("HTTP/1.1 304 Not Modified\r\n\r\n")])
        #expect(try client(same.url).feed(.hotlist, since: 7) == nil)
        let portal = try ScriptedServer([.say(answer("200 OK", "text/html", "<html>"))])
        #expect(throws: LedgerClientError.self) { try client(portal.url).feed(.settings, since: 0) }
    }

    @Test("a heartbeat names its terminal in the path, and an answer without the optional fields is understood")
    func heartbeat() throws {
        let body = #"{"timeMilliseconds":7,"rosterVersion":2,"hotlistVersion":3,"settingsVersion":4}"#
        let server = try ScriptedServer([.say(answer("200 OK", "application/json", body))])
        let heartbeat = Heartbeat(
            wallMilliseconds: 1, version: "1", epoch: 5, lastSequence: 9, acknowledged: 8, conditions: ["YK-R02"])
        #expect(
            try client(server.url).heartbeat(heartbeat)
                == HeartbeatAnswer(timeMilliseconds: 7, rosterVersion: 2, hotlistVersion: 3, settingsVersion: 4))
        #expect(server.received.first?.hasPrefix("POST /v1/terminals/3/heartbeat HTTP/1.1\r\n") == true)
    }

    @Test("a feed under way is given up within about a second, later ones at once, and nothing else")
    func abandoned() throws {
        let release = Signal()
        defer { release.raise() }
        let server = try ScriptedServer([.wait(release)])
        let progress = Mutex(0)
        let client = CurlLedgerClient(
            settings: .init(url: server.url, terminal: 3), feedProgress: { progress.withLock { $0 += 1 } })
        let ended = Answer<LedgerClientError?>()
        _ = DedicatedThread(name: "feed") {
            ended.give(
                Result { () throws(LedgerClientError) in try client.feed(.hotlist, since: 0) }.failure)
        }
        while server.received.isEmpty { SystemTime().sleep(milliseconds: 5) }
        client.abandonFeeds()
        let start = SystemTime().now()
        let failure = ended.wait(until: start.advanced(milliseconds: 30_000))
        print("feed given up after \(SystemTime().now().milliseconds(since: start)) ms")
        #expect(failure??.kind == .unreachable)
        #expect(progress.withLock { $0 } > 0)
        #expect(throws: LedgerClientError.self) { try client.feed(.hotlist, since: 0) }
        let body = #"{"version":"1","timeMilliseconds":7,"rosterVersion":2}"#
        let other = try ScriptedServer([.say(answer("200 OK", "application/json", body))])
        #expect(try CurlLedgerClient(settings: .init(url: other.url, terminal: 3)).status().rosterVersion == 2)
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
