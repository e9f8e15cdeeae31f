import ArgumentParser
import Journal
import Platform

struct JournalStats: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Tell in figures what a journal holds.", discussion: JournalTools.exitStatuses)

    @OptionGroup var place: JournalPlace

    func run() throws {
        let rootKey = try place.rootKey()
        var figures = JournalFigures(directory: place.directory)
        do throws(Unreadable) {
            try figures.collect(from: place.storage(), rootKey: rootKey)
        } catch {
            let verdict = JournalVerdict(directory: place.directory, result: .failure(error))
            if place.json { print(try jsonLine(verdict)) } else { verdict.report() }
            return try verdict.exit()
        }
        if place.json { print(try jsonLine(figures)) } else { printTable(figures.rows) }
        if figures.status == .damaged { throw ExitCode(1) }
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
        var bar = ProgressBar("counting")
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

    var rows: [(String, String)] {
        func list(_ shares: [Share], _ before: String = "") -> String {
            let shown = shares.suffix(8).map { "\(before)\($0.name): \($0.records)" }.joined(separator: ", ")
            return shares.count > 8 ? "… \(shown)" : shown
        }
        let age = oldestUnacknowledgedSeconds.map { ", the oldest from \(Self.duration($0)) ago" } ?? ""
        let steps = firstKeyStep.map { "\($0) to \(lastKeyStep ?? $0)" } ?? "none"
        return [
            ("journal", directory), ("status", status.rawValue),
            ("terminal", "\(terminal.map { "\($0)" } ?? "unknown"), epoch \(epoch.map { "\($0)" } ?? "unknown")"),
            ("records", records == 0 ? "none" : "\(records), from \(first) to \(last)"),
            ("times", "\(oldest ?? "unknown") to \(newest ?? "unknown")"),
            ("acknowledged", "\(acknowledged)"), ("unacknowledged", "\(unacknowledged)\(age)"),
            ("by type", list(byType)), ("by boot", list(byBoot)), ("key steps", steps),
            ("segments", "\(segments), spare \(hasSpare ? "ready" : "missing"), \(freeSlots) free slots"),
            ("on disk", "\(bytes) bytes"), ("gap records", "\(gaps)"),
            ("lost", "\(lostUnreported) not reported; yika journal verify tells which"),
        ]
    }

    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<0: "the future"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) days"
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
