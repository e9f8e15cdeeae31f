import ArgumentParser
import FoundationEssentials
import Glibc
import Ledger
import Platform

/// The books, opened for somebody who stands beside the database.
struct Desk: ParsableArguments {
    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    @Flag(help: "As JSON.")
    var json = false

    /// Runs `body` at a desk of whoever is logged in here; `role`: in whose place.
    func use<Result>(as role: Role = .technician, _ body: (AccountDesk) throws -> Result) throws -> Result {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .existing)
            let caller = Caller(role: role, label: commandLineUser())
            let desk = AccountDesk(
                store: store, keys: try LedgerKeys(directory: keys.keys), time: SystemTime(), caller: caller)
            let result = try body(desk)
            try store.close()
            return result
        }
    }

    /// The same, and prints what came of it: as JSON, or in the words that `words` finds.
    func report<Result: Encodable>(_ body: (AccountDesk) throws -> Result, words: (Result) -> String) throws {
        let result = try use(body)
        try reporting { json ? try printJSON(result) : print(words(result)) }
    }
}

/// Whose account a command is about.
struct Whose: ParsableArguments {
    @Argument(help: "The account's number.")
    var account: Int64?

    @Option(help: "Instead of it, the holder's number (学工号).")
    var holder: String?

    func validate() throws {
        guard (account == nil) != (holder == nil) else {
            throw ValidationError("expected either an account's number or --holder")
        }
    }

    func number(at desk: AccountDesk) throws -> Int64 {
        if let holder { return try desk.number(ofHolder: holder) }
        return account ?? 0
    }
}

/// The name of a request that moves money: the same once more is the same request.
struct Reference: ParsableArguments {
    @Option(help: "The request's own name, kept for ever: repeating it moves nothing twice.")
    var reference: String
}

/// Reads a secret from standard input, a line without its end; a terminal does not show it.
func readSecret(_ prompt: String) throws -> String {
    let isTerminal = isatty(STDIN_FILENO) == 1
    var before = termios()
    if isTerminal {
        standardError("\(prompt): ")
        unsafe tcgetattr(STDIN_FILENO, &before)
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    }
    defer {
        if isTerminal {
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            standardError("\n")
        }
    }
    guard let line = readLine() else { throw failure("\(prompt): expected a line on standard input", Status.refused) }
    return line
}

/// A time of the books, for people: UTC, to the second.
func shown(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
}
