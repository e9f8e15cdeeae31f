import ArgumentParser

/// The technician's tool.
@main
struct Yika: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yika",
        abstract: words("校园卡终端技术人员工具。", "Tools for technicians of campus card terminals."),
        discussion: words(
            """
            语言随系统区域设置（LC_ALL、LC_MESSAGES、LANG）：zh 开头为中文，其余为英文。加 --json 时，标准输出只有 JSON，\
            出错也是；JSON 不翻译。每条错误都有编号和下一步。

            """,
            """
            Speaks Chinese where the locale (LC_ALL, LC_MESSAGES, LANG) begins with zh, else English. With --json standard \
            output holds JSON alone, errors included; JSON is never translated. Each error has a code and a next step.

            """) + "\n" + ExitStatus.table,
        subcommands: [
            Doctor.self, Status.self, MonitorCommand.self, Explain.self, MetricsCommand.self, BugReportCommand.self,
            Enrol.self, Renew.self, SyncTools.self, CloseDay.self, HotlistTools.self, CardTools.self, ReaderTools.self,
            Say.self, VoiceTools.self,
            JournalTools.self,
            ProfileTools.self,
            Simulate.self,
        ])

    /// Runs the command that the command line names.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Complaint.end(error)
        }
    }
}

/// What stands in for hardware.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words("模拟不在场的硬件。", "Play hardware that is not there."),
        subcommands: [SimulateCard.self, NewCard.self])
}
