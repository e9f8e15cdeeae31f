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

    /// Throws the exit status, unless it is 0.
    func exit() throws {
        switch result {
        case .success(let summary): if summary.status == .damaged { throw ExitCode(1) }
        case .failure: throw ExitCode(2)
        }
    }

    /// Tells people: a table, and below it what is wrong, each with what comes next. What cannot be read is an error.
    func report() {
        switch result {
        case .failure(let reason): standardError("yika: \(directory): \(reason)\n")
        case .success(let summary):
            printTable(Self.rows(summary, directory))
            for line in Self.faults(summary) { print(line) }
        }
    }

    private static func rows(_ summary: AuditSummary, _ directory: String) -> [(String, String)] {
        let terminal = summary.terminal.map { "\($0)" } ?? "unknown"
        let extent = summary.records == 0 ? "none" : "\(summary.records), from \(summary.first) to \(summary.last)"
        let chain =
            switch summary.chain {
            case .notChecked: "not checked; give --key"
            case .verified: "verified" + (summary.unverified > 0 ? ", \(summary.unverified) behind lost links" : "")
            case .broken: "broken"
            }
        return [
            ("journal", directory), ("status", summary.status.rawValue),
            ("terminal", "\(terminal), epoch \(summary.epoch)"),
            ("records", "\(extent); next \(summary.next)"), ("acknowledged", "\(summary.acknowledged)"),
            ("torn slots", "\(summary.tornSlots)"), ("chain", chain),
        ]
    }

    private static func faults(_ summary: AuditSummary) -> [String] {
        var lines: [String] = []
        for part in summary.damage {
            lines.append(
                "LOST      \(span(part.from, part.to)), \(part.kind), not reported; the daemon does so when it opens the "
                    + "journal: restart it")
        }
        if let first = summary.firstBreak {
            lines.append(
                "BROKEN    the chain at \(first); keep a copy (yika journal export) and tell the ledger's keeper")
        }
        if summary.cursor == .lost {
            lines.append("LOST      the cursor; the daemon makes it anew and uploads again what is kept: restart it")
        }
        for first in summary.damagedHeaders {
            lines.append("damaged   the header of the segment from \(first); its name stands in for it: watch the disk")
        }
        for part in summary.reported { lines.append("reported  \(span(part.from, part.to)), \(part.kind)") }
        for part in summary.acknowledgedDamage {
            lines.append("damaged   \(span(part.from, part.to)), \(part.kind); the ledger has them")
        }
        return lines
    }

    /// One sequence or a stretch of them, in words.
    static func span(_ from: UInt64, _ to: UInt64) -> String {
        from == to ? "record \(from)" : "records \(from) to \(to)"
    }
}

extension JournalVerdict: Encodable {
    private enum CodingKeys: String, CodingKey { case directory, status, reason }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(directory, forKey: .directory)
        switch result {
        case .success(let summary): try summary.encode(to: encoder)
        case .failure(let reason):
            try container.encode("unreadable", forKey: .status)
            try container.encode(reason.description, forKey: .reason)
        }
    }
}
