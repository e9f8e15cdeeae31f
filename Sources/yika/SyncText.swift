import Platform
import Terminal

extension SyncReport {
    /// Whether records get to the ledger, as far as one can tell.
    var isWell: Bool { stop == nil && connected != false && uploading != false }

    /// What it says, for people.
    var rows: [(String, String)] {
        var rows = [
            ("terminal", "\(terminal), epoch \(epoch.map { "\($0)" } ?? "unknown: the journal is not open")"),
            ("ledger", url), ("connected", connection),
            ("unsent", queued == 0 ? "none" : "\(queued) records\(age)"),
            ("acknowledged", "\(acknowledged) of \(lastSequence)"),
            ("last success", lastSuccessWallMilliseconds.flatMap(iso8601) ?? "none since the daemon started"),
            ("next try", next), ("batch", "up to \(batch) records"),
            ("versions", "roster \(rosterVersion), hotlist \(hotlistVersion), settings \(settingsVersion)"),
        ]
        if let stop {
            rows += [("stopped", "[\(stop.code)] \(stop.detail)"), ("next step", stop.nextStep)]
        }
        if let lastFailure {
            let time = lastFailure.wallMilliseconds.flatMap(iso8601).map { ", \($0)" } ?? ""
            rows.append(("last failure", "[\(lastFailure.code)] \(lastFailure.detail)\(time)"))
            if uploading == false { rows.append(("next step", lastFailure.nextStep)) }
        }
        return rows
    }

    private var connection: String {
        switch connected {
        case nil: "not tried yet"
        case true?: "yes, for \(JournalFigures.duration(forSeconds))"
        case false?: "no, for \(JournalFigures.duration(forSeconds))"
        }
    }

    private var age: String { oldestSeconds.map { ", the oldest from \(JournalFigures.duration($0)) ago" } ?? "" }

    private var next: String {
        if sending { return "under way" }
        return nextTryMilliseconds.map { "in \(($0 + 999) / 1000) s" } ?? "when there is something to send"
    }
}

/// What can be said of a terminal whose daemon does not run: what its journal's files tell.
struct OfflineReport: Encodable {
    let answer = "sync-status"
    let source = "journal"
    let terminal: UInt16?
    let epoch: UInt32?
    let queued: UInt64
    let oldestSeconds: Int64?
    let acknowledged: UInt64
    let lastSequence: UInt64

    init(_ figures: JournalFigures) {
        (terminal, epoch) = (figures.terminal, figures.epoch)
        (queued, oldestSeconds) = (figures.unacknowledged, figures.oldestUnacknowledgedSeconds)
        (acknowledged, lastSequence) = (figures.acknowledged, figures.last)
    }

    private enum CodingKeys: String, CodingKey {
        case answer, source, terminal, epoch, queued, oldestSeconds, acknowledged, lastSequence
    }

    /// What it says, for people.
    var rows: [(String, String)] {
        let age = oldestSeconds.map { ", the oldest from \(JournalFigures.duration($0)) ago" } ?? ""
        return [
            ("daemon", "not running; this is what the journal's files tell"),
            ("unsent", queued == 0 ? "none" : "\(queued) records\(age)"),
            ("acknowledged", "\(acknowledged) of \(lastSequence)"),
        ]
    }
}
