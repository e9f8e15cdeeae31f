import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Platform
import Terminal

/// What a technician asks a running terminal of its ledger.
struct SyncTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: words(
            "查看本终端的记录如何上送账务中心，或立即上送。",
            "See how this terminal's records get to the ledger, and send them now."),
        discussion: words(
            "通过控制套接字询问运行中的守护进程，不会耽误别人。只有 root、守护进程的用户和组可以询问。",
            """
            Asks the running daemon on its control socket; nobody waits for the answer but you. Only root, the daemon's \
            user and its group may ask.
            """),
        subcommands: [SyncStatus.self, SyncNow.self])

    /// Either command ends with these.
    static let noDaemon = (status: ExitStatus.unreachable, meaning: Text("没有守护进程应答", "no daemon answers"))
}

/// Where the daemon is, and how to tell about it.
struct DaemonPlace: ParsableArguments {
    @Option(
        help: hint(
            "终端的配置文件，其中有控制套接字和流水日志；不给则用 \(usualConfiguration)。",
            "The terminal's configuration, which names the control socket and the journal; \(usualConfiguration) if not said."
        ))
    var config: String?

    @Option(help: hint("控制套接字本身。", "The control socket itself."))
    var socket: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    /// What the configuration says; `nil` where the socket was named instead.
    func setup() throws -> TerminalSetup? { socket != nil && config == nil ? nil : try loadSetup(config) }

    /// Asks the daemon; a ``Complaint`` when it gives no answer.
    func ask(_ question: String, _ setup: TerminalSetup?) throws -> SyncReport {
        guard let path = socket ?? setup?.controlSocket else {
            throw Complaint(
                ComplaintCode.noControlSocket, .unreachable,
                problem: Text("配置中没有 controlSocket", "the configuration names no controlSocket"),
                nextStep: Text("加上它并重启 yikad", "add one and restart yikad"))
        }
        do throws(ControlQuestionError) {
            let line = try ControlQuestion(path: path).ask(question)
            if let report = try? JSONDecoder().decode(SyncReport.self, from: Data(line)) { return report }
            throw .notUnderstood
        } catch {
            throw error.complaint(path)
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
        commandName: "status",
        abstract: words(
            "显示有多少待上送、从何时起、卡在哪里。", "Tell what waits to be sent, since when, and what is in the way."),
        discussion: words(
            "没有守护进程时，从流水日志的文件得知有多少待上送；不改动任何文件。",
            """
            Without a running daemon, the journal's files tell what waits; nothing is changed there.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("记录能送达，或没有待上送的", "records get to the ledger, or there is none to send")),
                (.trouble, Text("送不到，已说明原因", "they do not, and why is told")), SyncTools.noDaemon,
                also: [.notAllowed, .configuration]))

    @OptionGroup var place: DaemonPlace

    @Flag(help: hint("每秒显示一次，直到中断。", "Tell again every second, until interrupted."))
    var watch = false

    func run() throws {
        let setup = try place.setup()
        repeat {
            let report: SyncReport
            do {
                report = try place.ask("sync-status", setup)
            } catch let complaint as Complaint {
                guard !watch, let setup, let told = try tellFromJournal(setup, complaint) else { throw complaint }
                throw told
            }
            try place.show(report)
            guard watch else {
                if !report.isWell { throw ExitCode(.trouble) }
                return
            }
            SystemTime().sleep(milliseconds: 1000)
        } while true
    }

    /// What the journal's files tell by themselves: how much the ledger lacks.
    ///
    /// - Returns: what ends the command after that; `nil` where they cannot be read either.
    private func tellFromJournal(_ setup: TerminalSetup, _ complaint: Complaint) throws -> (any Error)? {
        let directory = setup.stateDirectory + "/journal"
        var figures = JournalFigures(directory: directory)
        do throws(Unreadable) {
            try figures.collect(from: try FileStorage.readOnly(directory), rootKey: nil)
        } catch {
            if !place.json { complain("[\(ComplaintCode.journalUnreadable)] \(error.problem.here)") }
            return nil
        }
        let report = OfflineReport(figures, complaint)
        if place.json { print(try jsonLine(report)) } else { printTable(report.rows) }
        return complaint.afterResult
    }
}

struct SyncNow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "now",
        abstract: words(
            "不再等待，立即上送，并显示结果。", "Send what waits at once, whatever wait is under way, and tell what came of it."),
        discussion: ExitStatus.told(
            (.well, Text("全部送达", "all of it was sent")),
            (.trouble, Text("没有全部送达，已说明原因", "not all was, and why is told")),
            SyncTools.noDaemon, (.nothingToDo, Text("没有待上送的记录", "there was nothing to send")),
            also: [.notAllowed, .configuration]))

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
        var bar = ProgressBar(words("正在上送", "sending"))
        defer { bar.end() }
        while report.queued > 0, clock.now() < deadline {
            bar.show(before.queued - min(before.queued, report.queued), of: before.queued)
            if report.attempts > before.attempts, !report.sending, !report.isWell { break }
            clock.sleep(milliseconds: Self.lookMilliseconds)
            report = try place.ask("sync-status", setup)
        }
        bar.end()
        try place.show(report)
        if report.queued > 0 { throw ExitCode(.trouble) }
        if before.queued == 0 { throw ExitCode(.nothingToDo) }
    }
}
