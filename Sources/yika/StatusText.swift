import Health
import Platform
import Terminal

/// How a terminal stands, in words.
struct StatusText {
    private let report: StatusReport

    init(_ report: StatusReport) { self.report = report }

    func show() {
        printTable(rows)
        let shown = report.conditions.filter(\.isVisible)
        guard !shown.isEmpty else { return print("\n\(Report.sign(.well)) " + words("没有故障。", "Nothing is wrong.")) }
        print("")
        for condition in shown {
            guard let notice = Notice.named(condition.code) else { continue }
            let detail = condition.detail.isEmpty ? "" : words("（\(condition.detail)）", " (\(condition.detail))")
            print("\(Report.sign(notice.severity.mark)) [\(notice.code)] \(notice.title.here)\(detail)")
            print("  → \(notice.nextStep.here)")
        }
    }

    private var rows: [(String, String)] {
        let role = report.role == "canteen" ? words("收款", "till") : words("激活", "activation kiosk")
        var rows: [(String, String)] = [
            (words("终端", "terminal"), "\(report.sync.terminal) \(report.name) (\(role))"),
            (
                "yikad",
                words(
                    "\(report.version)，已运行 \(Report.duration(report.forSeconds))",
                    "\(report.version), for \(Report.duration(report.forSeconds))")
            ),
            (words("正在", "now"), doing),
        ]
        for reader in report.readers {
            rows.append((words("读卡器", "reader"), "\(reader.name), \(reader.profile), \(Self.name(of: reader.state))"))
        }
        rows += [
            (words("刷卡", "taps"), taps), (words("声音", "sound"), sound),
            (words("账务中心", "ledger"), connection), (words("未上传", "unsent"), unsent),
            (
                words("名单版本", "versions"),
                words(
                    "激活名单 \(report.sync.rosterVersion)，挂失名单 \(report.sync.hotlistVersion)，设置 \(report.sync.settingsVersion)",
                    "roster \(report.sync.rosterVersion), hotlist \(report.sync.hotlistVersion), settings \(report.sync.settingsVersion)"
                )
            ),
        ]
        if let expires = report.credentialExpiresMilliseconds.flatMap(iso8601) {
            rows.append((words("凭证有效至", "credential until"), expires))
        }
        if let number = report.operatorNumber {
            rows.append((words("操作员", "operator"), "\(number)"))
        }
        if let port = report.screenPort { rows.append((words("屏幕", "screen"), "http://127.0.0.1:\(port)/")) }
        return rows
    }

    private var doing: String {
        switch report.doing {
        case .serving: words("处理卡片", "serving a card")
        case .lending: words("读卡器借给技术员", "leaving a reader to a technician")
        case .sending: words("上传记录", "sending records")
        case .outOfService: words("暂停服务", "out of service")
        case .closed: words("等待操作员登录", "waiting for somebody to sign in")
        case .waiting: words("等待刷卡", "waiting for cards")
        }
    }

    private static func name(of state: StatusReport.Reader.State) -> String {
        switch state {
        case .waiting: words("无卡", "no card")
        case .card: words("有卡", "a card lies on it")
        case .serving: words("正在处理", "serving a card")
        case .lent: words("借给技术员", "lent to a technician")
        }
    }

    private var taps: String {
        guard let last = report.lastTap else { return "\(report.taps)" }
        let title = Notice.named(last.code)?.title.here ?? last.code
        let ago = Report.duration(last.secondsAgo)
        return words("\(report.taps)；最近一次 \(ago)前：\(title)", "\(report.taps); the last \(ago) ago: \(title)")
    }

    private var sound: String {
        let volume = report.voice.volume.map { ", \($0) %" } ?? ""
        return "\(report.voice.device), \(report.voice.languages.joined(separator: " + "))\(volume)"
    }

    private var connection: String {
        let since = Report.duration(report.sync.forSeconds)
        return switch report.sync.connected {
        case true?: words("已连接 \(since)，\(report.sync.url)", "connected for \(since), \(report.sync.url)")
        case false?: words("已断开 \(since)，\(report.sync.url)", "not answering for \(since), \(report.sync.url)")
        case nil: words("尚未联系，\(report.sync.url)", "not asked yet, \(report.sync.url)")
        }
    }

    private var unsent: String {
        guard report.sync.queued > 0 else { return words("无", "none") }
        let age = report.sync.oldestSeconds.map {
            words("，最早 \(Report.duration($0))前", ", the oldest \(Report.duration($0)) ago")
        }
        return words("\(report.sync.queued) 条", "\(report.sync.queued) records") + (age ?? "")
    }
}
