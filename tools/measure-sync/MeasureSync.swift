import ArgumentParser
import FoundationEssentials
import Glibc
import Measuring

/// Measures what syncing costs, beside bare databases; `tools/bench sync` runs it.
@main struct MeasureSync: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure-sync", abstract: "Measures what syncing costs, beside bare databases.",
        subcommands: [Measure.self, Deliver.self], defaultSubcommand: Measure.self)
}

struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints every figure; exit status 0 when all budgets are kept, 1 when one is not, 2 when measuring failed.")

    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: "Where to write, on the disk to be measured; the files are removed afterwards.")
    var directory = "."
    @Option(help: "The URL of an empty PostgreSQL database; without it, that half is left out.")
    var postgres: String?
    @Option(help: "Records to take in.") var records = 120_000
    @Option(help: "One part alone.") var only: Part?

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case ingest, wire, hotlist, authorize, link
    }

    func run() throws {
        do {
            if try !measure() { throw ExitCode.failure }
        } catch let code as ExitCode {
            throw code
        } catch {
            note("measure-sync: \(error)")
            throw ExitCode(2)
        }
    }

    /// Whether all budgets were kept.
    private func measure() throws -> Bool {
        let scratch = "\(directory)/.measure-sync-\(getpid())"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        var kept = true
        for part in only.map({ [$0] }) ?? Part.allCases {
            for figure in try figures(of: part, in: scratch) {
                print(json ? figure.json : figure.line)
                // Each line at once, into a pipe too: the whole takes minutes.
                fflush(nil)
                kept = kept && figure.ok
            }
        }
        return kept
    }

    private func figures(of part: Part, in scratch: String) throws -> [Figure] {
        switch part {
        case .wire: WireFigures(records: records).figures()
        case .hotlist: try HotlistFigures(cards: 1_000_000).figures()
        case .authorize: try AuthorizeFigures(scratch: scratch).figures()
        case .link: try LinkFigures(scratch: scratch).figures()
        case .ingest: try Ingestion(scratch: scratch, postgres: postgres, records: records).figures()
        }
    }
}
