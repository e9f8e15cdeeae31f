import Journal
import Measuring
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
            var rates: [Rates] = []
            for round in 0..<rounds {
                var rate = Rates()
                for turn in 0..<4 {
                    switch (round + turn) % 4 {
                    case 0: rate.bare = try block(bare, callers)
                    case 1: rate.journal = try block(journal, callers: callers)
                    case 2: rate.gathered = try block(sqlite, callers)
                    default: rate.sqlite = callers == 1 ? rate.gathered : try block(sqlite, callers: callers)
                    }
                }
                if callers == 1 { rate.sqlite = rate.gathered }
                rates.append(rate)
                note(
                    "round \(round + 1), \(callers) callers, records/s: bare \(short(rate.bare)), "
                        + "journal \(short(rate.journal)), sqlite \(short(rate.sqlite)), "
                        + "\(callers) rows a commit \(short(rate.gathered))")
            }
            figures += report(rates, callers)
        }
        return figures
    }

    /// Records a second in one round.
    private struct Rates {
        /// As many records' bytes at one stroke.
        var bare = 0.0
        var journal = 0.0
        /// Each caller commits its own row.
        var sqlite = 0.0
        /// A program that gathers all callers' rows into one commit.
        var gathered = 0.0
    }

    private static func report(_ rates: [Rates], _ callers: Int) -> [Figure] {
        let alone = callers == 1
        let who = alone ? "1 caller" : "\(callers) callers"
        // One caller alone is bounded by the disk, for whom a record is a page and a flush whoever writes it.
        var figures = [
            Figure(
                "durable append rate, \(who), beside SQLite's", rounds: rates.map { ($0.journal, $0.sqlite) }, "/s",
                .atLeast, times: alone ? nil : 1.5),
            Figure(
                "durable append rate, \(who), beside bare", rounds: rates.map { ($0.journal, $0.bare) }, "/s", .atLeast),
        ]
        if !alone {
            // Nobody has to gather rows for the journal; for SQLite that would be the program's own work.
            figures += [
                Figure(
                    "the same, beside SQLite's with \(callers) rows a commit",
                    rounds: rates.map { ($0.journal, $0.gathered) }, "/s", .atLeast)
            ]
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
        let journal = whole.journal
        return try rate(callers) { (try? journal.append(type: sampleType, payload: samplePayload)) != nil }
    }

    /// The same through SQLite: one connection in turn, which is faster than one each, and a commit for every row.
    private static func block(_ sqlite: SQLite, callers: Int) throws -> Double {
        let turn = Mutex(sqlite)
        return try rate(callers) { turn.withLock { (try? $0.append(1)) != nil } }
    }

    private static func rate(_ callers: Int, _ append: @escaping @Sendable () -> Bool) throws -> Double {
        let tally = Tally()
        let start = nanoseconds()
        let threads = (0..<callers).map { _ in
            DedicatedThread(name: "caller") {
                while nanoseconds() - start < blockNanoseconds {
                    guard append() else {
                        tally.failures.wrappingAdd(1, ordering: .relaxed)
                        return
                    }
                    tally.done.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
        for thread in threads { _ = thread.join(until: SystemTime().now().advanced(milliseconds: 60_000)) }
        guard tally.failures.load(ordering: .relaxed) == 0 else { throw Failure("an append was refused") }
        return Double(tally.done.load(ordering: .relaxed)) / Double(nanoseconds() - start) * 1e9
    }

    private final class Tally: Sendable {
        let done = Atomic<Int>(0)
        let failures = Atomic<Int>(0)
    }
}
