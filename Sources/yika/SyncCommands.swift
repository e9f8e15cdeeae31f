import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Platform
import Terminal

/// What a technician asks a running terminal of its ledger.
struct SyncTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "See how this terminal's records get to the ledger, and send them now.",
        discussion: """
            Asks the running daemon on its control socket; nobody waits for the answer but you. Only root, the daemon's \
            user and its group may ask.

            \(exitStatuses)
            """,
        subcommands: [SyncStatus.self, SyncNow.self])

    static let exitStatuses = """
        Exit status: 0 records get to the ledger, or there is none to send; 1 they do not, and why is told; 2 no daemon \
        answers; 64 for a wrong command line; 78 the configuration is malformed.
        """
}

/// Where the daemon is, and how to tell about it.
struct DaemonPlace: ParsableArguments {
    @Option(help: "The terminal's configuration, which names the control socket and the journal.")
    var config: String?

    @Option(help: "The control socket itself.")
    var socket: String?

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        if config == nil && socket == nil { throw ValidationError("Give --config FILE or --socket PATH.") }
    }

    func setup() throws -> TerminalSetup? { try config.map(loadSetup) }

    /// Asks the daemon; exit status 2, with a next step, when it gives no answer.
    func ask(_ question: String, _ setup: TerminalSetup?) throws -> SyncReport {
        guard let path = socket ?? setup?.controlSocket else {
            complain("the configuration names no controlSocket; add one and restart yikad")
            throw ExitCode(2)
        }
        do throws(ControlQuestionError) {
            let line = try ControlQuestion(path: path).ask(question)
            if let report = try? JSONDecoder().decode(SyncReport.self, from: Data(line)) { return report }
            throw .notUnderstood
        } catch {
            complain(Self.words(error, path))
            throw ExitCode(2)
        }
    }

    private static func words(_ error: ControlQuestionError, _ path: String) -> String {
        switch error {
        case .notThere(let why): "no daemon listens at \(path) (\(why)); run: systemctl start yikad"
        case .forbidden: "\(path) is the daemon's alone; run as root"
        case .noAnswer: "the daemon at \(path) does not answer; run: systemctl restart yikad"
        case .notUnderstood: "the daemon at \(path) is of another version; use the yika that came with it"
        }
    }

    func show(_ report: SyncReport) throws {
        if json { print(try jsonLine(report)) } else { printTable(report.rows) }
        // Standard output may be a pipe that is read as it fills.
        fflush(nil)
    }
}

struct SyncStatus: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tell what waits to be sent, since when, and what is in the way.",
        discussion: """
            Without a running daemon, --config tells from the journal's files what waits; nothing is changed there.

            \(SyncTools.exitStatuses)
            """)

    @OptionGroup var place: DaemonPlace

    @Flag(help: "Tell again every second, until interrupted.")
    var watch = false

    func run() throws {
        let setup = try place.setup()
        repeat {
            let report: SyncReport
            do {
                report = try place.ask("sync-status", setup)
            } catch {
                if !watch, let setup { try tellFromJournal(setup) }
                throw error
            }
            try place.show(report)
            guard watch else {
                if !report.isWell { throw ExitCode(1) }
                return
            }
            SystemTime().sleep(milliseconds: 1000)
        } while true
    }

    /// What the journal's files tell by themselves: how much the ledger lacks.
    private func tellFromJournal(_ setup: TerminalSetup) throws {
        let directory = setup.stateDirectory + "/journal"
        var figures = JournalFigures(directory: directory)
        do throws(Unreadable) {
            try figures.collect(from: try Self.open(directory), rootKey: nil)
        } catch {
            return complain("\(error)")
        }
        let report = OfflineReport(figures)
        if place.json { print(try jsonLine(report)) } else { printTable(report.rows) }
    }

    private static func open(_ directory: String) throws(Unreadable) -> FileStorage {
        do throws(StorageError) {
            return try FileStorage(directory: directory, access: .readOnly)
        } catch {
            throw Unreadable(error)
        }
    }
}

struct SyncNow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "now", abstract: "Send what waits at once, whatever wait is under way, and tell what came of it.",
        discussion: SyncTools.exitStatuses)

    /// One request may take ten seconds.
    private static let patienceMilliseconds: Int64 = 30_000
    private static let lookMilliseconds: Int64 = 100

    @OptionGroup var place: DaemonPlace

    func run() throws {
        let setup = try place.setup()
        let before = try place.ask("sync-now", setup)
        var report = before
        let clock = SystemTime()
        let deadline = clock.now().advanced(milliseconds: Self.patienceMilliseconds)
        // Attempts go on while they bring something up; the first one that does not is the answer.
        while report.queued > 0, clock.now() < deadline {
            if report.attempts > before.attempts, !report.sending, !report.isWell { break }
            clock.sleep(milliseconds: Self.lookMilliseconds)
            report = try place.ask("sync-status", setup)
        }
        try place.show(report)
        if report.queued > 0 { throw ExitCode(1) }
    }
}
