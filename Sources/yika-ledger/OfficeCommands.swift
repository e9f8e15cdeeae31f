public import ArgumentParser
import FoundationEssentials
import Ledger
import Platform

extension Role: ExpressibleByArgument {}

struct People: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The campus's register: whoever is in it may open an account.", subcommands: [ImportTable.self])

    struct ImportTable: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Take people from a CSV file: holderNumber,name,category and idNumber or pin; all or nothing.")

        @OptionGroup var table: Table
        @OptionGroup var desk: Desk

        func run() throws {
            try table.run(at: desk, "people") { try $0.importPeople(csv: $1, dryRun: $2, progress: $3) }
        }
    }
}

struct Balances: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Balances of the old system; those of staff are carried over.", subcommands: [ImportTable.self])

    struct ImportTable: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Take balances from a CSV file: holderNumber,balanceFen; all or nothing.")

        @OptionGroup var table: Table
        @OptionGroup var desk: Desk

        func run() throws {
            try table.run(at: desk, "balances") { try $0.importBalances(csv: $1, dryRun: $2, progress: $3) }
        }
    }
}

struct Subsidies: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subsidy",
        abstract: "Subsidies (补贴): spent at canteens only, and before the holder's own money.",
        subcommands: [ImportTable.self])

    struct ImportTable: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Grant subsidies from a CSV file: holderNumber,subsidyFen; all or nothing.",
            discussion: """
                The reference is the grant's name, such as 2026-09: the same file under it grants nothing twice, and what \
                is new in a longer one is granted. It takes what was granted into account, not what is left of it.
                """)

        @OptionGroup var table: Table
        @OptionGroup var reference: Reference
        @OptionGroup var desk: Desk

        func run() throws {
            try table.run(at: desk, "subsidies") {
                try $0.importSubsidies(csv: $1, reference: reference.reference, dryRun: $2, progress: $3)
            }
        }
    }
}

/// A CSV file to be imported.
struct Table: ParsableArguments {
    @Argument(help: "The file, in UTF-8.")
    var file: String

    @Flag(help: "Only tell what would happen, and every line that is wrong.")
    var dryRun = false

    func run(
        at desk: Desk, _ what: String,
        _ body: (AccountDesk, [UInt8], Bool, AccountDesk.Progress) throws -> TableReport
    ) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw failure("\(file): not readable", Status.unreadable)
        }
        var bar = ProgressBar("importing \(what)")
        let report = try desk.use { desk in
            try body(desk, Array(data), dryRun) { done, total in bar.show(UInt64(done), of: UInt64(total)) }
        }
        bar.end()
        try reporting { desk.json ? try printJSON(report) : print(words(of: report, what)) }
        if !report.problems.isEmpty { throw Status.refused }
    }

    private func words(of report: TableReport, _ what: String) -> String {
        let lines = report.problems.map { "line \($0.line): \($0.problem)" }
        let sum = report.fen == 0 ? "" : ", \(Fen(report.fen)) yuan"
        let counts =
            "\(report.records) \(what): \(report.new) new, \(report.changed) changed, \(report.unchanged) as before"
        return (lines + [counts + sum + (report.isDryRun ? "; nothing was imported, as asked" : "")])
            .joined(separator: "\n")
    }
}

struct Tokens: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Tokens of the app, of the card centre and of auditors.",
        subcommands: [Add.self, List.self, Revoke.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token; it is shown this once, the books keep its hash.")

        @Argument(help: "app, card-centre or auditor.")
        var role: Role

        @Option(help: "Whose it is.")
        var label: String

        @Option(help: "After how many days it runs out; never when absent.")
        var days: Int?

        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.addToken(role: role, label: label, days: days) }, words: \.token)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all tokens, without the tokens.")

        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.tokens() },
                words: { tokens in
                    tokens.map { token in
                        let end =
                            token.revokedMilliseconds.map { "revoked \(shown($0))" }
                            ?? token.expiresMilliseconds.map { "until \(shown($0))" } ?? "for ever"
                        return "\(token.id)  \(token.role)  \(end)  \(token.label)"
                    }.joined(separator: "\n")
                })
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a token at once.")

        @Argument(help: "The token's id, as `token list` says.")
        var id: String

        @OptionGroup var desk: Desk

        private struct Done: Encodable {
            let id: String
            let changed: Bool
        }

        func run() throws {
            try desk.report(
                { Done(id: id, changed: try $0.revokeToken(id: id)) },
                words: { $0.changed ? "token \(id) ends now" : "token \(id) had ended already" })
        }
    }
}

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List who has done what, and who has looked, newest first, page by page.")

    @Option(help: "Only what was done to this account.")
    var account: Int64?

    @Option(help: "How many entries: 1 to 200.")
    var limit = 50

    @Option(help: "Go on where the page before says “next”.")
    var before: String?

    @OptionGroup var desk: Desk

    func run() throws {
        try desk.report(
            { try $0.auditTrail(account: account, before: before, limit: limit) },
            words: { page in
                let lines = page.items.map { entry in
                    "\(shown(entry.timeMilliseconds))  \(entry.actor)  \(entry.action)  \(entry.subject)  \(entry.detail)"
                }
                return (lines + [page.next.map { "next \($0)" } ?? "end"]).joined(separator: "\n")
            })
    }
}

struct Suspense: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Records that wait for a person.", subcommands: [List.self, Resolve.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what waits, the oldest first.")

        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.suspense() },
                words: { items in
                    items.map { item in
                        let money = item.fen.map { "\(Fen($0)) yuan" } ?? "-"
                        return
                            "\(item.record)  \(item.reason)  \(money)  \(item.detail)  \(shown(item.timeMilliseconds))"
                    }.joined(separator: "\n")
                })
        }
    }

    struct Resolve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what becomes of a record that waits, once.",
            discussion: """
                A sale whose money waits is charged or written off. A sale in doubt is charged to its account, written off \
                when it happened and nobody is to pay, or dismissed when it did not. Whatever else is dismissed.
                """)

        @Argument(help: "The record: TERMINAL/EPOCH/SEQUENCE.")
        var record: String

        @Option(help: "The account that pays: from its balance, and owes the rest.")
        var charge: Int64?

        @Flag(help: "Nobody pays: the university bears it.")
        var writeOff = false

        @Flag(help: "Nothing is to be done.")
        var dismiss = false

        @Option(help: "Why, for whoever looks later.")
        var note: String

        @OptionGroup var desk: Desk

        private struct Done: Encodable {
            let record: String
            let resolution: String
        }

        func validate() throws {
            guard [charge != nil, writeOff, dismiss].count(where: { $0 }) == 1 else {
                throw ValidationError("expected one of --charge ACCOUNT, --write-off and --dismiss")
            }
        }

        func run() throws {
            let resolution: SuspenseResolution =
                charge.map { .charge(account: $0) } ?? (writeOff ? .writeOff : .dismiss)
            try desk.report(
                { desk in
                    try desk.resolve(record: record, as: resolution, note: note)
                    return Done(
                        record: record, resolution: charge != nil ? "charge" : writeOff ? "write-off" : "dismiss")
                }, words: { "record \($0.record): \($0.resolution)" })
        }
    }
}
