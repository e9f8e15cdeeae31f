import ArgumentParser
import FoundationEssentials
import Glibc
import Mifare
import Platform
import SmartCard
import Terminal

/// What happens, as it happens.
struct MonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: words(
            "实时显示刷卡、命令耗时和故障。", "Show taps, commands to cards with their timing, and conditions as they happen."),
        discussion: words(
            """
            与运行中的 yikad 并行，不影响刷卡；没有 yikad 时直接观察读卡器。密钥、PIN 和卡内数据从不显示，命令只显示头部和长度。\
            按 Ctrl-C 结束。
            """,
            """
            Works beside the running daemon, and disturbs no card; without one, the readers themselves are watched. Keys, \
            PINs and what stands on a card are never shown: of a command its header and lengths alone. Ctrl-C ends it.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("已结束", "ended")), (.unreachable, Text("观察中断", "what was watched has gone")),
                also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    @Option(help: hint("若干秒后结束。", "End after so many seconds."))
    var seconds: Int64?

    @Option(help: hint("若干次刷卡后结束。", "End after so many taps."))
    var taps: Int?

    /// A year: nobody watches longer.
    private static let forEver: Int64 = 365 * 86_400_000

    func run() throws {
        let path = try place.socketPath()
        let milliseconds = seconds.map { $0 * 1000 } ?? Self.forEver
        var ended = 0
        do throws(ControlQuestionError) {
            let _: Bool = try ControlQuestion(path: path).ask(ControlRequest("monitor"), milliseconds: milliseconds) {
                line, isAnswer in
                guard !isAnswer, let event = try? JSONDecoder().decode(MonitoredEvent.self, from: Data(line)) else {
                    return nil
                }
                if place.json { print(String(decoding: line, as: UTF8.self)) } else { event.show() }
                fflush(nil)
                if event.event == "ended" { ended += 1 }
                return taps.map { ended >= $0 } == true ? true : nil
            }
        } catch .noAnswer {
            // The time is over, or the daemon has gone.
            guard seconds == nil else { return }
            throw Complaint(
                ComplaintCode.noDaemon, .unreachable, problem: Text("yikad 已停止", "the daemon has gone"),
                nextStep: Text("执行 systemctl status yikad", "run: systemctl status yikad"))
        } catch .notThere {
            try watchReaders(milliseconds)
        } catch {
            throw error.complaint(path)
        }
    }

    /// Without a daemon: what pcscd tells of readers and cards.
    private func watchReaders(_ milliseconds: Int64) throws {
        if !place.json {
            complain(words("没有 yikad，直接观察读卡器", "no daemon runs; watching the readers themselves"))
        }
        let time = SystemTime()
        let json = place.json
        let events = Mailbox<ReaderEvent>()
        let monitor = ReaderMonitor(time: time, waitMilliseconds: 500) { events.send($0) }
        let thread = monitor.start()
        let deadline = time.now().advanced(milliseconds: milliseconds)
        var cards = 0
        while taps.map({ cards < $0 }) ?? true, let event = events.receive(until: deadline) {
            let shown = MonitoredEvent(event, at: time.now())
            if json { print(try jsonLine(shown)) } else { shown.show() }
            fflush(nil)
            if case .cardInserted = event { cards += 1 }
        }
        monitor.stop()
        _ = thread.join(until: time.now().advanced(milliseconds: 1000))
    }
}

/// An event of the daemon's, or one seen without it.
struct MonitoredEvent: Codable {
    var event: String
    var at: Int64
    var tap: UInt64?
    var reader: String?
    var card: String?
    var what: String?
    var detail: String?
    var code: String?
    var sequence: UInt64?
    var milliseconds: Int64?
    var apdus: Int?
    var microseconds: Int64?

    init(_ seen: ReaderEvent, at: Instant) {
        self.at = at.milliseconds
        event = "reader"
        switch seen {
        case .serviceUnavailable(let error): (event, what, detail) = ("pcscd", "unavailable", error.description)
        case .serviceAvailable: (event, what) = ("pcscd", "available")
        case .noReaders: what = "none"
        case .readerAttached(let name): (reader, what) = (name, "attached")
        case .readerDetached(let name): (reader, what) = (name, "detached")
        case .cardInserted(let name, let atr):
            (event, reader, what, detail) = (
                "tap", name, "card", "ATR \(atr.hex(separator: " ")), \(CardFamily(atr: atr))"
            )
        case .cardMute(let name): (event, reader, what) = ("tap", name, "mute")
        case .cardRemoved(let name): (event, reader) = ("removed", name)
        }
    }

    /// One line: the time since boot, what happened, and what it took.
    func show() {
        let milliseconds = at % 1000
        let padding = String(repeating: "0", count: max(0, 3 - String(milliseconds).count))
        var parts = ["\(at / 1000).\(padding)\(milliseconds)"]
        if let tap, tap < 1_000_000_000_000 { parts.append("#\(tap)") }
        parts.append(event == "apdu" ? "  \(what ?? "")" : [event, what].compactMap(\.self).joined(separator: " "))
        if let microseconds { parts.append("\(microseconds / 1000).\(microseconds % 1000 / 100) ms") }
        if let code { parts.append("[\(code)]") }
        parts += [card, detail, reader].compactMap(\.self)
        if let total = self.milliseconds { parts.append("\(total) ms") }
        if let apdus { parts.append("\(apdus) APDUs") }
        print(parts.joined(separator: "  "))
    }
}
