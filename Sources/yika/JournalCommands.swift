import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Platform

/// What a technician asks a journal.
struct JournalTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: words("查看终端的流水日志，测试磁盘。", "Look into a terminal's journal, and try a disk."),
        discussion: words(
            "绝不改动、新建或锁定流水日志目录中的任何东西：除 soak 只写自己的日志外，都可在守护进程运行时使用，也可用于复制出来的目录。",
            """
            Nothing is ever changed, made or locked in the journal's directory: all but soak, which writes a journal of \
            its own, work beside the running daemon, and on a copied directory without it.
            """) + "\n\n" + exitStatuses,
        subcommands: [JournalVerify.self, JournalDump.self, JournalStats.self, JournalExport.self, JournalSoak.self])

    /// The help of every command of the group tells scripts what to expect.
    static let exitStatuses =
        ExitStatus.told(
            (.well, Text("流水日志有效", "the journal is valid")), (.trouble, Text("流水日志有损坏", "it is damaged")),
            (.unreachable, Text("读不到", "it cannot be read")), also: [.notAllowed])
        + words(
            "“有效”指没有账务中心不知道的问题：缺口记录已报告的、或账务中心已有的丢失记录会列出，状态仍为 0。",
            """
             Valid means that nothing is wrong that is not reported to the ledger already: lost records that a gap record \
            reports, or that the ledger has, are listed, and leave the status 0.
            """)
}

/// Where the journal is, and how to tell about it.
struct JournalPlace: ParsableArguments {
    @Option(help: hint("流水日志目录。", "The journal's directory."))
    var directory = "/var/lib/yika/journal"

    @Option(
        help: hint(
            "存有终端根密钥（64 位十六进制）的文件：同时验证校验链。",
            "A file with the terminal's root key, 64 hexadecimal digits: verifies the chain too."))
    var key: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    /// The directory, opened for reading only.
    func storage() throws(Unreadable) -> FileStorage { try FileStorage.readOnly(directory) }

    /// The key; `nil` when none was given.
    func rootKey() throws -> ChainKey? {
        guard let key else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: key, encoding: .utf8)
        } catch {
            throw Complaint(unreadable: key, unsafe access(key, R_OK) == 0 ? EISDIR : errno, option: "--key")
        }
        let digits = text.filter { !$0.isWhitespace }
        guard let bytes = [UInt8](hex: digits), bytes.count == 32 else {
            throw Complaint(
                ComplaintCode.malformed, .configuration,
                problem: Text("\(key) 中不是 64 位十六进制数字", "\(key) does not hold 64 hexadecimal digits"),
                nextStep: Text("向账务中心管理员索取根密钥", "ask the ledger's keeper for the root key"))
        }
        return ChainKey(bytes: bytes)
    }

    /// Audits the journal with a progress bar.
    func audit(
        _ title: String = words("正在校验", "verifying"), visitor: (StoredRecord) -> Void = { _ in }
    ) throws -> JournalVerdict {
        let rootKey = try rootKey()
        return try JournalVerdict.of(directory, rootKey: rootKey, title: title, visitor: visitor)
    }
}

extension FileStorage {
    /// The journal's directory, opened such that nothing in it can be changed.
    static func readOnly(_ directory: String) throws(Unreadable) -> FileStorage {
        do throws(StorageError) {
            return try FileStorage(directory: directory, access: .readOnly)
        } catch {
            throw Unreadable(error)
        }
    }
}

struct JournalVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: words(
            "判定流水日志：丢了什么、谁知道、校验链是否完好。",
            "Judge a journal: what is lost, who knows of it, and whether the chain holds."),
        discussion: JournalTools.exitStatuses)

    @OptionGroup var place: JournalPlace

    func run() throws {
        let verdict = try place.audit()
        try verdict.tell(asJSON: place.json)
        try verdict.exit()
    }
}

/// One JSON object on one line, its fields in a stable order.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Rows of a label and its value, the values below each other.
func printTable(_ rows: [(String, String)]) {
    let width = (rows.map(\.0.columns).max() ?? 0) + 2
    for (label, value) in rows { print(label.padded(to: width) + value) }
}
