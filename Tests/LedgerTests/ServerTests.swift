import Crypto
import Foundation
import FoundationNetworking
import Journal
import LedgerProtocol
import Logging
import Platform
import TestSupport
import Testing

@testable import Ledger

@Suite("The ledger on the network")
struct ServerTests {
    private func server(of books: TestBooks) -> LedgerServer {
        var logger = Logger(label: "test")
        logger.handler = SwiftLogNoOpLogHandler()
        return LedgerServer(service: books.service, host: "127.0.0.1", port: 0, logger: logger)
    }

    /// Runs `body` against a server on a free port of this machine.
    private func serving(_ books: TestBooks, _ body: (Client) async throws -> Void) async throws {
        let server = server(of: books)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let running = Task {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(Client(base: "http://127.0.0.1:\(port)"))
        running.cancel()
        try await running.value
    }

    private struct Client {
        let base: String

        func ask(
            _ path: String, _ method: String = "GET", body: [UInt8]? = nil, token: String? = TestBooks.token,
            terminal: UInt16? = 1, headers: [String: String] = [:]
        ) async throws -> (status: Int, body: Data, headers: [AnyHashable: Any]) {
            var request = URLRequest(url: try #require(URL(string: base + path)))
            request.httpMethod = method
            request.httpBody = body.map { Data($0) }
            request.cachePolicy = .reloadIgnoringLocalCacheData
            if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            if let terminal { request.setValue("\(terminal)", forHTTPHeaderField: "Yika-Terminal") }
            for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
            let (data, response) = try await PatientSession.shared.data(for: request)
            let http = try #require(response as? HTTPURLResponse)
            return (http.statusCode, data, http.allHeaderFields)
        }
    }

    private func code(_ data: Data) throws -> String { try JSONDecoder().decode(LedgerRefusal.self, from: data).code }

    @Test("Records go up, and every refusal has its status and code")
    func uploads() async throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        terminal.activate(2)
        let slots = terminal.slots
        try await serving(books) { client in
            func upload(
                _ range: Range<Int>, first: UInt64? = nil, token: String? = TestBooks.token, terminal: UInt16 = 1
            )
                async throws -> (status: Int, body: Data, headers: [AnyHashable: Any])
            {
                try await client.ask(
                    LedgerPath.records(terminal: terminal, epoch: 7, first: first ?? UInt64(range.lowerBound) + 1),
                    "POST",
                    body: Array(slots[range].joined()), token: token, terminal: nil)
            }
            let taken = try await upload(0..<2)
            #expect(taken.status == 200)
            let answer = try JSONDecoder().decode(Acknowledgement.self, from: taken.body)
            #expect(answer.acknowledged == 2 && answer.chainHead == Slot.mac(of: slots[1]).bytes.hex())
            let again = try await upload(0..<2)
            #expect(again.status == 200)
            let gap = try await upload(3..<4)
            #expect(gap.status == 409)
            #expect(try JSONDecoder().decode(LedgerRefusal.self, from: gap.body).expected == 3)
            for (reply, status, expected) in [
                (try await upload(2..<4, first: 4), 400, "L-MALFORMED"),
                (try await upload(2..<4, token: nil), 401, "L-DENIED"),
                (try await upload(2..<4, token: "wrong"), 401, "L-DENIED"),
                (try await upload(2..<4, terminal: 9), 404, "L-UNKNOWN-TERMINAL"),
                (
                    try await client.ask("/v1/terminals/x/epochs/7/records?first=1", "POST", body: []), 400,
                    "L-MALFORMED"
                ),
                (try await client.ask("/v1/terminals/1/epochs/7/records", "POST", body: []), 400, "L-MALFORMED"),
                (
                    try await client.ask(
                        LedgerPath.records(terminal: 1, epoch: 7, first: 3), "POST",
                        body: [UInt8](repeating: 0, count: LedgerPath.uploadLimit + 1)), 413, "L-MALFORMED"
                ),
                (try await upload(2..<3, first: 1, terminal: 1), 400, "L-MALFORMED"),
            ] {
                #expect(reply.status == status)
                #expect(try code(reply.body) == expected)
            }
            var other = TestTerminal()
            other.activate(3)
            let fork = try await client.ask(
                LedgerPath.records(terminal: 1, epoch: 7, first: 1), "POST", body: Array(other.slots.joined()))
            #expect(fork.status == 423)
            #expect(try code(fork.body) == "L-FORK")
            let frozen = try await upload(2..<4)
            #expect(frozen.status == 423)
            #expect(try code(frozen.body) == "L-FROZEN")
        }
        try #expect(books.count("records") == 2)
    }

    @Test("Records go up packed, too; other packings, bombs, cut and trailing bytes are refused and nothing is stored")
    func packedUploads() async throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.activate(1, purse: 350)
        let packed = BatchCompression.compress(Array(terminal.slots.joined()))
        let bomb = BatchCompression.compress([UInt8](repeating: 0, count: LedgerPath.uploadLimit + 128))
        try await serving(books) { client in
            func upload(_ body: [UInt8], _ encoding: String) async throws -> (status: Int, code: String?) {
                let reply = try await client.ask(
                    LedgerPath.records(terminal: 1, epoch: 7, first: 1), "POST", body: body, terminal: nil,
                    headers: ["Content-Encoding": encoding])
                return (reply.status, try? code(reply.body))
            }
            for (body, encoding, status) in [
                (packed, "br", 415), (packed, "gzip, gzip", 415), (packed, "identity", 400), (bomb, "gzip", 400),
                (Array(packed.dropLast()), "gzip", 400), (packed + [0], "gzip", 400), ([], "gzip", 400),
            ] {
                let reply = try await upload(body, encoding)
                #expect(reply.status == status && reply.code == "L-MALFORMED", "\(encoding)")
            }
            try #expect(books.count("records") == 0)
            #expect(try await upload(packed, "gzip").status == 200)
        }
        try #expect(books.count("records") == 2)
    }

