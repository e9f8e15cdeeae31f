import ArgumentParser
import Glibc
import Ledger

struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the books up to date with this program, once and for good.",
        discussion: """
            Steps are only taken forward; a second run finds nothing to do. Make a backup first: an older program \
            refuses books of a newer one.
            """)

    @OptionGroup var books: Books

    func run() throws {
        try reporting {
            try LedgerDatabase.open(books.database, mode: .existing).close()
            print("the books are up to date")
        }
    }
}

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the books as they are at this moment, and prove the copy.",
        discussion: """
            The copy is an SQLite file, or an empty PostgreSQL database, whatever the books themselves are in: so this \
            also moves books from the one to the other. The ledger may go on serving. The keys are not in it: copy their \
            directory as well.
            """)

    @OptionGroup var books: Books

    @Option(help: "A file that does not exist yet, or the URL of a database without a ledger.")
    var to: String

    func run() throws {
        try reporting {
            let source = try LedgerDatabase.open(books.database, mode: .readOnly)
            let target = try LedgerDatabase.open(to, mode: .create)
            let isWatched = isatty(STDERR_FILENO) == 1
            let summary = try LedgerCopy.run(from: source, to: target) { rows in
                if isWatched { Self.show("\r\(rows) rows") }
            }
            if isWatched { Self.show("\r") }
            let findings = try LedgerCheck.run(on: target)
            try target.close()
            guard findings.holds else {
                throw failure("the copy is not sound, see `yika-ledger check --database \(to)`", Status.refused)
            }
            print("\(summary.rows) rows, \(summary.records) records among them, copied; every invariant holds")
        }
    }

    private static func show(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
}
