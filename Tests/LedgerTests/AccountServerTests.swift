import Foundation
import FoundationNetworking
import LedgerProtocol
import Logging
import TestSupport
import Testing

@testable import Ledger

@Suite("Accounts on the network", .onBothDatabases, .serialized)
struct AccountServerTests {
    private struct Client {
        let base: String

        func ask(
            _ method: String, _ path: String, _ body: [UInt8] = [], token: String?
        ) async throws -> (status: Int, body: Data) {
            var request = URLRequest(url: try #require(URL(string: base + path)))
            request.httpMethod = method
            if method == "POST" { request.httpBody = Data(body) }
            if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let (data, response) = try await PatientSession.shared.data(for: request)
            return (try #require(response as? HTTPURLResponse).statusCode, data)
        }
    }

    private func serving(_ books: TestBooks, _ body: (Client) async throws -> Void) async throws {
        var logger = Logger(label: "test")
        logger.handler = SwiftLogNoOpLogHandler()
        let server = LedgerServer(service: books.service, host: "127.0.0.1", port: 0, logger: logger)
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

    private func code(_ data: Data) -> String? { try? JSONDecoder().decode(LedgerRefusal.self, from: data).code }

    private static let account = "\(TestBooks.account(1))"

    private func path(_ route: AccountRoutes.Entry) -> String { route.path.replacing(":account", with: Self.account) }

    @Test("Each route is open to the roles that the table names, and to nobody else")
    func matrix() async throws {
        let books = try TestBooks()
        var tokens: [(role: Role?, token: String?)] = [(nil, nil), (nil, "wrong"), (nil, TestBooks.token), (nil, "")]
        for role in Role.allCases where role != .technician {
            tokens.append((role, try books.desk().addToken(role: role, label: "a \(role)").token))
            let revoked = try books.desk().addToken(role: role, label: "revoked")
            try #expect(books.desk().revokeToken(id: revoked.kept.id) && !books.desk().revokeToken(id: revoked.kept.id))
            tokens.append((nil, revoked.token))
            tokens.append((nil, try books.desk().addToken(role: role, label: "old", days: 1).token))
        }
        // The last of each role has run out by now, the others have not.
        books.time.milliseconds += 86_400_000
        let asked = tokens
        var counts: [Int: Int] = [:]
        try await serving(books) { client in
            for route in AccountRoutes.entries {
                for (role, token) in asked {
                    let answer = try await client.ask(
                        route.verb, path(route), Array("{}".utf8), token: token)
                    counts[answer.status, default: 0] += 1
                    let place = "\(route.verb) \(route.path) as \(role.map(\.rawValue) ?? "nobody")"
                    switch role {
                    case nil: #expect(answer.status == 401 && code(answer.body) == "L-DENIED", "\(place)")
                    case let role? where route.action.allowed.contains(role):
                        #expect([200, 400, 422].contains(answer.status), "\(place): \(answer.status)")
                    default: #expect(answer.status == 403 && code(answer.body) == "L-ROLE", "\(place)")
                    }
                }
            }
        }
        let denied = try books.count("audit WHERE action = 'denied'")
        #expect(denied == Int64(counts[403] ?? 0))
        print(
            "roles: \(AccountRoutes.entries.count) routes, \(asked.count) tokens, \(counts.sorted { $0.key < $1.key })")
    }

    @Test("Every action that people can ask for over the network has one route, and the others have none")
    func routes() {
        let routed = AccountRoutes.entries.map(\.action)
        #expect(Set(routed).count == routed.count)
        #expect(
            Set(AccountAction.allCases).subtracting(routed) == [.listSuspense, .resolveSuspense, .manageTokens])
    }

    @Test("Whatever stands in a body or a query is answered with a code, never with a failure of ours")
    func badInput() async throws {
        let books = try TestBooks()
        let tokens = try [Role.app, .cardCentre, .auditor].map { try books.desk().addToken(role: $0, label: "t").token }
        let texts = [
            "", "null", "[]", "7", "{", "\u{FEFF}{}", "{\"a\":1}", "\"\\ud800\"", String(repeating: "[", count: 3_000),
        ]
        let values = [
            "null", "true", "-1", "0", "1.5", "1e400", "9223372036854775808", "99999999999999999999999", "\"\"",
            "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"123456\"", "[]", "{}",
            "\"" + String(repeating: "长", count: 900) + "\"",
            "\"" + String(repeating: "e\u{301}\u{302}", count: 300) + "\"",
        ]
        let fields = [
            "holderNumber", "name", "fen", "reference", "topUpReference", "uid", "cardSerial", "reason", "days", "pin",
            "oldPin", "newPin", "deviceKey", "language",
        ]
        let bodies =
            texts.map { Array($0.utf8) }
            + values.map { value in
                Array(("{" + fields.map { "\"\($0)\":\(value)" }.joined(separator: ",") + "}").utf8)
            } + [[0xFF, 0xFE, 0x00], Array("{\"name\":\"".utf8) + [0xC1, 0xD6] + Array("\"}".utf8)]
        var counts: [Int: Int] = [:]
        try await serving(books) { client in
            for route in AccountRoutes.entries where route.verb == "POST" {
                guard
                    let token = zip([Role.app, .cardCentre, .auditor], tokens).first(where: {
                        route.action.allowed.contains($0.0)
                    })?.1
                else { continue }
                for body in bodies {
                    let answer = try await client.ask("POST", path(route), body, token: token)
                    counts[answer.status, default: 0] += 1
                    #expect(
                        (200..<500).contains(answer.status),
                        "\(route.path) \(String(decoding: body.prefix(90), as: UTF8.self))")
                }
            }
            for number in ["x", "0", "-1", "1.5", "9223372036854775808", "%00", "1000001%00", "9999999"] {
                let answer = try await client.ask("GET", "/v1/accounts/\(number)", token: tokens[1])
                counts[answer.status, default: 0] += 1
                #expect([400, 404].contains(answer.status), "\(number): \(answer.status)")
                #expect(code(answer.body) != nil, "\(number)")
            }
            for query in [
                "limit=0", "limit=x", "limit=-1", "limit=99999999999999999999", "before=zz", "before=%00", "before=00",
            ] {
                for (path, token) in [("/v1/accounts/\(Self.account)/statement", tokens[1]), ("/v1/audit", tokens[2])] {
                    let answer = try await client.ask("GET", "\(path)?\(query)", token: token)
                    counts[answer.status, default: 0] += 1
                    #expect(answer.status == 400, "\(path)?\(query): \(answer.status)")
                }
            }
        }
        print("bad input: \(counts.sorted { $0.key < $1.key })")
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A holder opens, tops up and looks; everything is in the audit trail, and no secret is")
    func life() async throws {
        let books = try TestBooks()
        let app = try books.desk().addToken(role: .app, label: "the app").token
        let centre = try books.desk().addToken(role: .cardCentre, label: "counter 1").token
        try await serving(books) { client in
            let people = Array("holderNumber,name,category,pin\nSECRETNUMBER,林小满,student,918273\n".utf8)
            #expect(try await client.ask("POST", "/v1/people?dryRun=true", people, token: centre).status == 200)
            #expect(try await client.ask("POST", "/v1/people", people, token: centre).status == 200)
            let wrong = try await client.ask("POST", "/v1/people", people + Array("x\n".utf8), token: centre)
            #expect(wrong.status == 422 && code(wrong.body) == "L-TABLE")
            #expect(String(decoding: wrong.body, as: UTF8.self).contains("\"line\":3"))
            let opened = try await client.ask(
                "POST", "/v1/accounts", Array(#"{"holderNumber":"SECRETNUMBER","name":"林小满","more":1}"#.utf8),
                token: app)
            #expect(opened.status == 200)
            let number = try JSONDecoder().decode(AccountView.self, from: opened.body).account
            let topUp = Array(#"{"fen":5000,"reference":"a"}"#.utf8)
            let first = try await client.ask("POST", "/v1/accounts/\(number)/top-ups", topUp, token: app)
            let again = try await client.ask("POST", "/v1/accounts/\(number)/top-ups", topUp, token: app)
            #expect(first.status == 200)
            let receipts = try [first, again].map { try JSONDecoder().decode(MoneyReceipt.self, from: $0.body) }
            #expect(receipts[0] == receipts[1] && receipts[0].balanceFen == 5_000)
            let verified = try await client.ask(
                "POST", "/v1/accounts/\(number)/pin/verify", Array(#"{"pin":"918273"}"#.utf8), token: app)
            #expect(verified.status == 200)
            let wrongPin = try await client.ask(
                "POST", "/v1/accounts/\(number)/pin/verify", Array(#"{"pin":"918274"}"#.utf8), token: app)
            #expect(wrongPin.status == 403 && code(wrongPin.body) == "L-PIN")
            func language(_ body: String) async throws -> (status: Int, body: Data) {
                try await client.ask("POST", "/v1/accounts/\(number)/language", Array(body.utf8), token: app)
            }
            let spoken = try await language(#"{"language":"en"}"#)
            #expect(try JSONDecoder().decode(AccountView.self, from: spoken.body).language == "en")
            // What was only forgotten takes nothing away.
            #expect(try await language("{}").status == 400)
            let silent = try await language(#"{"language":null}"#)
            #expect(silent.status == 200)
            #expect(try JSONDecoder().decode(AccountView.self, from: silent.body).language == nil)
            let statement = try await client.ask("GET", "/v1/accounts/\(number)/statement?limit=1", token: app)
            #expect(
                try JSONDecoder().decode(Page<StatementLine>.self, from: statement.body).items.map(\.fen) == [5_000])
        }
        var entries: [AuditEntry] = []
        var before: String?
        repeat {
            let page = try books.desk(.auditor).auditTrail(before: before, limit: 3)
            entries += page.items
            before = page.next
        } while before != nil
        #expect(
            Set(entries.map(\.action)).isSuperset(of: [
                "people-import", "account-open", "top-up", "pin-verify", "account-statement", "token-manage",
            ]))
        #expect(
            entries.contains { $0.actor == "app: the app" } && entries.contains { $0.actor == "card-centre: counter 1" }
        )
        let everything = "\(entries)"
        for secret in ["918273", "918274", "SECRETNUMBER", app, centre] { #expect(!everything.contains(secret)) }
        // Rows cannot be changed or removed, nor can what was answered.
        for sql in ["UPDATE audit SET actor = ''", "DELETE FROM audit", "DELETE FROM requests"] {
            #expect(throws: (any Error).self, "\(sql)") { try books.execute(sql) }
        }
    }
}
