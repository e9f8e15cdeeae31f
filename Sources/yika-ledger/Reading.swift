public import ArgumentParser
import Ledger
import Platform

extension LedgerReport.Subject: ExpressibleByArgument {}

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what the books hold.")

    @Argument(help: "accounts, activations, transfers, terminals or suspense.")
    var subject: LedgerReport.Subject

    @OptionGroup var books: Books

    @Flag(help: "As a JSON array with one object per row.")
    var json = false

    func run() throws {
        try reporting {
            let report = try LedgerReport(subject, from: LedgerDatabase.open(books.database, mode: .readOnly))
            if json { try printJSON(report) } else { print(report.table) }
        }
    }
}

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove the books: zero sum, balanced transfers, whole journals, each activation posted once.",
        discussion: "Exit status: 0 every invariant holds, 1 one is violated, 2 the books cannot be read.")

    @OptionGroup var books: Books

    @Flag(help: "As a JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let findings = try LedgerCheck.run(on: LedgerDatabase.open(books.database, mode: .readOnly))
            if json { try printJSON(findings) } else { Self.describe(findings) }
            if !findings.holds { throw Status.refused }
        }
    }

    private static func describe(_ findings: LedgerCheck.Findings) {
        print(
            """
            records      \(findings.records), checksums and chains verified; \(findings.unverified) behind lost links
            transfers    \(findings.transfers), balanced; the sum over \(findings.accounts) accounts is \
            \(Fen(findings.sumFen)) yuan
            sales        \(findings.sales); \(findings.doubts) were in doubt
            activations  \(findings.outcomes) outcomes, \(findings.cards) cards active, \(findings.pending) pending
            suspense     \(findings.suspense)
            """)
        for violation in findings.violations { print("VIOLATED     \(violation)") }
        print(findings.holds ? "every invariant holds" : "\(findings.violations.count) violations")
    }
}

struct Figures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tell in figures how the books stand.")

    @OptionGroup var books: Books

    @Flag(help: "As a JSON object.")
    var json = false

    func run() throws {
        try reporting {
            let figures = try LedgerFigures(from: LedgerDatabase.open(books.database, mode: .readOnly))
            if json { return try printJSON(figures) }
            print(
                """
                version    \(figures.version), roster \(figures.rosterVersion)
                terminals  \(figures.terminals), \(figures.frozen) frozen
                records    \(figures.records)
                accounts   \(figures.accounts), \(figures.cards) cards active, \(figures.pending) activations pending
                suspense   \(figures.suspense), \(figures.cases) reconciliation cases
                """)
        }
    }
}
