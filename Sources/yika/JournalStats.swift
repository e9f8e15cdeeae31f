import ArgumentParser
import Journal
import Platform

struct JournalStats: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: words("统计流水日志的内容。", "Tell in figures what a journal holds."),
        discussion: JournalTools.exitStatuses)

    @OptionGroup var place: JournalPlace

    func run() throws {
        let rootKey = try place.rootKey()
        var figures = JournalFigures(directory: place.directory)
        do throws(Unreadable) {
            try figures.collect(from: place.storage(), rootKey: rootKey)
        } catch {
            let verdict = JournalVerdict(directory: place.directory, result: .failure(error))
            try verdict.tell(asJSON: place.json)
            return try verdict.exit()
        }
        if place.json { print(try jsonLine(figures)) } else { printTable(figures.rows) }
        if figures.status == .damaged { throw ExitCode(.trouble) }
    }
}

/// What a journal holds, in figures.
struct JournalFigures: Encodable {
    /// How many records one boot or one type has.
    struct Share: Encodable {
        var name: String
        var records: UInt64
    }

    let directory: String
    private(set) var status = AuditSummary.Status.valid
    private(set) var terminal: UInt16?
    private(set) var epoch: UInt32?
    private(set) var records: UInt64 = 0
    private(set) var first: UInt64 = 0
    private(set) var last: UInt64 = 0
    private(set) var oldest: String?
    private(set) var newest: String?
    private(set) var acknowledged: UInt64 = 0
    private(set) var unacknowledged: UInt64 = 0
    /// The age of the oldest record that the ledger does not have, by the wall clock.
    private(set) var oldestUnacknowledgedSeconds: Int64?
    private(set) var byType: [Share] = []
    private(set) var byBoot: [Share] = []
    private(set) var segments = 0
    private(set) var bytes = 0
    private(set) var freeSlots: UInt64 = 0
    private(set) var hasSpare = false
    private(set) var gaps = 0
    private(set) var lostUnreported: UInt64 = 0
    private(set) var firstKeyStep: UInt32?
    private(set) var lastKeyStep: UInt32?

    init(directory: String) { self.directory = directory }

    mutating func collect(from storage: FileStorage, rootKey: ChainKey?) throws(Unreadable) {
        var bar = ProgressBar(words("正在统计", "counting"))
        defer { bar.end() }
        do throws(AuditError) {
            let audit = try JournalAudit(storage: storage, rootKey: rootKey)
            var tally = Tally(acknowledged: audit.acknowledged)
            let summary = try audit.run {
                tally.count($0.slot)
            } progress: {
                bar.show($0, of: $1)
            }
            take(summary)
            take(tally)
            segments = audit.segmentFiles.count
            hasSpare = audit.spareSlots != nil
            freeSlots = UInt64(audit.spareSlots ?? 0)
            if let file = audit.segmentFiles.last { freeSlots += file.end - min(file.end, summary.next) }
        } catch {
            throw Unreadable(error)
        }
        do throws(StorageError) {
            try measure(storage)
        } catch {
            throw Unreadable(error)
        }
    }

    private mutating func take(_ summary: AuditSummary) {
        status = summary.status
        terminal = summary.terminal
        epoch = summary.epoch
        records = summary.records
        first = summary.first
        last = summary.last
        acknowledged = summary.acknowledged
        unacknowledged = summary.next - 1 - summary.acknowledged
        gaps = summary.gaps.count
        lostUnreported = summary.damage.reduce(0) { $0 + ($1.to - $1.from + 1) }
    }

    private mutating func take(_ tally: Tally) {
        oldest = tally.walls.flatMap { iso8601($0.lowerBound) }
        newest = tally.walls.flatMap { iso8601($0.upperBound) }
        if unacknowledged > 0, let wall = tally.firstUnacknowledged {
            oldestUnacknowledgedSeconds = SystemTime().wallMilliseconds().subtractingReportingOverflow(wall).0 / 1000
        }
        byType = tally.types.sorted { $0.key < $1.key }.map {
            Share(name: RecordText.name(of: $0.key), records: $0.value)
        }
        byBoot = tally.boots.sorted { $0.key < $1.key }.map { Share(name: "\($0.key)", records: $0.value) }
        firstKeyStep = tally.steps?.lowerBound
        lastKeyStep = tally.steps?.upperBound
    }

