import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Testing

/// What networks really do to an upload. Each must leave journal and cursor as they were, be called by its name, and be
/// over as soon as the ledger answers again.
@Suite("Uploads over bad networks")
struct BadNetworkTests {
    private struct Trouble {
        let name: String
        let manner: WireLedger.Manner
        let kind: LedgerClientError.Kind
        let codes: [String]

        init(_ name: String, _ manner: WireLedger.Manner, _ kind: LedgerClientError.Kind, _ codes: String...) {
            self.name = name
            self.manner = manner
            self.kind = kind
            self.codes = codes
        }
    }

    private static func answer(_ status: String, _ type: String, _ body: String, _ more: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static let page = "<html><body>请登录校园网 / please log in</body></html>"
    private static let foreign = #"{"status":"ok","data":{"login":"https://portal.invalid/"}}"#

    private static let troubles: [Trouble] = [
        Trouble("a captive portal", .instead(answer("200 OK", "text/html", page)), .nonsense, "http-200"),
        Trouble(
            "a proxy with JSON of its own", .instead(answer("200 OK", "application/json", foreign)), .nonsense,
            "http-200"),
        Trouble(
            "a portal's page that calls itself JSON", .instead(answer("200 OK", "application/json", page)), .nonsense,
            "http-200"),
        Trouble(
            "a redirect to a portal",
            .instead(answer("302 Found", "text/html", "", "Location: http://127.0.0.1:1/login\r\n")), .nonsense,
            "http-302"),
        Trouble(
            "a proxy that wants a password",
            .instead(
                answer("407 Proxy Authentication Required", "text/html", page, "Proxy-Authenticate: Basic\r\n")),
            .nonsense, "http-407"),
        Trouble(
            "a gateway without its server", .instead(answer("502 Bad Gateway", "text/html", page)), .nonsense,
            "http-502"),
        Trouble("no HTTP at all", .instead("220 mail.invalid ESMTP ready\r\n"), .nonsense, "curl-1"),
        Trouble("a connection cut before any byte", .closed, .unreachable, "curl-52", "curl-56"),
        Trouble("a connection cut after the request", .takenThenCut, .unreachable, "curl-52"),
        Trouble("a connection cut in the answer's body", .cutInBody, .unreachable, "curl-18"),
        Trouble("an answer shorter than it says", .wrongLength(9), .unreachable, "curl-18"),
        Trouble("an answer longer than it says", .wrongLength(-9), .nonsense, "http-200"),
        Trouble(
            "an answer without end",
            .endlessly(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
                then: String(repeating: " ", count: 9999), everyMilliseconds: 0), .nonsense, "curl-23"),
        Trouble(
            "an answer that drips",
            .endlessly(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n", then: " ",
                everyMilliseconds: 100), .timeout, "curl-28"),
    ]

    private func terminal(
        _ url: String, timeout: Int64 = 20_000, authorities: String? = nil
    ) throws -> Terminal {
        let client = CurlLedgerClient(
            settings: CurlLedgerClient.Settings(
                url: url, terminal: 3, credential: .bearer("secret"), authorities: authorities,
                timeoutMilliseconds: timeout))
        let terminal = try Terminal(client)
        try terminal.append(20)
        return terminal
    }

    /// One attempt that must end in `error` and change nothing here, then attempts that must bring everything up.
    private func expect(
        _ name: String, _ kind: LedgerClientError.Kind, _ codes: [String], on terminal: Terminal, _ books: FakeLedger,
        well: () throws -> Void
    ) throws {
        let written = try terminal.journal.records(from: 1, limit: .max).map(\.bytes)
        let cursor = terminal.journal.cursor
        #expect(terminal.uploader.step() > 0, "\(name)")
        guard case .unreachable(let error) = try #require(terminal.events.all.first, "\(name)") else {
            Issue.record("\(name): \(terminal.events.all)")
            return
        }
        #expect(terminal.events.all.count == 1, "\(name)")
        #expect(error.kind == kind, "\(name): \(error)")
        #expect(codes.contains(error.code), "\(name): \(error)")
        #expect(terminal.journal.cursor == cursor, "\(name)")
        #expect(try terminal.journal.records(from: 1, limit: .max).map(\.bytes) == written, "\(name)")
        try well()
        #expect(terminal.run(), "\(name)")
        #expect(terminal.events.notable.last == .back, "\(name): \(terminal.events.notable)")
        #expect(books.stored == written, "\(name)")
    }

