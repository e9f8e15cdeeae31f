import ArgumentParser
import FoundationEssentials
import Ledger
import Platform

struct Initialize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the books and the keys; bring older books up to date. What is there is kept.")

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    func run() throws {
        try reporting {
            let ledgerKeys = try LedgerKeys.make(in: keys.keys)
            try LedgerDatabase.open(books.database, mode: .create).close()
            print("public key \(ledgerKeys.publicKeyHex)")
        }
    }
}

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open accounts, register terminals and report cards lost from a JSON5 file: all of it or nothing.")

    @Argument(help: "The file: accounts, terminals, reportedLost.")
    var file: String

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    func run() throws {
        try reporting {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw failure("\(file): not readable", Status.unreadable)
            }
            let input: ImportFile
            do {
                input = try ImportFile(json5: data)
            } catch let error as ImportError {
                throw failure("\(file): \(error)", Status.refused)
            }
            let store = try LedgerDatabase.open(books.database, mode: .existing)
            let administration = Administration(
                store: store, rosterKey: try LedgerKeys(directory: keys.keys).rosterKey, time: SystemTime())
            let summary = try administration.importFile(input)
            print(
                """
                \(summary.accountsOpened) accounts opened with \(Fen(summary.openingFen)) yuan, \
                \(summary.terminalsRegistered) terminals registered, \(summary.reportedLost) cards reported lost
                """)
            try store.close()
        }
    }
}

struct Lost: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Report a holder's card lost (挂失).")

    @Argument(help: "The holder's number (学工号).")
    var holder: String

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    func run() throws {
        try report(holder, books, keys, state: "reported lost") { try $0.reportLost(holderNumber: $1) }
    }
}

struct Found: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a report of loss back (解挂).")

    @Argument(help: "The holder's number (学工号).")
    var holder: String

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    func run() throws { try report(holder, books, keys, state: "in use") { try $0.reportFound(holderNumber: $1) } }
}

private func report(
    _ holder: String, _ books: Books, _ keys: Keys, state: String,
    _ body: (Administration, String) throws -> Administration.ReportResult
) throws {
    try reporting {
        let store = try LedgerDatabase.open(books.database, mode: .existing)
        let administration = Administration(
            store: store, rosterKey: try LedgerKeys(directory: keys.keys).rosterKey, time: SystemTime())
        switch try body(administration, holder) {
        case .changed: print("the card is now \(state)")
        case .unchanged: print("the card was \(state) already")
        case .unknownHolder: throw failure("nobody of this number has an account", Status.refused)
        }
        try store.close()
    }
}