    private mutating func measure(_ storage: FileStorage) throws(StorageError) {
        for name in try storage.list() {
            bytes += try storage.size(of: name) ?? 0
        }
    }

    /// What they are, for people.
    var rows: [(String, String)] {
        let unknown = words("未知", "unknown")
        let (terminal, epoch) = (terminal.map { "\($0)" } ?? unknown, epoch.map { "\($0)" } ?? unknown)
        let extent = words("\(records) 条，\(first) 至 \(last)", "\(records), from \(first) to \(last)")
        let (oldest, newest) = (oldest ?? unknown, newest ?? unknown)
        let spare = hasSpare ? words("备用段就绪", "spare ready") : words("缺备用段", "spare missing")
        return [
            (words("流水日志", "journal"), directory), (words("状态", "status"), status.painted),
            (words("终端", "terminal"), words("\(terminal)，第 \(epoch) 代", "\(terminal), epoch \(epoch)")),
            (words("记录", "records"), records == 0 ? words("无", "none") : extent),
            (words("时间", "times"), words("\(oldest) 至 \(newest)", "\(oldest) to \(newest)")),
            (words("已确认", "acknowledged"), "\(acknowledged)"),
            (words("未确认", "unacknowledged"), "\(unacknowledged)\(Self.age(oldestUnacknowledgedSeconds))"),
            (words("按类型", "by type"), Self.told(byType)), (words("按启动次数", "by boot"), Self.told(byBoot)),
            (
                words("密钥步", "key steps"),
                firstKeyStep.map { words("\($0) 至 \(lastKeyStep ?? $0)", "\($0) to \(lastKeyStep ?? $0)") }
                    ?? words("无", "none")
            ),
            (
                words("段文件", "segments"),
                words("\(segments) 个，\(spare)，空槽位 \(freeSlots) 个", "\(segments), \(spare), \(freeSlots) free slots")
            ),
            (words("占用磁盘", "on disk"), words("\(bytes) 字节", "\(bytes) bytes")),
            (words("缺口记录", "gap records"), "\(gaps)"),
            (
                words("丢失", "lost"),
                words(
                    "\(lostUnreported) 条未报告；yika journal verify 列出是哪些",
                    "\(lostUnreported) not reported; yika journal verify tells which")
            ),
        ]
    }

    private static func told(_ shares: [Share]) -> String {
        let shown = list(shares.suffix(8).map { "\($0.name): \($0.records)" })
        return shares.count > 8 ? "… \(shown)" : shown
    }

    /// How old the oldest of some records is, as an addition to their number.
    static func age(_ seconds: Int64?) -> String {
        seconds.map { words("，最早的在\(ago($0))", ", the oldest from \(ago($0))") } ?? ""
    }

    /// How long ago it was, in words.
    static func ago(_ seconds: Int64) -> String {
        seconds < 0 ? words("未来", "the future") : words("\(duration(seconds))前", "\(duration(seconds)) ago")
    }

    /// A length of time, in words.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: words("\(seconds) 秒", "\(seconds) s")
        case ..<7200: words("\(seconds / 60) 分钟", "\(seconds / 60) min")
        case ..<172_800: words("\(seconds / 3600) 小时", "\(seconds / 3600) h")
        default: words("\(seconds / 86400) 天", "\(seconds / 86400) days")
        }
    }
}

/// What is counted record by record.
private struct Tally {
    let acknowledged: UInt64
    private(set) var walls: ClosedRange<Int64>?
    private(set) var firstUnacknowledged: Int64?
    private(set) var types: [UInt8: UInt64] = [:]
    private(set) var boots: [UInt32: UInt64] = [:]
    private(set) var steps: ClosedRange<UInt32>?

    init(acknowledged: UInt64) { self.acknowledged = acknowledged }

    mutating func count(_ slot: Slot) {
        let wall = slot.wallMilliseconds
        walls = min(walls?.lowerBound ?? wall, wall)...max(walls?.upperBound ?? wall, wall)
        if slot.sequence > acknowledged, firstUnacknowledged == nil { firstUnacknowledged = wall }
        types[slot.type.rawValue, default: 0] += 1
        boots[slot.boot, default: 0] += 1
        let step = slot.keyStep
        steps = min(steps?.lowerBound ?? step, step)...max(steps?.upperBound ?? step, step)
    }
}
