import ArgumentParser
import Glibc
import Health
import Platform
import Terminal

/// One screen about the running terminal.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words("一屏说明终端的现状。", "Tell on one screen how the running terminal stands."),
        discussion: ExitStatus.told(
            (.well, Text("正常服务", "it serves, and nothing is wrong")), (.trouble, ExitStatus.trouble.meaning),
            SyncTools.noDaemon, also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    @Flag(help: hint("每秒刷新，直到中断。", "Tell again every second, until interrupted."))
    var watch = false

    func run() throws {
        repeat {
            let report = try place.daemon().ask(ControlRequest("status"), as: StatusReport.self)
            if watch, !place.json, isatty(STDOUT_FILENO) == 1 { print("\u{1B}[H\u{1B}[2J", terminator: "") }
            if place.json { print(try jsonLine(report)) } else { StatusText(report).show() }
            fflush(nil)
            guard watch else {
                if report.conditions.contains(where: \.isVisible) { throw ExitCode(ExitStatus.trouble.rawValue) }
                return
            }
            SystemTime().sleep(milliseconds: 1000)
        } while true
    }
}

/// What was counted and measured, for a scraper.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: words("输出 Prometheus 格式的计数。", "Print what the daemon counts, in Prometheus' text format."),
        discussion: words(
            "屏幕端口上也有：http://127.0.0.1:PORT/metrics。",
            "The same is at http://127.0.0.1:PORT/metrics on the screen's port.")
            + "\n\n"
            + ExitStatus.told((.well, Text("已输出", "printed")), SyncTools.noDaemon, also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    func run() throws {
        let answer = try place.daemon().ask(ControlRequest("metrics"), as: MetricsAnswer.self)
        if place.json { print(try jsonLine(answer)) } else { print(answer.text, terminator: "") }
    }
}

/// Ends the day at a till.
struct CloseDay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close-day",
        abstract: words(
            "结束没有结束的班次，并把记录送到账务中心。", "Close a shift that was left open, and send what waits to the ledger."),
        discussion: words(
            "每晚由 yika-close-day.timer 执行。正在进行的交易不会被打断。",
            "yika-close-day.timer does so every night. A sale under way is not disturbed.")
            + "\n\n"
            + ExitStatus.told(
                (.well, Text("已结束", "closed")), (.trouble, Text("有交易未完成，稍后再试", "a sale is under way, try again")),
                SyncTools.noDaemon, (.nothingToDo, Text("没有要结束的班次", "no shift was open")),
                also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    func run() throws {
        let daemon = try place.daemon()
        let answer = try daemon.ask(ControlRequest("close-day"), as: DayAnswer.self)
        _ = try? daemon.ask(ControlRequest("sync-now"), as: SyncReport.self)
        if answer.outcome == .busy {
            throw Complaint(
                ComplaintCode.saleUnderWay, .trouble, problem: Text("有交易未完成", "a sale is under way"),
                nextStep: Text("一分钟后再试", "try again in a minute"))
        }
        if place.json { print(try jsonLine(answer)) } else { Self.tell(answer) }
        fflush(nil)
        if answer.outcome != .closing { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    private static func tell(_ answer: DayAnswer) {
        switch answer.outcome {
        case .closing:
            let (number, sales, total) = (answer.operatorNumber ?? 0, answer.sales ?? 0, Fen(answer.totalFen ?? 0))
            print(
                words(
                    "已结束 \(number) 号操作员的班次：\(sales) 笔，共 ¥\(total)",
                    "closed the shift of operator \(number): \(sales) sales, ¥\(total) in all"))
        case .nothingToDo: print(words("没有要结束的班次", "no shift is open"))
        case .noTill: print(words("本终端不收款，没有班次", "this terminal is no till and has no shifts"))
        case .busy: break
        }
    }
}
