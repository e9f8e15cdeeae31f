import ArgumentParser
import Platform

/// What a command's exit status means, the same in all of them; `yika --help` and every man page say so.
enum ExitStatus: Int32, CaseIterable {
    /// Done, and nothing is wrong.
    case well = 0
    /// Looked or tried, and something is wrong; what, and the next step, was told.
    case trouble = 1
    /// What was to be looked at cannot be reached or read: no daemon answers, no reader, no file.
    case unreachable = 2
    /// There was nothing to do.
    case nothingToDo = 3
    /// The command line is wrong (sysexits.h).
    case usage = 64
    /// Not allowed to; root or the group yika may (sysexits.h).
    case notAllowed = 77
    /// The configuration, or another file that people edit, is malformed (sysexits.h).
    case configuration = 78

    /// What it means in every command.
    var meaning: Text {
        switch self {
        case .well: Text("已完成，一切正常", "done, and nothing is wrong")
        case .trouble: Text("发现问题，已说明原因和下一步", "something is wrong; what, and the next step, is told")
        case .unreachable:
            Text("连不上或读不到（守护进程、读卡器、文件）", "what was to be looked at cannot be reached or read: daemon, reader, file")
        case .nothingToDo: Text("无事可做", "there was nothing to do")
        case .usage: Text("命令行有误", "the command line is wrong")
        case .notAllowed: Text("权限不足：须 root 或 yika 组用户", "not allowed to; root or the group yika may")
        case .configuration:
            Text("配置或其他可编辑的文件有误", "the configuration, or another file that people edit, is malformed")
        }
    }

    /// All of them, a line each, for the help of `yika` itself.
    static var table: String {
        let lines = allCases.map { "  " + "\($0.rawValue)".padded(to: 4) + $0.meaning.here }
        return ([words("退出状态：", "Exit status:")] + lines).joined(separator: "\n")
    }

    /// What a command's help says of those it ends with.
    ///
    /// - Parameters:
    ///   - own: what they mean in this command.
    ///   - also: those that mean here what they mean in all; a wrong command line is always one of them.
    static func told(_ own: (status: ExitStatus, meaning: Text)..., also: [ExitStatus] = []) -> String {
        let told = own + ([.usage] + also).map { (status: $0, meaning: $0.meaning) }
        let parts = told.sorted { $0.status.rawValue < $1.status.rawValue }
            .map { "\($0.status.rawValue) \($0.meaning.here)" }
        return words("退出状态：", "Exit status: ") + parts.joined(separator: words("；", "; ")) + words("。", ".")
    }
}

extension ExitCode {
    /// Ends with `status`, when everything was told already.
    init(_ status: ExitStatus) { self.init(status.rawValue) }
}
