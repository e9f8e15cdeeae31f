import Canteen
import DataFiles
import DeviceProfiles
import FoundationEssentials
import Glibc
import Health
import LedgerProtocol
import Platform
import Sync
import Synchronization
import Voice

extension TerminalService {
    /// What the client of that number on the control socket asks for. Nothing here waits.
    func answer(_ request: ControlRequest, from client: UInt64) -> (any Encodable)? {
        switch request.ask {
        case "status": return statusReport()
        case "metrics": return MetricsAnswer(text: metricsText())
        // The socket itself sees to it that this client is told of every command.
        case "monitor": return PlainAnswer(answer: request.ask)
        case "lend": return lend(request.reader, to: client)
        case "close-day": return till?.counter.closeDay() ?? DayAnswer(outcome: .noTill)
        case "credentials": return takeCredentials()
        case "sync-status": return syncReport(answering: request.ask)
        case "sync-now":
            let report = syncReport(answering: request.ask)
            uploader?.hurry()
            return report
        case "say": return say(request)
        default: return nil
        }
    }

    /// What a technician wants to hear waits for its turn: holders come first.
    private func say(_ request: ControlRequest) -> SayAnswer {
        let id = PromptID(rawValue: request.prompt ?? "")
        guard equipment.catalogue[id] != nil else { return SayAnswer(tag: nil) }
        // Taps are counted from 1: no box sees so many.
        let tag = SayAnswer.firstTag + nextTap()
        announcer.say(Utterance(id, amount: request.amountFen.map { Fen($0) }, count: request.count), .queue, tag: tag)
        return SayAnswer(tag: tag)
    }

    /// The credentials file holds a renewed secret: shown from the next request on.
    private func takeCredentials() -> CredentialsAnswer {
        do throws(DataFileError) {
            let held = try Configuration.loadCredentials(configuration.credentialsFile)
            guard held.rosterKey == configuration.credentials.rosterKey else {
                return CredentialsAnswer(outcome: .unreadable, detail: "rosterKey is another: restart yikad")
            }
            if client.show(.bearer(held.token)) {
                events.publish(TerminalEvent("ledger", at: time.now(), what: "credential-renewed"))
            }
            return CredentialsAnswer(outcome: .taken)
        } catch {
            return CredentialsAnswer(outcome: .unreadable, detail: "\(error)")
        }
    }

    /// A technician's tool wants to speak to the cards itself.
    private func lend(_ name: String?, to client: UInt64) -> LendAnswer {
        let stations = stations.all.filter { station in name.map(station.name.contains) ?? true }
        guard let station = stations.first else { return LendAnswer(outcome: .noReader) }
        guard stations.count == 1 else { return LendAnswer(outcome: .several) }
        guard station.lend(to: client) else { return LendAnswer(outcome: .busy, reader: station.name) }
        events.publish(TerminalEvent("reader", at: time.now(), reader: station.name, what: "lent"))
        return LendAnswer(outcome: .lent, reader: station.name, profile: station.profile.id)
    }

    /// A client has left, and what it had borrowed is ours again.
    func giveBack(from client: UInt64) {
        for station in stations.all where station.giveBack(from: client) {
            events.publish(TerminalEvent("reader", at: time.now(), reader: station.name, what: "returned"))
        }
    }

    /// What was counted and measured, in Prometheus' format.
    func metricsText() -> String {
        let sync = syncReport(answering: "metrics")
        return MetricsText(
            events.metrics.current,
            MetricsText.Facts(
                version: TerminalVersion.current, role: configuration.role.rawValue,
                startedWallMilliseconds: startedWallMilliseconds, readers: stations.all.count,
                holding: Set(health.current.map(\.notice.code)), unsent: sync.queued,
                oldestUnsentSeconds: sync.oldestSeconds, lastSequence: sync.lastSequence,
                lastSuccessWallMilliseconds: sync.lastSuccessWallMilliseconds, isLedgerThere: sync.connected,
                residentBytes: ProcessFigures.residentBytes, processorSeconds: ProcessFigures.processorSeconds)
        ).text
    }
}