    @Test("Permits, rosters and the status are given over the network")
    func questions() async throws {
        let books = try TestBooks(lost: [2])
        try await serving(books) { client in
            let status = try await client.ask(LedgerPath.status, token: nil, terminal: nil)
            #expect(try JSONDecoder().decode(LedgerStatus.self, from: status.body).version == LedgerVersion.current)

            let question = PermitRequest(
                terminal: 1, uid: TestBooks.uid(2).hex(), holder: books.hash(2).bytes.hex())
            let body = Array(try JSONEncoder().encode(question))
            let permit = try await client.ask(LedgerPath.permit, "POST", body: body)
            #expect(permit.status == 200)
            #expect(try JSONDecoder().decode(PermitAnswer.self, from: permit.body).decision == .reportedLost)
            let stranger = try await client.ask(LedgerPath.permit, "POST", body: body, terminal: 2)
            #expect(stranger.status == 401)
            let nonsense = try await client.ask(LedgerPath.permit, "POST", body: Array("{".utf8))
            #expect(nonsense.status == 400)
            let huge = try await client.ask(LedgerPath.permit, "POST", body: [UInt8](repeating: 0x20, count: 9_000))
            #expect(huge.status == 413)

            let roster = try await client.ask(LedgerPath.feed(.roster, since: 0))
            #expect(roster.status == 200)
            let read = try Roster(verifying: Array(roster.body), with: books.keys.signingKey.publicKey)
            #expect(read.entry(of: books.hash(2))?.status == .reportedLost)
            let newest = LedgerPath.feed(.roster, since: read.version)
            let same = try await client.ask(newest)
            #expect(same.status == 304 && same.body.isEmpty)
            _ = try books.administration.reportFound(holderNumber: TestBooks.holder(2))
            books.time.milliseconds += FeedDesk.issuePauseMilliseconds
            let newer = try await client.ask(newest)
            #expect(newer.status == 200)
            #expect(try await client.ask(newest, token: nil).status == 401)
            #expect(try await client.ask(newest, terminal: nil).status == 400)
            #expect(try await client.ask("/v1/feeds/rumours?since=0").status == 400)
            #expect(try await client.ask("/v1/feeds/roster?since=yesterday").status == 400)
            #expect(try await client.ask("/nothing/here").status == 404)
        }
    }