    @Test(
        "portals, proxies, cut connections, dripping and endless answers: named, harmless, and over with the next answer"
    )
    func troubles() throws {
        for trouble in Self.troubles {
            let ledger = try WireLedger()
            defer { ledger.stop() }
            // What never ends has to be ended by the clock; everything else ends by itself.
            let terminal = try terminal(ledger.url, timeout: trouble.kind == .timeout ? 300 : 20_000)
            ledger.behave(trouble.manner)
            try expect(trouble.name, trouble.kind, trouble.codes, on: terminal, ledger.books) {
                ledger.behave(.proper)
            }
        }
        print("sync: \(Self.troubles.count) kinds of bad network survived")
    }

    @Test("an acknowledgement of somebody else's records, over the wire, stops the upload and moves nothing")
    func foreignChainHead() throws {
        let ledger = try WireLedger()
        defer { ledger.stop() }
        let terminal = try terminal(ledger.url)
        ledger.behave(
            .altered {
                var other = $0
                other.chainHead = "0011223344556677"
                return other
            })
        #expect(terminal.uploader.step() > 0)
        guard case .frozen(.chainDiffers) = terminal.events.all.last else {
            Issue.record("\(terminal.events.all)")
            return
        }
        #expect(terminal.journal.cursor.acknowledged == 0)
        ledger.behave(.proper)
        #expect(terminal.run())
        #expect(terminal.events.notable.last == .back)
    }

    @Test("a port where nobody listens, and a name that nobody has, are unreachable")
    func nobody() throws {
        for url in ["http://127.0.0.1:1", "http://ledger.invalid:80"] {
            let terminal = try terminal(url)
            #expect(terminal.uploader.step() > 0)
            guard case .unreachable(let error) = terminal.events.all.first else {
                Issue.record("\(url): \(terminal.events.all)")
                continue
            }
            #expect(error.kind == .unreachable, "\(error)")
        }
    }

    @Test(
        "certificates of strangers, of another name, too old and too young: each is named, the dates lead to the clock")
    func certificates() throws {
        let authority = try TestAuthority()
        let ledger = try WireLedger()
        defer { ledger.stop() }
        let cases: [(name: String, TestAuthority.Flaw?, trusts: Bool, LedgerClientError.Kind, String, says: String)] = [
            ("an untrusted authority", nil, false, .untrusted, "x509-20", "issuer"),
            ("another name", .otherName, true, .untrusted, "curl-60", "127.0.0.1"),
            ("expired", .expired, true, .clock, "x509-10", "has expired by this terminal's clock"),
            ("not valid yet", .future, true, .clock, "x509-9", "is not valid yet by this terminal's clock"),
        ]
        for (name, flaw, trusts, kind, code, says) in cases {
            let front = try TLSFront(authority.certificate(flaw), to: ledger.port, folder: authority.folder)
            let terminal = try terminal(front.url, authorities: trusts ? authority.file : nil)
            #expect(terminal.uploader.step() > 0)
            guard case .unreachable(let error) = terminal.events.all.first else {
                Issue.record("\(name): \(terminal.events.all)")
                continue
            }
            #expect(error.kind == kind, "\(name): \(error)")
            #expect(error.code == code, "\(name): \(error)")
            #expect(error.message.contains(says), "\(name): \(error)")
            #expect(terminal.journal.cursor.acknowledged == 0, "\(name)")
        }
        #expect(ledger.bodySizes == [], "nothing may be said to a stranger")
        let front = try TLSFront(authority.certificate(.otherName), to: ledger.port, folder: authority.folder)
        let terminal = try terminal(front.url, authorities: authority.file)
        try expect("another name", .untrusted, ["curl-60"], on: terminal, ledger.books) {
            try front.change(to: authority.certificate(nil))
        }
    }

    @Test("a server without TLS on a TLS port is not trusted, and a connection cut while TLS begins is not there")
    func wrongPort() throws {
        let ledger = try WireLedger()
        defer { ledger.stop() }
        let url = "https://127.0.0.1:\(ledger.port)"
        ledger.behave(.unasked("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        let plain = try terminal(url)
        #expect(plain.uploader.step() > 0)
        ledger.behave(.closed)
        let cut = try terminal(url)
        #expect(cut.uploader.step() > 0)
        let kinds = (plain.events.all + cut.events.all).map {
            if case .unreachable(let error) = $0 { error.kind } else { LedgerClientError.Kind?.none }
        }
        #expect(kinds == [.untrusted, .unreachable], "\(plain.events.all) \(cut.events.all)")
        #expect(ledger.bodySizes == [])
    }
}
