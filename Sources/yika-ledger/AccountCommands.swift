import ArgumentParser
import Ledger
import Platform

struct Account: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the phone app and the card centre do with one holder's account.",
        subcommands: [
            Open.self, ShowOne.self, Balance.self, Statement.self, AccountLost.self, AccountFound.self, Late.self,
            Language.self, TopUp.self, ReverseTopUp.self, OldBalance.self, SmallPurse.self, ReplaceCard.self,
            PinCommand.self,
        ])

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open the account of a registered holder, or find it.")

        @Argument(help: "The holder's number (学工号).")
        var holder: String

        @Argument(help: "The holder's name, as it is registered.")
        var name: String

        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.open(holderNumber: holder, name: name) }, words: \.words)
        }
    }

    struct ShowOne: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Tell how an account stands.")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.show(account: whose.number(at: $0)) }, words: \.words)
        }
    }

    struct Balance: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell an account's balance, in yuan.")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.show(account: whose.number(at: $0)) }) { "\(Fen($0.balanceFen))" }
        }
    }

    struct Statement: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what has moved on an account, newest first, page by page.")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        @Option(help: "How many lines: 1 to 200.")
        var limit = 50

        @Option(help: "Go on where the page before says “next”.")
        var before: String?

        func run() throws {
            try desk.report(
                { try $0.statement(account: whose.number(at: $0), before: before, limit: limit) },
                words: { page in
                    let lines = page.items.map { line in
                        let subsidy = line.subsidyFen == 0 ? "" : "  (subsidy \(Fen(line.subsidyFen)))"
                        return
                            "\(shown(line.timeMilliseconds))  \(Fen(line.fen))  \(Fen(line.balanceFen))  \(line.kind)  \(line.reason)\(subsidy)"
                    }
                    return (lines + [page.next.map { "next \($0)" } ?? "end"]).joined(separator: "\n")
                })
        }
    }

    struct AccountLost: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "lost", abstract: "Report the card lost (挂失).")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.reportLost(account: whose.number(at: $0)) }, words: \.words)
        }
    }

    struct AccountFound: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "found", abstract: "Take a report of loss back (解挂).")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report({ try $0.reportFound(account: whose.number(at: $0)) }, words: \.words)
        }
    }

    struct Late: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the card be activated after the days of activation are over.")

        @OptionGroup var whose: Whose
        @OptionGroup var desk: Desk

        @Option(help: "For how many days: 1 to 30.")
        var days = 1

        func run() throws {
            try desk.report({ try $0.allowLate(account: whose.number(at: $0), days: days) }, words: \.words)
        }
    }

    struct Language: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set the language in which terminals speak to the holder, where they are set to do so.")

        @Argument(help: "The account's number.")
        var account: Int64

        @Argument(help: "One that the terminals' voices have, such as en or zh-CN; “none” takes it away.")
        var language: String

        @OptionGroup var desk: Desk

        func run() throws {
            try desk.report(
                { try $0.setLanguage(account: account, to: language == "none" ? nil : language) }, words: \.words)
        }
    }
}

extension AccountView {
    /// For people, a line each.
    var words: String {
        """
        account    \(account), \(name), \(category), \(status)
        balance    \(Fen(balanceFen)) yuan, owes \(Fen(debtFen)) yuan, subsidy \(Fen(subsidyFen)) yuan
        card       number \(cardSerial), \(isCardActive ? "active" : "not active")\(lostMilliseconds.map { ", reported lost \(shown($0))" } ?? "")
        PIN        \(hasPin ? "set" : "none")\(pinLockedUntilMilliseconds.map { ", locked until \(shown($0))" } ?? "")
        late       \(lateUntilMilliseconds.map { "may be activated until \(shown($0))" } ?? "-")
        language   \(language ?? "-")
        """
    }
}
