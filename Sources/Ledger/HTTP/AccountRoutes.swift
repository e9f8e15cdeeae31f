import HTTPTypes
import LedgerProtocol
import Platform

/// What the app, the card centre and the auditor ask over HTTP; who may ask what is ``AccountAction/allowed``.
struct AccountRoutes: Sendable {
    let service: LedgerService

    /// One route: how it is asked for, what it does, and for whom.
    struct Entry: Sendable {
        let method: HTTPRequest.Method
        let path: String
        let action: AccountAction
        var bodyLimit = 0
        let work: @Sendable (AccountDesk, Question) throws -> Reply

        static func get(
            _ path: String, _ action: AccountAction, work: @escaping @Sendable (AccountDesk, Question) throws -> Reply
        ) -> Entry { Entry(method: .get, path: path, action: action, work: work) }

        static func post(
            _ path: String, _ action: AccountAction, bodyLimit: Int = 4096,
            work: @escaping @Sendable (AccountDesk, Question) throws -> Reply
        ) -> Entry { Entry(method: .post, path: path, action: action, bodyLimit: bodyLimit, work: work) }

        /// The method's name.
        var verb: String { method.rawValue }
    }

    /// Every route about accounts.
    static let entries = people + accounts + money + pins

    var all: [Route] {
        Self.entries.map { entry in
            Route(method: entry.method, path: entry.path, bodyLimit: entry.bodyLimit) { [service] question in
                let desk = try service.reception.desk(token: question.token())
                // Before anything else is looked at: whoever may not ask learns nothing of what would have been right.
                try desk.authorize(entry.action, subject: (try? question.account()).map { "\($0)" } ?? "")
                return try entry.work(desk, question)
            }
        }
    }

    private static let people: [Entry] = [
        .post("/v1/people", .importPeople, bodyLimit: AccountDesk.tableLimit) {
            try table(try $0.importPeople(csv: $1.body, dryRun: $1.flag("dryRun")))
        },
        .post("/v1/people/balances", .importBalances, bodyLimit: AccountDesk.tableLimit) {
            try table(try $0.importBalances(csv: $1.body, dryRun: $1.flag("dryRun")))
        },
        .post("/v1/people/subsidies", .importSubsidies, bodyLimit: AccountDesk.tableLimit) { desk, question in
            guard let reference = question.query("reference") else {
                throw LedgerRefused.malformed("expected ?reference= with 1 to 64 characters")
            }
            return try table(
                try desk.importSubsidies(
                    csv: question.body, reference: reference, dryRun: question.flag("dryRun")))
        },
        .get("/v1/audit", .readAudit) {
            try .json(
                $0.auditTrail(
                    account: $1.query("account") == nil ? nil : $1.query("account", as: Int64.self),
                    before: $1.before(),
                    limit: $1.limit()))
        },
    ]

    private static let accounts: [Entry] = [
        .post("/v1/accounts", .open) {
            let body = try $1.json(AccountBody.Opening.self)
            return try .json($0.open(holderNumber: body.holderNumber, name: body.name))
        },
        .get("/v1/accounts/:account", .show) {
            try .json($0.show(account: $1.account()))
        },
        .get("/v1/accounts/:account/statement", .statement) {
            try .json(
                $0.statement(account: $1.account(), before: $1.before(), limit: $1.limit()))
        },
        .post("/v1/accounts/:account/lost", .lost) {
            try .json($0.reportLost(account: $1.account()))
        },
        .post("/v1/accounts/:account/found", .found) {
            try .json($0.reportFound(account: $1.account()))
        },
        .post("/v1/accounts/:account/late-activation", .allowLate) {
            try .json($0.allowLate(account: $1.account(), days: $1.json(AccountBody.Late.self).days))
        },
        .post("/v1/accounts/:account/language", .setLanguage) {
            try .json($0.setLanguage(account: $1.account(), to: $1.json(AccountBody.Language.self).language))
        },
        .post("/v1/accounts/:account/certificates", .certify) {
            guard let key = [UInt8](hex: try $1.json(AccountBody.Certificate.self).deviceKey) else {
                throw LedgerRefused.malformed("deviceKey: expected 32 bytes in hexadecimal")
            }
            return try .json($0.certify(account: $1.account(), deviceKey: key))
        },
    ]

