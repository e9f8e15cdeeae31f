import ArgumentParser
import FoundationEssentials
import Glibc
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

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer the terminals until SIGTERM; print “listening on …” when ready.")

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    @Option(help: "The port; 0 takes a free one.")
    var port: Int

    @Option(help: "The address to listen on. TLS, where wanted, is a proxy's in front.")
    var host = "127.0.0.1"

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port: expected 0 to 65535") }
    }

    func run() async throws {
        let (store, ledgerKeys) = try reporting {
            (try LedgerDatabase.open(books.database, mode: .existing), try LedgerKeys(directory: keys.keys))
        }
        let logger = LedgerLog.toStandardError()
        let service = LedgerService(store: store, keys: ledgerKeys, time: SystemTime(), logger: logger)
        let server = LedgerServer(service: service, host: host, port: port, logger: logger)
        do {
            try await server.run { [host] port in
                print("listening on http://\(host):\(port)")
                _ = fflush(nil)
            }
        } catch {
            throw failure("\(error)", Status.unreadable)
        }
        try reporting { try store.close() }
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

struct Thaw: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a frozen terminal take part again, once what froze it is gone.")

    @Argument(help: "The terminal's number.")
    var terminal: UInt16

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    func run() throws {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .existing)
            let administration = Administration(
                store: store, rosterKey: try LedgerKeys(directory: keys.keys).rosterKey, time: SystemTime())
            guard try administration.thaw(terminal: terminal) else {
                throw failure("terminal \(terminal) is not frozen", Status.refused)
            }
            print("terminal \(terminal) takes part again")
            try store.close()
        }
    }
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
