import ArgumentParser
import Journal
import Platform

/// What became of the audit of a directory.
struct JournalVerdict {
    let directory: String
    let result: Result<AuditSummary, Unreadable>

    /// Audits `directory` with a progress bar.
    static func of(
        _ directory: String, rootKey: ChainKey?, title: String, visitor: (StoredRecord) -> Void = { _ in }
    ) throws -> JournalVerdict {
        var bar = ProgressBar(title)
        defer { bar.end() }
        do {
            let storage = try FileStorage(directory: directory, access: .readOnly)
            let summary = try JournalAudit.run(storage: storage, rootKey: rootKey, visitor: visitor) {
                bar.show($0, of: $1)
            }
            return JournalVerdict(directory: directory, result: .success(summary))
        } catch let error as StorageError {
            return JournalVerdict(directory: directory, result: .failure(Unreadable(error)))
        } catch let error as AuditError {
            return JournalVerdict(directory: directory, result: .failure(Unreadable(error)))
        }
    }

    /// Throws what ends the command, unless all is well.
    func exit() throws {
        switch result {
        case .success(let summary): if summary.status == .damaged { throw ExitCode(.trouble) }
        case .failure(let reason): throw reason.complaint(directory).afterResult
        }
    }

    /// Tells it as one JSON object, or to people: a table, and below it what is wrong, each with what comes next.
    ///
    /// What cannot be read is for ``exit()`` to tell them.
    func tell(asJSON: Bool) throws {
        if asJSON {
            print(try jsonLine(self))
        } else if case .success(let summary) = result {
            printTable(Self.rows(summary, directory))
            for line in Self.faults(summary) { print(line) }
        }
    }

    private static func rows(_ summary: AuditSummary, _ directory: String) -> [(String, String)] {
        let terminal = summary.terminal.map { "\($0)" } ?? words("未知", "unknown")
        let extent =
            summary.records == 0
            ? words("无", "none")
            : words(
                "\(summary.records) 条，\(summary.first) 至 \(summary.last)",
                "\(summary.records), from \(summary.first) to \(summary.last)")
        return [
            (words("流水日志", "journal"), directory),
            (words("状态", "status"), summary.status.painted),
            (words("终端", "terminal"), words("\(terminal)，第 \(summary.epoch) 代", "\(terminal), epoch \(summary.epoch)")),
            (words("记录", "records"), words("\(extent)；下一条 \(summary.next)", "\(extent); next \(summary.next)")),
            (words("已确认", "acknowledged"), "\(summary.acknowledged)"),
            (words("残缺槽位", "torn slots"), "\(summary.tornSlots)"), (words("校验链", "chain"), chain(summary)),
        ]
    }

    private static func chain(_ summary: AuditSummary) -> String {
        switch summary.chain {
        case .notChecked: words("未验证；加 --key 验证", "not checked; give --key")
        case .verified where summary.unverified > 0:
            words(
                "已验证，断链后有 \(summary.unverified) 条无法验证", "verified, \(summary.unverified) behind lost links")
        case .verified: words("已验证", "verified")
        case .broken: Paint().text(words("断裂", "broken"), as: .red)
        }
    }

    private static func faults(_ summary: AuditSummary) -> [String] {
        let lost = mark(words("丢失", "LOST"), .red)
        let damaged = mark(words("损坏", "damaged"), .yellow)
        var lines: [String] = []
        for part in summary.damage {
            lines.append(
                lost
                    + words(
                        "\(span(part))，\(part.kind.told)，尚未报告；守护进程打开流水日志时会报告：请重启它",
                        "\(span(part)), \(part.kind.told), not reported; the daemon does so when it opens the journal: "
                            + "restart it"))
        }
        if let first = summary.firstBreak {
            lines.append(
                mark(words("断裂", "BROKEN"), .red)
                    + words(
                        "校验链断于 \(first)；保留一份副本（yika journal export）并告知账务中心管理员",
                        "the chain at \(first); keep a copy (yika journal export) and tell the ledger's keeper"))
        }
        if summary.cursor == .lost {
            lines.append(
                lost
                    + words(
                        "确认游标；守护进程会重建游标并重新上传保留的记录：请重启它",
                        "the cursor; the daemon makes it anew and uploads again what is kept: restart it"))
        }
        for first in summary.damagedHeaders {
            lines.append(
                damaged
                    + words(
                        "从 \(first) 开始的段的段头；以文件名代之：留意磁盘",
                        "the header of the segment from \(first); its name stands in for it: watch the disk"))
        }
        for part in summary.reported {
            lines.append(
                mark(words("已报告", "reported"), .plain)
                    + words("\(span(part))，\(part.kind.told)", "\(span(part)), \(part.kind.told)"))
        }
        for part in summary.acknowledgedDamage {
            lines.append(
                damaged
                    + words(
                        "\(span(part))，\(part.kind.told)；账务中心已有",
                        "\(span(part)), \(part.kind.told); the ledger has them"))
        }
        return lines
    }

    private static func mark(_ word: String, _ colour: Paint.Colour) -> String {
        Paint().text(word, as: colour) + String(repeating: " ", count: max(1, 10 - word.columns))
    }

    private static func span(_ part: AuditSummary.Stretch) -> String { span(part.from, part.to) }

    /// One sequence or a stretch of them, in words.
    static func span(_ from: UInt64, _ to: UInt64) -> String {
        from == to
            ? words("记录 \(from)", "record \(from)") : words("记录 \(from) 至 \(to)", "records \(from) to \(to)")
    }
}

extension AuditSummary.Status {
    /// In words, in its colour.
    var painted: String {
        switch self {
        case .valid: Paint().text(words("有效", "valid"), as: .green)
        case .damaged: Paint().text(words("有损坏", "damaged"), as: .red)
        }
    }
}

extension AuditSummary.Kind {
    /// In words.
    var told: String {
        switch self {
        case .damaged: words("已损坏", "damaged")
        case .unwritten: words("未写入", "unwritten")
        case .missing: words("缺失", "missing")
        }
    }
}

extension JournalVerdict: Encodable {
    private enum CodingKeys: String, CodingKey { case directory, status, reason, error }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(directory, forKey: .directory)
        switch result {
        case .success(let summary): try summary.encode(to: encoder)
        case .failure(let reason):
            try container.encode("unreadable", forKey: .status)
            try container.encode("\(reason.problem.english); \(reason.nextStep.english)", forKey: .reason)
            try container.encode(Failure.Particulars(reason.complaint(directory)), forKey: .error)
        }
    }
}
