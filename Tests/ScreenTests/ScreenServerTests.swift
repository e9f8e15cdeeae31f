import Foundation
import Glibc
import Platform
import Synchronization
import Testing

@testable import Screen

/// A server with the keys that it was given.
private final class Counter: Sendable {
    let server: ScreenServer
    private let pressed: Mailbox<ScreenKey>

    init() throws {
        let pressed = Mailbox<ScreenKey>()
        self.pressed = pressed
        server = try ScreenServer(port: 0, metrics: { "yika_readers 2\n" }) { pressed.send($0) }
    }

    var port: UInt16 { server.port }
    var host: String { "127.0.0.1:\(server.port)" }

    /// The next `count` keys.
    func keys(_ count: Int) -> [ScreenKey] {
        (0..<count).compactMap { _ in pressed.receive(until: SystemTime().now().advanced(milliseconds: 10_000)) }
    }

    var hasKeys: Bool { !pressed.drain().isEmpty }

    func ask(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) throws -> Browser.Answer? {
        try Browser(port).ask(method, path, host: host, headers: headers, body: body)
    }

    /// Somebody who watches, once he was answered.
    func watcher(receiveBuffer: Int32? = nil) throws -> Browser {
        let browser = try Browser(port, receiveBuffer: receiveBuffer)
        #expect(browser.ask("GET", "/events", host: host)?.status == 200)
        return browser
    }
}

private func state(_ amount: Int64, name: String = "一食堂 3 号") -> ScreenState {
    var state = ScreenState(role: .canteen, terminal: 7, name: name, phase: .amount)
    state.amountFen = amount
    return state
}

