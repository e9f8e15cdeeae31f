import ArgumentParser
import FoundationEssentials
import Glibc
import Measuring

/// Measures the journal beside the disk's own speed and beside SQLite; `tools/bench journal` runs it.
@main struct MeasureJournal: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure-journal", abstract: "Measures the journal beside the bare disk and beside SQLite.",
        subcommands: [Measure.self, Open.self], defaultSubcommand: Measure.self)
}

struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints every figure; exit status 0 when all budgets are kept, 1 when one is not, 2 when measuring failed.")

    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: "Where to write, on the disk to be measured; the files are removed afterwards.")
    var directory = "."

    @Option(help: "One part alone.") var only: Part?

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case appends, groups, device, recovery

        func figures(in directory: String) throws -> [Figure] {
            switch self {
            case .appends: try Appends.figures(in: directory)
            case .groups: try Groups.figures(in: directory)
            case .device: try DeviceBytes.figures(in: directory)
            case .recovery: try RecoveryFigures.figures(in: directory)
            }
        }
    }

    func run() throws {
        do {
            if try !measure() { throw ExitCode.failure }
        } catch let failure as Failure {
            note("measure-journal: \(failure)")
            throw ExitCode(2)
        }
    }

    /// Whether all budgets were kept.
    private func measure() throws -> Bool {
        let scratch = try Scratch(below: directory)
        defer { scratch.remove() }
        var kept = true
        for part in only.map({ [$0] }) ?? Part.allCases {
            for figure in try part.figures(in: scratch.path) {
                print(json ? figure.json : figure.line)
                // Each line at once, into a pipe too: the whole takes minutes.
                fflush(nil)
                kept = kept && figure.ok
            }
        }
        return kept
    }
}

struct Open: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens a journal and writes down what it took.", shouldDisplay: false)

    @Argument var directory: String
    @Argument var output: String

    func run() throws {
        try JSONEncoder().encode(try Opening.here(directory)).write(to: URL(filePath: output))
    }
}
