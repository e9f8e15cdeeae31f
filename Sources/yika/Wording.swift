import DataFiles
import FoundationEssentials
import Glibc
import Health
import Journal
import Platform
import Simulator
import Terminal
import Voice

/// The errors of the rooms in the words of this tool. Particulars that a room or a library words itself stay English.
extension Text {
    /// What the error number of a system call means: glibc has Chinese words only where its locales are installed.
    static func system(_ code: Int32) -> Text {
        let english = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        let chinese =
            switch code {
            case ENOENT: "没有该文件或目录"
            case ENOTDIR: "路径中有一级不是目录"
            case EISDIR: "这是目录"
            case EACCES, EPERM: "权限不足"
            case EEXIST: "已经存在"
            case ENOSPC, EDQUOT: "磁盘空间不足"
            case EROFS: "文件系统只读"
            case EIO: "磁盘读写出错"
            case EBUSY: "设备正忙"
            case ENODEV: "没有该设备"
            case ECONNREFUSED: "连接被拒绝"
            default: english
            }
        return Text(chinese, english)
    }
}

extension Text {
    /// A place in a file: the way to a value, or a line.
    init(place path: String) { self.init(path.hasPrefix("line ") ? "第 \(path.dropFirst(5)) 行" : path, path) }

    /// What the system said, of which nothing is left but its English words.
    init(system words: String) {
        let common = [ENOENT, ENOTDIR, EACCES, ECONNREFUSED].map { Text.system($0) }
        self = common.first { $0.english == words } ?? Text(words, words)
    }
}

extension Complaint {
    /// A command line whose words are right and that still cannot be obeyed.
    init(usage problem: Text, nextStep: Text) {
        self.init(ComplaintCode.usage, .usage, problem: problem, nextStep: nextStep)
    }

    /// A file or folder that cannot be read.
    ///
    /// - Parameter option: what names another one.
    init(unreadable path: String, _ code: Int32, option: String) {
        let mayNot = code == EACCES || code == EPERM
        self.init(
            mayNot ? ComplaintCode.notAllowed : ComplaintCode.unreadable, mayNot ? .notAllowed : .unreachable,
            problem: Text(
                "读不到 \(path)：\(Text.system(code).chinese)", "\(path) cannot be read: \(Text.system(code).english)"),
            nextStep: mayNot
                ? Text("用 root 执行", "run as root")
                : Text("核对路径，用 \(option) 指定", "check the path, and name it with \(option)"))
    }

    /// A file that people edit and that says something else than is expected in it; or one that is not there.
    init(_ error: DataFileError, option: String) {
        if unsafe access(error.file, R_OK) != 0 {
            self.init(unreadable: error.file, errno, option: option)
        } else {
            self.init(
                ComplaintCode.malformed, .configuration, problem: error.text,
                nextStep: Text("按提示修正该文件", "correct the file there"))
        }
    }

    /// The same of a card's image.
    init(_ error: ImageError, option: String) {
        self.init(DataFileError(file: error.file, path: error.place, expected: error.expected), option: option)
    }

    /// A file that cannot be written.
    init(notWritable path: String, _ code: Int32, option: Text) {
        let mayNot = code == EACCES || code == EPERM
        self.init(
            mayNot ? ComplaintCode.notAllowed : ComplaintCode.notWritable, mayNot ? .notAllowed : .trouble,
            problem: Text(
                "无法写入 \(path)：\(Text.system(code).chinese)", "\(path) cannot be written: \(Text.system(code).english)"),
            nextStep: option)
    }
}

extension DataFileError {
    /// It in both languages; what was expected is worded by the room that reads the file, and stays English where the
    /// phrasebook does not have it.
    var text: Text { Text(place.isEmpty ? "\(file)：\(fault)" : "\(file)：\(place)：\(fault)", description) }

    private var fault: String { Phrasebook.dataFiles.chinese(expected) ?? "应为 \(expected)" }

    private var place: String { Text(place: path).chinese }
}

extension StorageError {
    /// It in both languages.
    var text: Text { Text("\(path)：\(Text.system(code).chinese)（\(call)）", description) }
}

extension SoundError {
    /// It in both languages.
    var text: Text { Text("声音设备 \(device) 无法使用：\(Text.system(-code).chinese)（\(call) \(code)）", description) }

    /// What to do about a device that cannot be used.
    var nextStep: Text {
        switch -code {
        case EBUSY:
            Text(
                "有别的程序占用声音设备：停掉它，或加 --config 由守护进程说",
                "another program has the device: stop it, or give --config so that the daemon speaks")
        case EACCES: Text("用 root 或 audio 组用户执行", "run as root, or as a user of the group audio")
        case ENOENT, ENODEV:
            Text(
                "检查音箱连线和设备名：aplay -L 列出现有设备", "check the speaker's cable, and the name: aplay -L tells those there are")
        default: Text("检查音箱和 /etc/asound.conf", "check the speaker, and /etc/asound.conf")
        }
    }

    /// What ends a command that needed the device.
    var complaint: Complaint {
        Complaint(
            ComplaintCode.noSound, -code == EACCES ? .notAllowed : .unreachable, problem: text, nextStep: nextStep)
    }
}

extension ControlQuestionError {
    /// What ends a command that asked the daemon at `path`.
    func complaint(_ path: String) -> Complaint {
        switch self {
        case .notThere(let why):
            Complaint(
                .daemonNotRunning, .unreachable,
                detail: Text("\(path)：\(Text(system: why).chinese)", "\(path): \(why)"))
        case .forbidden:
            Complaint(
                ComplaintCode.notAllowed, .notAllowed,
                problem: Text("\(path) 只允许守护进程的用户和组访问", "\(path) is for the daemon's user and group alone"),
                nextStep: Text("用 root 执行", "run as root"))
        case .noAnswer:
            Complaint(
                ComplaintCode.daemonSilent, .unreachable,
                problem: Text("\(path) 上的守护进程没有应答", "the daemon at \(path) does not answer"),
                nextStep: Text("执行 systemctl restart yikad", "run: systemctl restart yikad"))
        case .notUnderstood: Complaint(.versionsDiffer, .unreachable, detail: Text(path, path))
        }
    }
}
