import Measuring

/// One caller: single appends of every writer in turn, so that all of them meet the disk in the same mood.
struct Appends {
    private static let rounds = 5
    private static let iterations = 2000
    private static let roundNanoseconds: Int64 = 10_000_000_000

    private enum Writer: Int, CaseIterable {
        case bare, journal, threadless, sqlite
    }

    /// One writer's part of a round.
    private struct Times {
        /// Microseconds of each append.
        var appends: [Double] = []
        /// Microseconds of all of them, with what the writer did after answering.
        var whole = 0.0
    }

    /// By writer.
    private typealias Round = [Times]

    static func figures(in directory: String) throws -> [Figure] {
        let journal = try WholeJournal(directory: directory + "/interleaved")
        defer { journal.end() }
        let peers: [any Peer] = [
            try BareFile(directory: directory), journal,
            try ThreadlessJournal(directory: directory + "/interleaved-threadless"),
            try SQLite(directory: directory),
        ]
        var rounds: [Round] = []
        for _ in 0..<Self.rounds { rounds.append(try round(peers)) }
        return report(rounds)
    }

    private static func round(_ peers: [any Peer]) throws -> Round {
        var times = Round(repeating: Times(), count: peers.count)
        let end = nanoseconds() + roundNanoseconds
        for iteration in 0..<iterations {
            for turn in peers.indices {
                let index = (iteration + turn) % peers.count
                let peer = peers[index]
                times[index].whole += try microseconds {
                    times[index].appends.append(try microseconds { try peer.append(1) })
                    peer.settle()
                }
            }
            if nanoseconds() > end { break }
        }
        return times
    }

    private static func report(_ rounds: [Round]) -> [Figure] {
        for (number, round) in rounds.enumerated() {
            let texts = Writer.allCases.map { writer in
                let times = round[writer.rawValue].appends
                return "\(writer) \(short(times.median)) (\(short(times.quantile(0.99))))"
            }
            note(
                "round \(number + 1), \(round[0].appends.count) appends each, median (p99) in µs: "
                    + texts.joined(separator: ", "))
        }
        func pairs(_ writer: Writer, _ part: Double) -> [(value: Double, floor: Double)] {
            rounds.map { ($0[writer.rawValue].appends.quantile(part), $0[Writer.bare.rawValue].appends.quantile(part)) }
        }
        func rates(_ writer: Writer, _ peer: Writer) -> [(value: Double, floor: Double)] {
            func rate(_ times: Times) -> Double { Double(times.appends.count) / times.whole * 1e6 }
            return rounds.map { (rate($0[writer.rawValue]), rate($0[peer.rawValue])) }
        }
        let phase = rounds.map { $0[Writer.bare.rawValue].appends.median }.median
        return [
            Figure("the disk now: bare pwrite+fdatasync, median", phase, "µs"),
            Figure("durable append, median", rounds: pairs(.journal, 0.5), "µs", times: 1.2),
            Figure("durable append, p99", rounds: pairs(.journal, 0.99), "µs", times: 1.5),
            Figure("durable append without queue and thread, median", rounds: pairs(.threadless, 0.5), "µs"),
            Figure("durable append without queue and thread, p99", rounds: pairs(.threadless, 0.99), "µs"),
            Figure("SQLite, one row a commit, median", rounds: pairs(.sqlite, 0.5), "µs"),
            Figure("SQLite, one row a commit, p99", rounds: pairs(.sqlite, 0.99), "µs"),
            // What no writer could exceed that makes each record durable by itself.
            Figure("bare rate, beside SQLite's", rounds: rates(.bare, .sqlite), "/s", .atLeast),
        ]
    }
}