private func decoded(_ event: Browser.Event?) throws -> ScreenState {
    try JSONDecoder().decode(ScreenState.self, from: Data(try #require(event).data.utf8))
}

@Suite("Screen server")
struct ScreenServerTests {
    @Test("every file of the page is served, guarded, and not sent again to who has it")
    func files() throws {
        let counter = try Counter()
        for path in ScreenFile.all.keys.sorted() {
            let answer = try #require(try counter.ask("GET", path))
            #expect(answer.status == 200 && !answer.body.isEmpty)
            #expect(answer.headers["content-security-policy"]?.hasPrefix("default-src 'self'; ") == true)
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["x-frame-options"] == "DENY")
            #expect(answer.headers["cache-control"] == "no-cache")
            #expect(answer.headers["access-control-allow-origin"] == nil)
            let tag = try #require(answer.headers["etag"])
            let again = try counter.ask("GET", path, headers: ["If-None-Match": tag])
            #expect(again?.status == 304 && again?.body == "")
        }
        #expect(try counter.ask("HEAD", "/")?.status == 200)
    }

    @Test("the page names nothing outside itself and holds nothing inline, which its own policy would refuse")
    func resources() throws {
        for (path, file) in ScreenFile.all {
            let text = String(decoding: file.bytes, as: UTF8.self)
            let addresses = text.matches(of: #/https?:\/\/[^"' )]+/#).map { String($0.output) }
            #expect(addresses.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(path)")
            #expect(!text.contains("innerHTML") && !text.contains(" style=") && !text.contains("onclick="), "\(path)")
            for reference in text.matches(of: #/(?:href|src)="([^"$]+)"/#).map({ String($0.output.1) }) {
                let target = String(reference.prefix { $0 != "#" })
                #expect(ScreenFile.all[target] != nil, "\(path) names \(reference)")
                guard target == "/pictures.svg", reference.contains("#") else { continue }
                let pictures = String(decoding: try #require(ScreenFile.all[target]).bytes, as: UTF8.self)
                #expect(
                    pictures.contains("id=\"\(reference.drop { $0 != "#" }.dropFirst())\""), "\(path): \(reference)")
            }
        }
    }

    @Test(
        "a name that was made to point here is refused, whatever it asks for",
        arguments: ["evil.example", "evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:PORT", ""])
    func foreignHost(name: String) throws {
        let counter = try Counter()
        let host = name.replacing("PORT", with: "\(counter.port)")
        for (method, path) in [("GET", "/"), ("GET", "/events"), ("POST", "/keys")] {
            let answer = try counter.ask(
                method, path, headers: ["Host": host, "Origin": "http://\(host)"],
                body: method == "POST" ? #"{"key":"1"}"# : nil)
            #expect(answer?.status == (host.isEmpty ? 400 : 421))
        }
        #expect(!counter.hasKeys)
    }

    @Test("a scraper on this machine gets what is counted, another site's page does not")
    func metrics() throws {
        let counter = try Counter()
        let answer = try #require(try counter.ask("GET", "/metrics"))
        #expect(answer.status == 200 && answer.body == "yika_readers 2\n")
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4")
        #expect(try counter.ask("GET", "/metrics", headers: ["Sec-Fetch-Site": "cross-site"])?.status == 403)
        #expect(try counter.ask("POST", "/metrics", body: "{}")?.status == 405)
    }

    @Test("localhost is this terminal too")
    func localhost() throws {
        let counter = try Counter()
        let host = "LocalHost:\(counter.port)"
        let headers = ["Host": host, "Origin": "http://\(host)", "Sec-Fetch-Site": "same-origin"]
        #expect(try counter.ask("POST", "/keys", headers: headers, body: #"{"key":"+"}"#)?.status == 204)
        #expect(counter.keys(1) == [.plus])
    }

    @Test(
        "another site's page can neither press keys nor watch",
        arguments: [
            ["Origin": "http://evil.example"], ["Origin": "null"], ["Origin": ""],
            ["Origin": "http://127.0.0.1:1"], ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
        ])
    func foreignOrigin(headers: [String: String]) throws {
        let counter = try Counter()
        let answer = try #require(try counter.ask("POST", "/keys", headers: headers, body: #"{"key":"1"}"#))
        #expect(answer.status == 403 && answer.body.contains(#""code":"W-ORIGIN""#))
        #expect(!counter.hasKeys)
        if headers["Sec-Fetch-Site"] != nil {
            #expect(try counter.ask("GET", "/events", headers: headers)?.status == 403)
        }
    }

    @Test(
        "what a form of another site could send is no key, and no preflight is ever answered",
        arguments: [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
            "",
        ])
    func formTypes(type: String) throws {
        let counter = try Counter()
        let answer = try counter.ask("POST", "/keys", headers: ["Content-Type": type], body: #"{"key":"1"}"#)
        #expect(answer?.status == 415)
        let preflight = try counter.ask("OPTIONS", "/keys", headers: ["Access-Control-Request-Method": "POST"])
        #expect(preflight?.status == 405 && preflight?.headers["allow"] == "POST")
        #expect(preflight?.headers["access-control-allow-origin"] == nil)
        #expect(!counter.hasKeys)
    }

    @Test("every key there is arrives, in order, alone and with others in one request")
    func keys() throws {
        let counter = try Counter()
        let browser = try Browser(counter.port)
        for key in ScreenKey.allCases {
            let body = #"{"key":"\#(key.rawValue)"}"#
            #expect(browser.ask("POST", "/keys", host: counter.host, body: body)?.status == 204)
        }
        #expect(counter.keys(ScreenKey.allCases.count) == ScreenKey.allCases)
        let dish = browser.ask("POST", "/keys", host: counter.host, body: #"{"keys":["+","1","2","dish"]}"#)
        #expect(dish?.status == 204)
        #expect(counter.keys(4) == [.plus, .one, .two, .dish])
    }

    @Test(
        "what is no key is refused with its code, and nothing of it is pressed",
        arguments: [
            "", "{", "[]", "{}", #"{"key":"10"}"#, #"{"key":1}"#, #"{"key":""}"#, #"{"keys":[]}"#,
            #"{"keys":["1","x"]}"#,
            #"{"key":"1","keys":["2"]}"#, #"{"keys":["1","1","1","1","1","1","1","1","1"]}"#, "\u{0}",
        ])
    func garbage(body: String) throws {
        let counter = try Counter()
        let answer = try #require(try counter.ask("POST", "/keys", body: body))
        #expect(answer.status == 400 && answer.body.contains(#""code":"W-KEY""#))
        #expect(!counter.hasKeys)
    }

    @Test("a body that is too long is refused, and one that does not end is not heard out")
    func tooLong() throws {
        let counter = try Counter()
        let long = #"{"key":"1","x":"\#(String(repeating: "y", count: 300))"}"#
        let answer = try #require(try counter.ask("POST", "/keys", body: long))
        #expect(answer.status == 413 && answer.body.contains(#""code":"W-LENGTH""#))
        let endless = try Browser(counter.port)
        endless.say(
            "POST /keys HTTP/1.1\r\nHost: \(counter.host)\r\nOrigin: http://\(counter.host)\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<200 { endless.say("400\r\n\(String(repeating: "z", count: 1024))\r\n") }
        #expect(endless.answer() == nil)
        #expect(!counter.hasKeys)
        #expect(try counter.ask("GET", "/")?.status == 200)
    }

    @Test("a path that is none and a method that is none have codes of their own")
    func wrongPaths() throws {
        let counter = try Counter()
        for path in ["/nothing", "/../etc/passwd", "//", "/keys/1", "/page.css.map"] {
            #expect(try counter.ask("GET", path)?.status == 404)
        }
        #expect(try counter.ask("GET", "/keys")?.status == 405)
        #expect(try counter.ask("POST", "/", body: "")?.status == 405)
        #expect(try counter.ask("GET", "/?lang=en")?.status == 200)
    }

    @Test("a second server does not get the first one's port, and gets it when that has stopped")
    func port() throws {
        let counter = try Counter()
        let port = counter.port
        #expect(throws: ScreenError(call: "bind 127.0.0.1:\(port)", code: EADDRINUSE)) {
            try ScreenServer(port: port) { _ in }
        }
        let watcher = try counter.watcher()
        counter.server.stop()
        #expect(watcher.event()?.kind == "page" && watcher.event() == nil)
        let second = try ScreenServer(port: port) { _ in }
        #expect(second.port == port)
        second.stop()
    }
}

@Suite("Screen events")
struct ScreenEventTests {
    @Test("who connects is told the whole state at once, and each change after that, numbered")
    func states() throws {
        let counter = try Counter()
        var whole = state(1250)
        whole.dishes = [.init(number: 12, name: .init(zh: "红烧肉", en: "braised pork"), priceFen: 800)]
        whole.conditions = [
            .init(
                code: "YK-N01", severity: "degraded", title: .init(zh: "一", en: "1"), nextStep: .init(zh: "二", en: "2"))
        ]
        counter.server.publish(whole)
        let watcher = try counter.watcher()
        #expect(watcher.event()?.kind == "page")
        let first = watcher.state()
        #expect(first?.id == "1")
        #expect(try decoded(first) == whole)
        #expect(first?.data.contains(#""keys":["0","#) == true)
        counter.server.publish(whole)
        counter.server.publish(state(3))
        let second = watcher.state()
        #expect(second?.id == "2", "the same state once more is no change")
        #expect(try decoded(second).amountFen == 3)
    }

    @Test("who connects before there is a state waits for the first one, and hears that somebody is there")
    func beats() throws {
        let counter = try Counter()
        let watcher = try counter.watcher()
        #expect(watcher.event()?.kind == "page")
        let time = SystemTime()
        let start = time.now()
        for _ in 0..<2 { #expect(watcher.event()?.kind == "beat") }
        // The page gives up after 4 s without a word.
        #expect(time.now().milliseconds(since: start) < 4000)
        counter.server.publish(state(5))
        #expect(try decoded(watcher.state()).amountFen == 5)
    }

    @Test("who reads slowly gets the newest state, not all that he missed, and delays nobody")
    func slow() throws {
        let counter = try Counter()
        let slow = try counter.watcher(receiveBuffer: 4096)
        let quick = try counter.watcher()
        let padding = String(repeating: "长", count: 3000)
        let last: Int64 = 400
        for amount in 1...last {
            counter.server.publish(state(amount, name: padding))
            #expect(try decoded(quick.state()).amountFen == amount)
        }
        var seen = 0
        var newest: Int64 = 0
        while newest < last {
            newest = try #require(try decoded(slow.state()).amountFen)
            seen += 1
        }
        #expect(seen < 40, "\(seen) of \(last) states were waiting for who did not read")
        print("screen: of \(last) states, who did not read found \(seen) waiting")
    }

    @Test("eight may watch, the ninth is told to come back, and a place is free as soon as one goes")
    func limit() throws {
        let counter = try Counter()
        counter.server.publish(state(1))
        var watchers = try (0..<8).map { _ in try counter.watcher() }
        for watcher in watchers { #expect(watcher.state()?.id == "1") }
        let ninth = try #require(try counter.ask("GET", "/events"))
        #expect(ninth.status == 503 && ninth.body.contains(#""code":"W-BUSY""#) && ninth.headers["retry-after"] == "2")
        watchers.removeLast(2)
        let next = try counter.watcher()
        #expect(next.state()?.id == "1")
        counter.server.publish(state(2))
        for watcher in watchers + [next] { #expect(watcher.state()?.id == "2") }
    }

    @Test("stopping takes less than a second, with clients that watch, do not read, and are in the middle of a request")
    func stop() throws {
        let counter = try Counter()
        let watchers = try (0..<4).map { _ in try counter.watcher() }
        let deaf = try counter.watcher(receiveBuffer: 4096)
        let half = try Browser(counter.port)
        half.say("POST /keys HTTP/1.1\r\nHost: \(counter.host)\r\nContent-Length: 20\r\n\r\n{")
        let idle = try Browser(counter.port)
        for amount in Int64(1)...100 {
            counter.server.publish(state(amount, name: String(repeating: "x", count: 5000)))
        }
        let time = SystemTime()
        let start = time.now()
        counter.server.stop()
        #expect(time.now().milliseconds(since: start) < 1000)
        for watcher in watchers + [deaf, half, idle] { while watcher.line() != nil {} }
        counter.server.publish(state(7))
        counter.server.stop()
        #expect(throws: POSIXError.self) { try Browser(counter.port) }
    }

    @Test("from many threads at once, the last word of each is taken and the newest is shown")
    func threads() throws {
        let counter = try Counter()
        let watcher = try counter.watcher()
        let server = counter.server
        let threads = (0..<4).map { thread in
            DedicatedThread(name: "publisher") {
                for step in 0..<500 { server.publish(state(Int64(thread * 1000 + step))) }
            }
        }
        for thread in threads { #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 20_000))) }
        server.publish(state(999_999))
        var newest: Int64 = 0
        while newest != 999_999 { newest = try #require(try decoded(watcher.state()).amountFen) }
    }
}

@Suite("Screen keys")
struct ScreenKeyTests {
    @Test("while a card is worked on, and at a kiosk, no key is offered")
    func none() {
        for phase in ScreenState.Phase.allCases {
            #expect(ScreenState(role: .activation, terminal: 1, name: "", phase: phase).keys.isEmpty)
        }
        #expect(ScreenState(role: .canteen, terminal: 1, name: "", phase: .working).keys.isEmpty)
    }

    @Test("in every other phase of the counter something can be pressed, and what costs money only where it is meant")
    func some() {
        for phase in ScreenState.Phase.allCases where phase != .working {
            let keys = Set(ScreenState(role: .canteen, terminal: 1, name: "", phase: phase).keys)
            #expect(!keys.isEmpty)
            let isBetween = [.idle, .done, .refused].contains(phase)
            #expect(keys.contains(.void) == isBetween)
            #expect(keys.contains(.training) == (isBetween || phase == .closed))
            #expect(keys.contains(.refund) == (isBetween || phase == .amount))
            #expect(!keys.contains(.point) || isBetween || phase == .amount)
        }
    }
}
