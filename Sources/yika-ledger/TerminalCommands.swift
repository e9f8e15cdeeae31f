import ArgumentParser
import Ledger
import Platform

struct Terminals: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminal", abstract: "Register terminals, let them enrol, and see how they are.",
        discussion: """
            A new terminal: `terminal add` registers it and prints a token; on the terminal, `yika enrol` takes the \
            token and does the rest. A terminal whose disk was replaced: `terminal renew --new-journal`, then \
            `yika enrol` again.
            """,
        subcommands: [Add.self, Renew.self, Epoch.self, List.self, Thaw.self])
}

/// How long what is given out is good.
struct Validity: ParsableArguments {
    @Option(help: "For how many hours the enrolment token may be used.")
    var hours: Int64 = 72

    @Option(help: "For how many days the terminal's credential is good from its enrolment on; for ever without.")
    var days: Int64?

    func validate() throws {
        guard (1...8760).contains(hours) else { throw ValidationError("--hours: expected 1 to 8760") }
        guard days.map({ (1...36_500).contains($0) }) ?? true else {
            throw ValidationError("--days: expected 1 to 36500")
        }
    }

    var inLedger: TerminalAdministration.Validity { .init(hours: hours, days: days) }
}

/// Opens the books and does something about terminals in them.
private func administering<Result>(
    _ books: Books, _ body: (TerminalAdministration) throws -> Result
) throws -> Result {
    try reporting {
        let store = try LedgerDatabase.open(books.database, mode: .existing)
        defer { try? store.close() }
        do {
            return try body(TerminalAdministration(store: store, time: SystemTime(), actor: commandLineActor()))
        } catch let error as TerminalRefused {
            throw failure("\(error)", Status.refused)
        }
    }
}

/// The token goes to standard output alone, so that a script can take it from there.
private func show(_ token: EnrolmentToken, of terminal: UInt16, _ validity: Validity) {
    remark("terminal \(terminal): the enrolment token, good once within \(validity.hours) hours, and shown only now:")
    print(token.text)
}

struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Register a terminal; print the token that it enrols with.")

    @Argument(help: "The terminal's number, 1 to 65535.")
    var number: UInt16

    @Option(help: "Where it stands, for people.")
    var name: String

    @OptionGroup var validity: Validity
    @OptionGroup var books: Books

    func validate() throws {
        guard number > 0 else { throw ValidationError("terminals are numbered from 1") }
        guard (1...200).contains(name.utf8.count) else { throw ValidationError("--name: expected 1 to 200 bytes") }
    }

    func run() throws {
        show(try administering(books) { try $0.add(number, name: name, validity.inLedger) }, of: number, validity)
    }
}

struct Renew: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a new enrolment token for a terminal that is registered.",
        discussion: "What the terminal shows now stays good until it has enrolled again.")

    @Argument(help: "The terminal's number.")
    var number: UInt16

    @Flag(help: "Its journal is gone: begin the next epoch, and note that the end of the old one may be missing.")
    var newJournal = false

    @OptionGroup var validity: Validity
    @OptionGroup var books: Books

    func run() throws {
        let token = try administering(books) {
            try $0.renew(number, newJournal: newJournal, validity.inLedger)
        }
        show(token, of: number, validity)
    }
}

struct Epoch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a terminal write in an epoch that it has begun by itself (L-EPOCH).")

    @Argument(help: "The terminal's number.")
    var number: UInt16

    @Argument(help: "The epoch that the terminal names.")
    var epoch: UInt32

    @Option(help: "What became of the old journal, for whoever looks into the case.")
    var reason: String

    @OptionGroup var books: Books

    func run() throws {
        try administering(books) { try $0.register(epoch: epoch, of: number, reason: reason) }
        print("terminal \(number) may write in epoch \(epoch); the end of the one before is a reconciliation case")
    }
}

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the terminals: what they may, when they were heard of last, what ails them, what they hold.")

    @OptionGroup var books: Books

    @Flag(help: "As a JSON array with one object per terminal.")
    var json = false

    func run() throws {
        try reporting {
            let now = SystemTime().wallMilliseconds()
            let store = try LedgerDatabase.open(books.database, mode: .readOnly)
            let terminals = try TerminalOverview.list(from: store, now: now)
            if json { return try printJSON(terminals) }
            print(LedgerReport(terminals, now: now).table)
        }
    }
}

struct Thaw: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a frozen terminal take part again, once what froze it is gone.")

    @Argument(help: "The terminal's number.")
    var terminal: UInt16

    @OptionGroup var books: Books
    /// Not needed any more; scripts give it.
    @Option(help: .hidden)
    var keys: String?

    func run() throws {
        guard try administering(books, { try $0.thaw(terminal) }) else {
            throw failure("terminal \(terminal) is not frozen", Status.refused)
        }
        print("terminal \(terminal) takes part again")
    }
}