/// What this process uses, as the kernel counts it.
enum ProcessFigures {
    /// Resident memory: the second figure of `/proc/self/statm`, in pages (proc(5)).
    static var residentBytes: Int64? {
        guard let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let pages = statm.split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        return pages.map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// Processor time, of all threads.
    static var processorSeconds: Double? {
        var now = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0 else { return nil }
        return (Double(now.tv_sec) * 1000 + Double(now.tv_nsec / 1_000_000)) / 1000
    }
}

/// An answer that says no more than that the question was heard.
struct PlainAnswer: Encodable {
    let answer: String
}

/// The answer to `metrics`.
public struct MetricsAnswer: Codable, Sendable {
    /// `metrics`.
    public var answer = "metrics"
    /// Prometheus' text format.
    public var text: String
}

/// The answer to `lend`.
public struct LendAnswer: Codable, Sendable, Hashable {
    /// What came of it.
    public enum Outcome: String, Codable, Sendable {
        /// The reader's cards are the client's while its connection lasts, and for two minutes at most.
        case lent
        /// A card is being served, or somebody else has the reader; ask again.
        case busy
        /// No reader of that name is served.
        case noReader = "no-reader"
        /// There are several, and none was named.
        case several
    }

    /// `lend`.
    public var answer = "lend"
    /// What came of it.
    public var outcome: Outcome
    /// The reader's name.
    public var reader: String?
    /// The id of the profile that it is served by.
    public var profile: String?
}

/// The answer to `credentials`.
public struct CredentialsAnswer: Codable, Sendable, Hashable {
    /// What came of it.
    public enum Outcome: String, Codable, Sendable {
        /// The ledger is shown what is in the file now.
        case taken
        /// The file cannot be used; the ledger is shown what it was shown before.
        case unreadable
    }

    /// `credentials`.
    public var answer = "credentials"
    /// What came of it.
    public var outcome: Outcome
    /// What is wrong with the file.
    public var detail: String?
}

/// The answer to `close-day`.
public struct DayAnswer: Codable, Sendable, Hashable {
    /// What came of it.
    public enum Outcome: String, Codable, Sendable {
        /// The shift is being closed; the totals are those so far.
        case closing
        /// Nobody was signed in.
        case nothingToDo = "nothing-to-do"
        /// A sale is under way, or waits for its end.
        case busy
        /// The terminal is no till.
        case noTill = "no-till"
    }

    /// `close-day`.
    public var answer = "close-day"
    /// What came of it.
    public var outcome: Outcome
    /// Who was signed in.
    public var operatorNumber: UInt16?
    /// Sales of the shift.
    public var sales: UInt32?
    /// What the shift took, less what was taken back and given back, in fen.
    public var totalFen: Int64?
}

extension CounterDesk {
    /// Ends the shift that somebody has forgotten to end, as the key would. Returns at once.
    func closeDay() -> DayAnswer {
        let shift = memoryOfShift
        guard let effects = endShift() else { return DayAnswer(outcome: .busy) }
        guard !effects.isEmpty, let shift else { return DayAnswer(outcome: .nothingToDo) }
        return DayAnswer(
            outcome: .closing, operatorNumber: shift.operatorNumber, sales: shift.sales.count,
            totalFen: shift.sales.fen - shift.voids.fen - shift.refunds.fen)
    }
}

/// What the daemon answers to `say`: events of kind `prompt` with the tap ``tag`` tell what became of it.
public struct SayAnswer: Codable, Sendable {
    static let firstTag: UInt64 = 1_000_000_000_000

    /// `say`.
    public var answer = "say"
    /// The number of its events; `nil`: the catalogue has no such sentence.
    public var tag: UInt64?
}