    @Test("A heartbeat is answered with the newest versions, and with a refusal to strangers and nonsense")
    func heartbeat() async throws {
        let books = try TestBooks()
        try await serving(books) { client in
            let path = LedgerPath.heartbeat(terminal: 1)
            let heartbeat = Heartbeat(
                wallMilliseconds: 0, version: "1", epoch: 7, lastSequence: 0, acknowledged: 0, conditions: ["YK-R02"])
            let body = Array(try JSONEncoder().encode(heartbeat))
            let reply = try await client.ask(path, "POST", body: body)
            #expect(reply.status == 200)
            let answer = try JSONDecoder().decode(HeartbeatAnswer.self, from: reply.body)
            #expect(
                try answer.rosterVersion == books.roster().version)
            #expect(try await client.ask(path, "POST", body: body, token: nil).status == 401)
            #expect(try await client.ask(path, "POST", body: Array("{}".utf8)).status == 400)
            let stranger = LedgerPath.heartbeat(terminal: 99)
            #expect(try await client.ask(stranger, "POST", body: body).status == 404)
        }
    }

    @Test("Paths that are not there, methods that are not taken, and nonsense are refused as everything is")
    func strangeRequests() async throws {
        let books = try TestBooks()
        try await serving(books) { client in
            for (path, method, status, expected) in [
                ("/nothing/here", "GET", 404, "L-UNKNOWN-PATH"), ("/", "POST", 404, "L-UNKNOWN-PATH"),
                ("/v1/status", "POST", 405, "L-METHOD"), ("/v1/enrol", "GET", 405, "L-METHOD"),
                ("/v1/feeds/roster", "DELETE", 405, "L-METHOD"),
                ("/v1/feeds/roster?since=%2B1", "GET", 400, "L-MALFORMED"),
                ("/v1/feeds/roster?since=99999999999999999999", "GET", 400, "L-MALFORMED"),
                ("/v1/terminals/65536/heartbeat", "POST", 400, "L-MALFORMED"),
                ("/v1/terminals/-1/heartbeat", "POST", 400, "L-MALFORMED"),
            ] {
                let reply = try await client.ask(path, method, body: method == "GET" ? nil : Array("{}".utf8))
                #expect(reply.status == status, "\(method) \(path)")
                #expect(try code(reply.body) == expected, "\(method) \(path)")
            }
            let wrong = try await client.ask("/v1/enrol", "PUT", body: [])
            #expect(wrong.headers["Allow"] as? String == "POST")
            let document = try await client.ask("/v1/openapi.json", token: nil, terminal: nil)
            let paths = try #require(
                (JSONSerialization.jsonObject(with: document.body) as? [String: Any])?["paths"] as? [String: Any])
            // The document and the routes name the same paths.
            let routes = Set(server(of: books).routes.map(\.path).map(described))
            #expect(Set(paths.keys) == routes)
        }
    }

    private func described(_ path: String) -> String {
        path.split(separator: "/").map { $0.first == ":" ? "/{\($0.dropFirst())}" : "/\($0)" }.joined()
    }

    @Test("A terminal enrols, asks and closes its day over the network")
    func terminalsDay() async throws {
        let books = try TestBooks()
        let token = try books.terminals.add(40, name: "North 2")
        try await serving(books) { client in
            func post<Answer: Decodable>(
                _ path: String, _ body: some Encodable, token: String?, as type: Answer.Type
            ) async throws -> Answer {
                let reply = try await client.ask(
                    path, "POST", body: Array(try JSONEncoder().encode(body)), token: token, terminal: nil)
                #expect(reply.status == 200)
                return try JSONDecoder().decode(type, from: reply.body)
            }
            let request = EnrolRequest(
                enrolmentToken: token.text, terminal: 40,
                credentialHash: Array(SHA256.hash(data: Array("secret".utf8))).hex())
            let answer = try await post(LedgerPath.enrol, request, token: nil, as: EnrolAnswer.self)
            #expect(answer.name == "North 2")
            let sale = SaleRequest(terminal: 40, medium: .code, account: TestBooks.account(0), amountFen: 5_000)
            let advice = try await post(LedgerPath.authorize, sale, token: "secret", as: SaleAnswer.self)
            #expect(advice == SaleAnswer(decision: .approved, balanceFen: 5_000, subsidyFen: 0))
            let closing = ClosingTally().closing(
                day: "2026-09-01", epoch: 1, first: 1, last: 0, chainHead: ChainMAC.start.bytes.hex())
            let closed = try await post(
                LedgerPath.closings(terminal: 40), closing, token: "secret", as: ClosingAnswer.self)
            #expect(closed.agrees)
            let stranger = try await client.ask(
                LedgerPath.authorize, "POST", body: Array(try JSONEncoder().encode(sale)))
            #expect(stranger.status == 401)
        }
    }

    @Test("A database that is full or gone is no fault of whoever asks: 503, and later the same again")
    func unavailable() async throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        for card in 0..<4 { for _ in 0..<40 { terminal.activate(card) } }
        let body = Array(terminal.slots.joined())
        try await serving(books) { client in
            func upload() async throws -> (status: Int, body: Data, headers: [AnyHashable: Any]) {
                try await client.ask(LedgerPath.records(terminal: 1, epoch: 7, first: 1), "POST", body: body)
            }
            let pages = try books.store.read { try $0.integer("PRAGMA page_count") }
            try books.store.write { _ = try $0.rows("PRAGMA max_page_count = \(pages)") }
            let full = try await upload()
            #expect(full.status == 503)
            #expect(try code(full.body) == "L-UNAVAILABLE")
            #expect(full.headers["Retry-After"] as? String == "5")
            try books.store.write { _ = try $0.rows("PRAGMA max_page_count = 1000000") }
            let taken = try await upload()
            #expect(taken.status == 200)
        }
        for (error, isIt) in [
            (CommitUnknown(cause: PostgresError(state: "", message: "")) as any Error, true),
            (PostgresError(state: "53100", message: "disk full"), true),
            (PostgresError(state: "57P01", message: "shut down"), true), (LedgerDamage("a hash"), false),
            (PostgresError(state: "22003", message: "out of range"), false),
        ] {
            #expect(isStorageFailure(error) == isIt, "\(error)")
        }
    }

    @Test("Many terminals at once are all taken, each record once")
    func concurrentTerminals() async throws {
        let books = try TestBooks(holders: 60, terminals: 6)
        try await serving(books) { client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in UInt16(1)...6 {
                    var terminal = TestTerminal(number)
                    for card in 0..<60 { terminal.activate(card, purse: 100) }
                    let slots = terminal.slots
                    group.addTask {
                        var taken = 0
                        for start in stride(from: 0, to: slots.count, by: 10) {
                            let reply = try await client.ask(
                                LedgerPath.records(terminal: number, epoch: 7, first: UInt64(start) + 1), "POST",
                                body: Array(slots[start..<start + 10].joined()))
                            if reply.status == 200 { taken += 1 }
                        }
                        return taken
                    }
                }
                let taken = try await group.reduce(0, +)
                #expect(taken == 6 * 12)
            }
        }
        let findings = try LedgerCheck.run(on: books.store)
        #expect(findings.violations == [])
        #expect(findings.cards == 60 && findings.outcomes == 360 && findings.records == 720)
        #expect(findings.transfers == 61)
        print("concurrent: 6 terminals, \(findings.records) records, \(findings.cards) cards, each purse paid once")
    }
}
