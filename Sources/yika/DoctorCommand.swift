import ArgumentParser
import Diagnosis
import Glibc
import Health
import Platform
import Terminal

/// Looks at the whole box.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words("检查整台终端，逐项说明问题和下一步。", "Look at the whole box and tell what is wrong, each with one next step."),
        discussion: words(
            "每项检查独立进行；一项失败，其余照常。什么都不会被更改，刷卡不受影响。",
            "Checks are independent: one that fails stops no other. Nothing is changed, and cards go on being served.")
            + "\n\n"
            + ExitStatus.told(
                (.well, Text("一切正常", "all is well")), (.trouble, ExitStatus.trouble.meaning)))

    @OptionGroup var place: TerminalPlace

    @Option(
        name: .customLong("check"),
        help: ArgumentHelp(words("只做这一项检查；可多次给出。", "Only this check; may be given several times."), valueName: "name"))
    var names: [String] = []

    @Flag(
        name: .customLong("list"), help: hint("列出检查项目。", "List the checks."))
    var listChecks = false

    func validate() throws {
        let known = Check.all.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw ValidationError(
                words("没有名为 '\(unknown)' 的检查；", "No check is called '\(unknown)'; there are ")
                    + known.joined(separator: ", "))
        }
    }

    func run() throws {
        let checks = Check.all.filter { names.isEmpty || names.contains($0.name) }
        if listChecks { return try tell(checks) }
        let box = Box.here(configuration: place.config)
        let isShort = names.isEmpty
        let findings = Diagnosis.run(box, checks: checks) { check, findings in
            if !place.json { Self.show(check, findings) }
        }
        if place.json {
            print(try jsonLine(DoctorReport(findings)))
        } else {
            Self.conclude(findings, isWhole: isShort)
        }
        fflush(nil)
        if findings.contains(where: { $0.notice != nil }) { throw ExitCode(ExitStatus.trouble.rawValue) }
    }

    private func tell(_ checks: [Check]) throws {
        if place.json {
            for check in checks { print(try jsonLine(["check": check.name, "title": check.title.english])) }
        } else {
            printTable(checks.map { ($0.name, $0.title.here) })
        }
    }

    private static func show(_ check: Check, _ findings: [Finding]) {
        for finding in findings where !finding.isWaiting {
            let detail = finding.detail.here
            switch finding.verdict {
            case .well:
                print("\(Report.sign(.well)) \(check.title.here)\(detail.isEmpty ? "" : words("：", ": ") + detail)")
            case .skipped: print("\(Report.sign(.skipped)) \(check.title.here)\(words("：", ": "))\(detail)")
            case .trouble(let notice):
                let particulars = detail.isEmpty ? "" : words("（\(detail)）", " (\(detail))")
                print("\(Report.sign(notice.severity.mark)) [\(notice.code)] \(notice.title.here)\(particulars)")
            }
        }
        fflush(nil)
    }

    /// The list that a technician works off, the worst first.
    private static func conclude(_ findings: [Finding], isWhole: Bool) {
        let waiting = findings.filter(\.isWaiting).map(\.check)
        if !waiting.isEmpty {
            print(
                "\(Report.sign(.skipped)) " + words("先处理以上问题，再检查：", "what is wrong above comes first; then: ")
                    + list(waiting))
        }
        var seen = Set<String>()
        let notices = findings.compactMap(\.notice).filter { seen.insert($0.code).inserted }
            .sorted { ($0.severity.rank, $0.code) < ($1.severity.rank, $1.code) }
        guard !notices.isEmpty else {
            return print("\n" + (isWhole ? words("一切正常。", "All is well.") : words("没有问题。", "Nothing is wrong there.")))
        }
        print("\n" + Report.bold(words("要做的事：", "To do:")))
        for (index, notice) in notices.enumerated() {
            print("\(index + 1). [\(notice.code)] \(notice.nextStep.here)")
            if let impact = notice.impact { print("   \(words("影响", "until then"))\(words("：", ": "))\(impact.here)") }
        }
    }
}

/// What `yika doctor --json` prints.
struct DoctorReport: Encodable {
    struct Line: Encodable {
        let check: String
        let verdict: String
        let detail: String
        let code: String?
        let id: String?
        let severity: String?
        let title: String?
        let impact: String?
        let nextStep: String?
    }

    let well: Bool
    let findings: [Line]

    init(_ findings: [Finding]) {
        well = !findings.contains { $0.notice != nil }
        self.findings = findings.map { finding in
            let notice = finding.notice
            let verdict =
                switch finding.verdict {
                case .well: "well"
                case .trouble: "trouble"
                case .skipped: "skipped"
                }
            return Line(
                check: finding.check, verdict: verdict, detail: finding.detail.english, code: notice?.code,
                id: notice?.id, severity: notice?.severity.rawValue, title: notice?.title.english,
                impact: notice?.impact?.english, nextStep: notice?.nextStep.english)
        }
    }
}
