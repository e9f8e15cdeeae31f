import ArgumentParser
import Health
import Platform

/// What a code means.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words("说明一个代码的含义和下一步。", "Tell what a code such as YK-R01 means and what to do."),
        discussion: words("不给代码则列出全部。", "Without a code, all of them.") + "\n\n"
            + ExitStatus.told((.well, Text("已说明", "told")), (.trouble, Text("没有这个代码", "there is no such code"))))

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Flag(
        help: ArgumentHelp(
            words("输出 systemd 日志的消息目录。", "Print the message catalogue for systemd's journal (journalctl -x)."),
            visibility: .hidden))
    var catalog = false

    @Argument(help: hint("代码，例如 YK-R01。", "The code, such as YK-R01."))
    var code: String?

    private struct Line: Encodable {
        let code: String
        let id: String
        let severity: String
        let title: String
        let impact: String?
        let nextStep: String
        let dependsOn: [String]
        let visibleAfterSeconds: Int64
    }

    func run() throws {
        let all = Notice.conditions + Notice.outcomes + Notice.saleOutcomes
        if catalog { return print(MessageCatalogue(Notice.conditions).text, terminator: "") }
        let wanted = code.map { code in all.filter { $0.code == code.uppercased() || $0.id == code } } ?? all
        guard let code, wanted.isEmpty else { return try wanted.forEach(show) }
        throw Complaint(
            ComplaintCode.noSuchCode, .trouble, problem: Text("没有代码 \(code)", "there is no code \(code)"),
            nextStep: Text("执行 yika explain 列出全部", "run yika explain, which lists them all"))
    }

    private func show(_ notice: Notice) throws {
        guard !json else {
            return print(
                try jsonLine(
                    Line(
                        code: notice.code, id: notice.id, severity: notice.severity.rawValue,
                        title: notice.title.english, impact: notice.impact?.english,
                        nextStep: notice.nextStep.english, dependsOn: notice.dependsOn,
                        visibleAfterSeconds: notice.visibleAfterSeconds)))
        }
        guard code != nil else { return print("\(notice.code)  \(notice.title.here)") }
        print("\(Report.bold(notice.code)) \(notice.id)")
        print(notice.title.here)
        if let impact = notice.impact { print("\(words("影响：", "Meanwhile: "))\(impact.here)") }
        print("\(words("下一步：", "Next: "))\(notice.nextStep.here)")
    }
}

/// systemd's catalogue of messages (systemd.io/CATALOG): what `journalctl -x` tells beside a line of the daemon's log.
struct MessageCatalogue {
    let text: String

    init(_ notices: [Notice]) {
        text = notices.map { notice in
            Self.entry(notice, "", .english, next: "Next") + Self.entry(notice, " zh_CN", .chinese, next: "下一步")
        }.joined()
    }

    private static func entry(_ notice: Notice, _ suffix: String, _ language: Language, next: String) -> String {
        """
        -- \(notice.messageID)\(suffix)
        Subject: [\(notice.code)] \(notice.title[language])
        Defined-By: Yika
        Support: man:yika-explain(1)

        \(notice.impact?[language] ?? notice.title[language])
        \(next): \(notice.nextStep[language])


        """
    }
}
