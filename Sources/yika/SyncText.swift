import Platform
import Terminal

extension SyncReport {
    /// Whether records get to the ledger, as far as one can tell.
    var isWell: Bool { stop == nil && connected != false && uploading != false }

    /// What it says, for people.
    var rows: [(String, String)] {
        let epoch =
            epoch.map { words("第 \($0) 代", "epoch \($0)") }
            ?? words("代次未知：流水日志未打开", "epoch unknown: the journal is not open")
        var rows = [
            (words("终端", "terminal"), "\(terminal)" + words("，", ", ") + epoch),
            (words("账务中心", "ledger"), url), (words("连接", "connected"), connection),
            (words("待上送", "unsent"), unsent(queued, oldestSeconds)),
            (
                words("已确认", "acknowledged"),
                words("\(acknowledged)，共 \(lastSequence)", "\(acknowledged) of \(lastSequence)")
            ),
            (
                words("上次成功", "last success"),
                lastSuccessWallMilliseconds.flatMap(iso8601)
                    ?? words("守护进程启动以来没有", "none since the daemon started")
            ),
            (words("下次尝试", "next try"), next),
            (words("每批", "batch"), words("最多 \(batch) 条", "up to \(batch) records")),
            (
                words("版本", "versions"),
                words(
                    "激活名单 \(rosterVersion)，挂失名单 \(hotlistVersion)，设置 \(settingsVersion)",
                    "roster \(rosterVersion), hotlist \(hotlistVersion), settings \(settingsVersion)")
            ),
        ]
        if let stop {
            rows += [(words("已停止", "stopped"), stop.told), (words("下一步", "next step"), stop.nextStepTold)]
        }
        if let lastFailure {
            let time = lastFailure.wallMilliseconds.flatMap(iso8601).map { words("，\($0)", ", \($0)") } ?? ""
            rows.append((words("上次失败", "last failure"), lastFailure.told + time))
            if uploading == false { rows.append((words("下一步", "next step"), lastFailure.nextStepTold)) }
        }
        return rows
    }

    private var connection: String {
        let time = JournalFigures.duration(forSeconds)
        return switch connected {
        case nil: words("还没有试过", "not tried yet")
        case true?: Paint().text(words("正常", "yes"), as: .green) + words("，已 \(time)", ", for \(time)")
        case false?: Paint().text(words("不通", "no"), as: .red) + words("，已 \(time)", ", for \(time)")
        }
    }

    private var next: String {
        if sending { return words("正在上送", "under way") }
        return nextTryMilliseconds.map { words("\(($0 + 999) / 1000) 秒后", "in \(($0 + 999) / 1000) s") }
            ?? words("有记录时立即", "when there is something to send")
    }
}

/// How many records wait, and for how long.
private func unsent(_ queued: UInt64, _ oldestSeconds: Int64?) -> String {
    queued == 0
        ? words("无", "none") : words("\(queued) 条", "\(queued) records") + JournalFigures.age(oldestSeconds)
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
    /// Why the daemon did not tell it.
    let error: Failure.Particulars

    init(_ figures: JournalFigures, _ complaint: Complaint) {
        (terminal, epoch) = (figures.terminal, figures.epoch)
        (queued, oldestSeconds) = (figures.unacknowledged, figures.oldestUnacknowledgedSeconds)
        (acknowledged, lastSequence) = (figures.acknowledged, figures.last)
        error = Failure.Particulars(complaint)
    }

    private enum CodingKeys: String, CodingKey {
        case answer, source, terminal, epoch, queued, oldestSeconds, acknowledged, lastSequence, error
    }

    /// What it says, for people.
    var rows: [(String, String)] {
        [
            (words("守护进程", "daemon"), words("未运行；以下取自流水日志的文件", "not running; this is what the journal's files tell")),
            (words("待上送", "unsent"), unsent(queued, oldestSeconds)),
            (
                words("已确认", "acknowledged"),
                words("\(acknowledged)，共 \(lastSequence)", "\(acknowledged) of \(lastSequence)")
            ),
        ]
    }
}
