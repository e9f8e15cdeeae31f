import Health
import Platform

/// What is counted and measured, in Prometheus' text format (version 0.0.4 of its exposition formats).
struct MetricsText {
    private(set) var text = ""

    /// What stands beside the counts: how the terminal is now.
    struct Facts: Sendable {
        var version: String
        var role: String
        var startedWallMilliseconds: Int64
        var readers: Int
        var holding: Set<String>
        var unsent: UInt64
        var oldestUnsentSeconds: Int64?
        var lastSequence: UInt64
        var lastSuccessWallMilliseconds: Int64?
        var isLedgerThere: Bool?
        var residentBytes: Int64?
        var processorSeconds: Double?
    }

    init(_ counts: Metrics.Counts, _ facts: Facts) {
        metric("yika_build_info", "gauge", "the daemon that runs", ["version": facts.version, "role": facts.role], "1")
        metric(
            "yika_start_time_seconds", "gauge", "when the daemon started, since 1970-01-01 UTC", [:],
            Self.seconds(facts.startedWallMilliseconds, 1000))
        metric("yika_readers", "gauge", "readers that are served", [:], "\(facts.readers)")
        endings(counts)
        histogram("yika_tap_seconds", "from a card's arrival to its ending", counts.taps, unit: 1000)
        histogram("yika_apdu_seconds", "one command to a card", counts.apdus, unit: 1_000_000)
        metric("yika_apdus_unanswered_total", "counter", "commands without an answer", [:], "\(counts.unanswered)")
        conditions(counts, facts)
        journal(facts)
        if let bytes = facts.residentBytes {
            metric("process_resident_memory_bytes", "gauge", "resident memory", [:], "\(bytes)")
        }
        if let seconds = facts.processorSeconds {
            metric("process_cpu_seconds_total", "counter", "processor time used", [:], "\(seconds)")
        }
    }

    private mutating func endings(_ counts: Metrics.Counts) {
        for (name, help, notices) in [
            ("yika_activations_total", "activations by how they ended", Notice.outcomes),
            ("yika_sales_total", "sales by how they ended", Notice.saleOutcomes),
        ] {
            head(name, "counter", help)
            for notice in notices {
                sample(name, ["code": notice.code, "outcome": notice.id], "\(counts.endings[notice.code] ?? 0)")
            }
        }
    }

    private mutating func conditions(_ counts: Metrics.Counts, _ facts: Facts) {
        head("yika_condition", "gauge", "1 while the condition holds")
        for notice in Notice.conditions {
            sample(
                "yika_condition", ["code": notice.code, "condition": notice.id, "severity": notice.severity.rawValue],
                facts.holding.contains(notice.code) ? "1" : "0")
        }
        head("yika_conditions_raised_total", "counter", "how often a condition came")
        for notice in Notice.conditions {
            sample("yika_conditions_raised_total", ["code": notice.code], "\(counts.raised[notice.code] ?? 0)")
        }
    }

    private mutating func journal(_ facts: Facts) {
        metric("yika_journal_last_sequence", "gauge", "the last record", [:], "\(facts.lastSequence)")
        metric("yika_journal_unsent_records", "gauge", "records that the ledger does not have", [:], "\(facts.unsent)")
        metric(
            "yika_journal_oldest_unsent_seconds", "gauge", "the age of the oldest of them; 0: there is none", [:],
            "\(facts.oldestUnsentSeconds ?? 0)")
        if let last = facts.lastSuccessWallMilliseconds {
            metric(
                "yika_sync_last_success_time_seconds", "gauge",
                "when the ledger last acknowledged, since 1970-01-01 UTC",
                [:], Self.seconds(last, 1000))
        }
        if let isThere = facts.isLedgerThere {
            metric("yika_ledger_up", "gauge", "whether the ledger answers", [:], isThere ? "1" : "0")
        }
    }

    private mutating func histogram(_ name: String, _ help: String, _ histogram: Metrics.Histogram, unit: Int64) {
        head(name, "histogram", help)
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            total += count
            sample("\(name)_bucket", ["le": Self.seconds(bound, unit)], "\(total)")
        }
        sample("\(name)_bucket", ["le": "+Inf"], "\(histogram.count)")
        sample("\(name)_sum", [:], Self.seconds(histogram.sum, unit))
        sample("\(name)_count", [:], "\(histogram.count)")
    }

    private mutating func metric(
        _ name: String, _ type: String, _ help: String, _ labels: [String: String], _ value: String
    ) {
        head(name, type, help)
        sample(name, labels, value)
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// Our labels hold letters, digits and a few signs only, so nothing has to be escaped.
    private mutating func sample(_ name: String, _ labels: [String: String], _ value: String) {
        let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
        text += name + (list.isEmpty ? "" : "{\(list)}") + " \(value)\n"
    }

    /// `value` of so many to the second, without the noise of binary fractions.
    private static func seconds(_ value: Int64, _ unit: Int64) -> String {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
        guard rest != 0 else { return "\(whole)" }
        var digits = String(unit + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
