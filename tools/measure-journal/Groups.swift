import Journal
import Platform
import Synchronization

/// Rates back to back, where whoever comes next also waits for what a writer does after answering.
struct Groups {
    private static let rounds = 15
    private static let blockNanoseconds: Int64 = 100_000_000

    static func figures(in directory: String) throws -> [Figure] {
        let journal = try WholeJournal(directory: directory + "/groups")
        defer { journal.end() }
        let bare = try BareFile(directory: directory)
        let sqlite = try SQLite(directory: directory)
        var figures: [Figure] = []
        for callers in [1, 8, 64] {
            var rates: [(bare: Double, journal: Double, sqlite: Double)] = []
            for round in 0..<rounds {
                var rate = (bare: 0.0, journal: 0.0, sqlite: 0.0)
                for turn in 0..<3 {
                    switch (round + turn) % 3 {
                    case 0: rate.bare = try block(bare, callers)
                    case 1: rate.journal = try block(journal, callers: callers)
                    default: rate.sqlite = try block(sqlite, callers)
                    }
                }
                rates.append(rate)
                note(
                    "round \(round + 1), \(callers) callers, records/s: bare \(short(rate.bare)), "
                        + "journal \(short(rate.journal)), sqlite \(short(rate.sqlite))")
            }
            figures += report(rates, callers)
        }
        return figures
    }

    private static func report(
        _ rates: [(bare: Double, journal: Double, sqlite: Double)], _ callers: Int
    ) -> [Figure] {
        let alone = callers == 1
        let who = alone ? "1 caller" : "\(callers) callers"
        var figures = [
            Figure(
                "durable appends, \(who), beside SQLite's", rounds: rates.map { ($0.journal, $0.sqlite) }, "/s",
                .atLeast),
            Figure("durable appends, \(who), beside bare", rounds: rates.map { ($0.journal, $0.bare) }, "/s", .atLeast),
        ]
        if !alone {
            // Nobody has to gather rows for the journal; for SQLite that would be the program's own work.
            figures.append(
                Figure(
                    "SQLite, \(callers) rows a commit, beside bare", rounds: rates.map { ($0.sqlite, $0.bare) }, "/s",
                    .atLeast))
        }
        return figures
    }

    /// Records a second that one thread makes durable, `count` at one stroke.
    private static func block(_ peer: any Peer, _ count: Int) throws -> Double {
        let start = nanoseconds()
        var done = 0
        while nanoseconds() - start < blockNanoseconds {
            try peer.append(count)
            done += count
        }
        return Double(done) / Double(nanoseconds() - start) * 1e9
    }

    /// Records a second that as many threads make durable through one journal, each waiting for its own.
    private static func block(_ whole: WholeJournal, callers: Int) throws -> Double {
        if callers == 1 {
            defer { whole.settle() }
            return try block(whole, 1)
        }
        let tally = Tally()
        let journal = whole.journal
        let start = nanoseconds()
        let threads = (0..<callers).map { _ in
            DedicatedThread(name: "caller") {
                while nanoseconds() - start < blockNanoseconds {
                    guard (try? journal.append(type: sampleType, payload: samplePayload)) != nil else {
                        tally.failures.wrappingAdd(1, ordering: .relaxed)
                        return
                    }
                    tally.done.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
        for thread in threads { _ = thread.join(until: SystemTime().now().advanced(milliseconds: 60_000)) }
        guard tally.failures.load(ordering: .relaxed) == 0 else { throw Failure("the journal refused an append") }
        return Double(tally.done.load(ordering: .relaxed)) / Double(nanoseconds() - start) * 1e9
    }

    private final class Tally: Sendable {
        let done = Atomic<Int>(0)
        let failures = Atomic<Int>(0)
    }
}