    private static let money: [Entry] = [
        .post("/v1/accounts/:account/top-ups", .topUp) {
            let body = try $1.json(AccountBody.Money.self)
            return try .json($0.topUp(account: $1.account(), fen: body.fen, reference: body.reference))
        },
        .post("/v1/accounts/:account/top-up-reversals", .reverse) {
            let body = try $1.json(AccountBody.Reversal.self)
            return try .json(
                $0.reverseTopUp(account: $1.account(), of: body.topUpReference, reference: body.reference))
        },
        .post("/v1/accounts/:account/old-balance", .oldBalance) {
            let body = try $1.json(AccountBody.Money.self)
            return try .json(
                $0.moveOldBalance(account: $1.account(), fen: body.fen, reference: body.reference))
        },
        .post("/v1/accounts/:account/small-purse", .smallPurse) {
            let body = try $1.json(AccountBody.SmallPurse.self)
            guard let uid = [UInt8](hex: body.uid) else {
                throw LedgerRefused.malformed("uid: expected 4, 7 or 10 bytes in hexadecimal")
            }
            return try .json(
                $0.registerSmallPurse(account: $1.account(), uid: uid, fen: body.fen, reference: body.reference))
        },
        .post("/v1/accounts/:account/card-replacements", .replaceCard) {
            let body = try $1.json(AccountBody.Replacement.self)
            return try .json(
                $0.replaceCard(
                    account: $1.account(), cardSerial: body.cardSerial, reason: body.reason, reference: body.reference))
        },
    ]

    private static let pins: [Entry] = [
        .post("/v1/accounts/:account/pin", .setPin) {
            try $0.setPin(account: $1.account(), to: $1.json(AccountBody.NewPin.self).pin)
            return try .json(AccountBody.Done())
        },
        .post("/v1/accounts/:account/pin/change", .changePin) {
            let body = try $1.json(AccountBody.PinChange.self)
            try $0.changePin(account: $1.account(), from: body.oldPin, to: body.newPin)
            return try .json(AccountBody.Done())
        },
        .post("/v1/accounts/:account/pin/verify", .verifyPin) {
            try $0.verifyPin(account: $1.account(), $1.json(AccountBody.NewPin.self).pin)
            return try .json(AccountBody.Done())
        },
        .post("/v1/accounts/:account/pin/reset", .resetPin) {
            try $0.resetPin(account: $1.account(), to: $1.json(AccountBody.NewPin.self).pin)
            return try .json(AccountBody.Done())
        },
    ]

    /// The report of an import, or the lines that are wrong.
    private static func table(_ report: @autoclosure () throws -> TableReport) throws -> Reply {
        do {
            return try .json(report())
        } catch let refused as TableRefused {
            let body = AccountBody.TableRefusal(message: refused.message, problems: refused.problems)
            var reply = try Reply.json(body)
            reply.status = .unprocessableContent
            return reply
        }
    }
}

extension Question {
    /// The account that the path names.
    func account() throws(LedgerRefused) -> Int64 { try number("account") }

    /// The part of a list that is asked for.
    func before() -> String? { query("before") }

    /// How much of a list is asked for.
    func limit() throws(LedgerRefused) -> Int? {
        guard query("limit") != nil else { return nil }
        return try query("limit", as: Int.self)
    }

    /// Whether a question stands behind `?name=`; not when it is absent.
    func flag(_ name: String) throws(LedgerRefused) -> Bool {
        switch query(name) {
        case nil, "false": return false
        case "true": return true
        default: throw .malformed("expected ?\(name)= with true or false")
        }
    }
}
