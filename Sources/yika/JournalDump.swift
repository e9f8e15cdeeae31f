import ArgumentParser
import Journal
import LedgerProtocol

struct JournalDump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump",
        abstract: words("列出流水日志的记录，最后给出校验结果。", "Print a journal's records, then what an audit finds."),
        discussion: words(
            "加 --json 时每行一个对象，字段与 tools/journal-dump 相同，最后一行是校验结果。UID 和账号会打码，含有它们的内容略去，加 --reveal 才全部显示。",
            """
            With --json one object a line, the fields those of tools/journal-dump; the last line is the audit's. UIDs and \
            account numbers are masked, and payloads that hold them left out, unless --reveal is given.
            """) + "\n\n" + JournalTools.exitStatuses)

    @OptionGroup var place: JournalPlace

    @Option(help: hint("从这个序号开始。", "The first sequence to print."))
    var from: UInt64 = 1

    @Option(help: hint("到这个序号为止。", "The last sequence to print."))
    var to: UInt64?

    @Option(
        help: hint(
            "只列这种记录：intent、outcome、gap 或编号。", "Only records of this type: intent, outcome, gap, or a number."),
        transform: { text in
            guard let type = RecordText.type(named: text) else {
                throw ValidationError(
                    words(
                        "应为 intent、outcome、gap 或 0 到 255 的数字。",
                        "Expected intent, outcome, gap, or a number from 0 to 255."))
            }
            return type
        })
    var type: RecordType?

    @Flag(help: hint("完整显示 UID、账号和内容。", "Print UIDs, account numbers and payloads in full."))
    var reveal = false

    func validate() throws {
        if let to, to < from {
            throw ValidationError(words("--to 不能小于 --from。", "--to must not be below --from."))
        }
    }

    func run() throws {
        var failure: (any Error)?
        let verdict = try place.audit(words("正在读取", "reading")) { record in
            guard (from...(to ?? .max)).contains(record.slot.sequence), type == nil || type == record.slot.type
            else { return }
            let text = RecordText(record, reveal: reveal)
            do {
                print(place.json ? try jsonLine(text) : text.line)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try verdict.tell(asJSON: place.json)
        try verdict.exit()
    }
}
