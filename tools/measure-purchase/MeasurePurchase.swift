import ArgumentParser
import Measuring
import MeasuringCards

/// Measures what a sale costs, at each reader and of our own time; `tools/bench purchase` runs it.
@main struct MeasurePurchase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure-purchase", abstract: "Measures what a sale costs, at each reader and of our own time.",
        subcommands: [Measure.self, Play.self], defaultSubcommand: Measure.self)
}

struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Prints every figure; exit status 0 when all budgets are kept, 1 when one is not, 2 when measuring failed.")

    @Flag(help: "One JSON object a line instead of a table.") var json = false
    @Option(help: "The folder with readers, card layouts and the demonstration's keys.")
    var deviceProfiles = "device-profiles"
    @Option(help: "A folder on the disk that the journal is to be on.") var directory = "."
    @Option(help: "How often each kind of sale is made over pcscd; the slowest of a hundred want many.")
    var rounds = 2000
    @Option(help: "What the order of these sales comes from; by default another one each time.") var seed: UInt64?

    func validate() throws {
        guard (1...100_000).contains(rounds) else { throw ValidationError("--rounds is from 1 to 100000.") }
    }

    func run() throws {
        let kept: Bool
        do { kept = try measure() } catch {
            note("measure-purchase: \(error)")
            throw ExitCode(2)
        }
        if !kept { throw ExitCode.failure }
    }

    /// Whether all budgets were kept.
    private func measure() throws -> Bool {
        let campus = try Campus(directory: deviceProfiles)
        let atReaders = show(ReaderSales.figures(campus), json: json)
        let scratch = try Scratch(below: directory)
        defer { scratch.remove() }
        let ourOwn = show(
            try RealSales.figures(
                campus, in: deviceProfiles, journal: scratch.path, rounds: rounds,
                seed: seed ?? .random(in: 0 ... .max)),
            json: json)
        return atReaders && ourOwn
    }
}
