import ArgumentParser
import Diagnosis
import FoundationEssentials
import Glibc
import Platform
import Terminal

/// One archive that somebody elsewhere can work from.
struct BugReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugreport",
        abstract: words("把终端的现状打包成一个不含秘密的文件。", "Pack what is known of this terminal into one file without secrets."),
        discussion: words(
            "密钥、令牌、卡号和人的号码都已去除。能拿到多少就打包多少；缺什么，清单里有说明。报告的编号供电话中使用。",
            """
            Keys, tokens, numbers of cards and of people are taken out. What can be had is packed; what cannot is named in \
            the manifest. The report's id is for the telephone.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("已打包", "packed")), (.trouble, Text("无法写文件", "the file cannot be written"))))

    @OptionGroup var place: TerminalPlace

    @Option(help: hint("要写的文件。", "The file to write; in this folder, named after the report, if not said."))
    var out: String?

    private struct Report: Encodable {
        let id: String
        let file: String
        let missing: [String]
    }

    func run() throws {
        var box = Box.here(configuration: place.config)
        // Making the report is not the time to wait for a ledger that does not answer.
        box.ledger = { _ in nil }
        let findings = Diagnosis.run(box)
        let daemon = try? place.daemon()
        let others: [(name: String, text: String?)] = [
            ("doctor.json", try? jsonLine(DoctorReport(findings))),
            ("status.json", daemon.flatMap { try? jsonLine($0.ask(ControlRequest("status"), as: StatusReport.self)) }),
            ("metrics.txt", daemon.flatMap { try? $0.ask(ControlRequest("metrics"), as: MetricsAnswer.self).text }),
        ]
        let file = out ?? "yika-bugreport-\(SystemTime().wallMilliseconds() / 1000).tar.gz"
        var bar = ProgressBar(words("收集", "collecting"))
        defer { bar.end() }
        do throws(BugReport.Failure) {
            let manifest = try BugReport.write(to: file, box: box, others: others) { bar.show($0, of: $1) }
            bar.end()
            try tell(manifest, file)
        } catch {
            throw Self.complaint(error)
        }
    }

    private func tell(_ manifest: BugReport.Manifest, _ file: String) throws(BugReport.Failure) {
        let missing = manifest.items.filter { $0.bytes == nil }.map(\.name)
        if place.json {
            if let line = try? jsonLine(Report(id: manifest.id, file: file, missing: missing)) { print(line) }
            return
        }
        print(words("报告 \(manifest.id)：\(file)", "report \(manifest.id): \(file)"))
        if !missing.isEmpty { print(words("缺少：", "without: ") + list(missing)) }
    }

    private static func complaint(_ failure: BugReport.Failure) -> Complaint {
        let why =
            switch failure {
            case .notWritable(let path): Text("无法写入 \(path)", "\(path) cannot be written")
            case .tar(let said): Text("tar 失败：\(said)", "tar failed: \(said)")
            }
        return Complaint(
            ComplaintCode.notWritable, .trouble, problem: why,
            nextStep: Text("用 --out 指定可写的文件", "name a file that you may write with --out"))
    }
}
