import ArgumentParser
import Ledger
import LedgerProtocol
import Platform

struct Closings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "closing", abstract: "Compare a terminal's figures of a day with the books, as they are now (日结).",
        discussion: "Exit status: 0 both agree, 1 they differ or the day was not closed, 2 the books cannot be read.")

    @Argument(help: "The terminal's number.")
    var terminal: UInt16

    @Option(help: "The day, as YYYY-MM-DD.")
    var day: String

    @OptionGroup var books: Books

    @Flag(help: "As a JSON array with one object per closing.")
    var json = false

    func run() throws {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .readOnly)
            let closings = try StoredClosing.list(of: terminal, day: day, from: store)
            guard !closings.isEmpty else {
                throw failure("terminal \(terminal) has closed no \(day)", Status.refused)
            }
            if json { try printJSON(closings) } else { closings.forEach(Self.describe) }
            if !closings.allSatisfy(\.answer.agrees) { throw Status.refused }
        }
    }

    private static func describe(_ closing: StoredClosing) {
        let (terminal, answer) = (closing.terminal, closing.answer)
        print("epoch \(terminal.epoch), records \(terminal.first) to \(terminal.last)")
        print("           terminal: \(terminal.count) records, chain head \(terminal.chainHead)")
        print("           ledger:   \(answer.ledger.count) records, chain head \(answer.ledger.chainHead)")
        for line in terminal.lines where !answer.ledger.lines.contains(line) { print("  terminal \(text(line))") }
        for line in answer.ledger.lines where !terminal.lines.contains(line) { print("  ledger   \(text(line))") }
        if answer.inSuspense > 0 { print("  \(answer.inSuspense) records wait in suspense") }
        for finding in answer.findings { print("  \(finding.code.rawValue): \(finding.message)") }
        print(answer.agrees ? "both agree" : "THE FIGURES DIFFER")
    }

    private static func text(_ line: Closing.Line) -> String {
        "type \(line.type), result \(line.result): \(line.count) records, \(Fen(line.fen)) yuan"
    }
}
