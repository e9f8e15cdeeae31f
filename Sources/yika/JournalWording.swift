import Glibc
import Journal
import Platform

extension JournalError {
    /// It in both languages.
    var text: Text {
        let chinese =
            switch self {
            case .missingDirectory(let error): "流水日志目录不存在：\(error.text.chinese)"
            case .readOnly(let error): "流水日志无法写入：\(error.text.chinese)"
            case .locked: "流水日志正被另一个进程使用"
            case .otherTerminal(let file, let found, let expected): "\(file) 属于终端 \(found)，本机是终端 \(expected)"
            case .unknownFormat(let file, let version): "\(file) 是格式 \(version)，本程序不认识"
            case .wrongKey(let file): "\(file) 是用另一个密钥写的"
            case .keyMissing: "流水日志没有可读的 head，须有账务中心的日志密钥才能继续"
            case .mixedEpochs(let epochs): "同一目录中有多个代次的段文件：\(epochs)"
            case .otherEpoch(let found, let expected): "这是第 \(found) 代流水日志，不是第 \(expected) 代"
            case .strayFile(let file): "\(file) 不属于此流水日志：移到别处，勿删除"
            case .storage(let error): "流水日志：\(error.text.chinese)"
            case .poisoned(let error): "写入失败后流水日志已停用：\(error.text.chinese)"
            case .full(let error): "流水日志已满：\(error.text.chinese)"
            case .payloadTooLong(let count): "\(count) 字节放不进一条记录"
            case .damaged(let sequence): "记录 \(sequence) 已损坏"
            case .acknowledgedBeyondEnd(let acknowledged, let last): "记录 \(acknowledged) 已确认，但最后写入的是 \(last)"
            case .closed: "流水日志已关闭"
            }
        return Text(chinese, description)
    }
}

/// Why a journal cannot be read, with what to do about it.
struct Unreadable: Error {
    let problem: Text
    let nextStep: Text
    let isForbidden: Bool

    private init(_ problem: Text, _ nextStep: Text, isForbidden: Bool = false) {
        self.problem = problem
        self.nextStep = nextStep
        self.isForbidden = isForbidden
    }

    init(_ error: StorageError) {
        switch error.code {
        case ENOENT, ENOTDIR:
            self.init(error.text, Text("用 --directory 指定流水日志目录", "name the journal's directory with --directory"))
        case EACCES:
            self.init(
                error.text, Text("只有终端和 root 可读：用 root 执行", "only the terminal and root may read it: run as root"),
                isForbidden: true)
        default:
            self.init(
                error.text, Text("用 journalctl -k 查看磁盘的内核日志", "look at the kernel's log of the disk: journalctl -k"))
        }
    }

    init(_ error: AuditError) {
        switch error {
        case .noJournal:
            self.init(
                Text("目录中没有流水日志", "holds no journal"),
                Text("用 --directory 指定含段文件的目录", "give the directory that has its segments"))
        case .severalTerminals(let numbers):
            self.init(
                Text("目录中有多台终端的文件：\(numbers)", "holds files of terminals \(numbers)"),
                Text("先在副本中分开", "sort them apart first, in a copy"))
        case .journal(.storage(let error)): self.init(error)
        case .journal(let error):
            let nextStep =
                switch error {
                case .unknownFormat: Text("使用写它的那个版本的 yika", "use the yika of that program's version")
                case .wrongKey: Text("给出该终端的根密钥，或不给", "give that terminal's root key, or none")
                case .mixedEpochs: Text("先在副本中分开", "sort them apart first, in a copy")
                default: Text("用 journalctl -k 查看磁盘的内核日志", "look at the kernel's log of the disk: journalctl -k")
                }
            self.init(error.text, nextStep)
        }
    }

    /// What ends a command that was to look at the journal in `directory`.
    func complaint(_ directory: String) -> Complaint {
        // What a system call says names the file already.
        let isNamed = problem.english.contains(directory)
        return Complaint(
            isForbidden ? ComplaintCode.notAllowed : ComplaintCode.journalUnreadable,
            isForbidden ? .notAllowed : .unreachable,
            problem: isNamed
                ? problem : Text("\(directory)：\(problem.chinese)", "\(directory): \(problem.english)"),
            nextStep: nextStep)
    }
}
