import Glibc

/// Which seeds are run, by the environment: `YIKA_SEED` names one to run again and traces it, `YIKA_SWEEP` is `quick`,
/// `full`, or in between when it is not set.
enum Storm {
    /// Events of one run before everything heals.
    static let length = 500

    /// The seeds of this run; the last is drawn anew each time.
    static let seeds: [UInt64] = {
        if let only = variable("YIKA_SEED").flatMap({ UInt64($0) }) { return [only] }
        let fixed: UInt64 =
            switch variable("YIKA_SWEEP") {
            case "quick": 3
            case "full": 600
            default: 60
            }
        return Array(1...fixed) + [UInt64.random(in: 1_000_000..<1_000_000_000)]
    }()

    /// Whether every event is to be printed.
    static let isTraced = variable("YIKA_SEED") != nil

    private static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
}

/// What happened in a run, in numbers.
struct Counts {
    var taps = 0
    var pulls = 0
    var tears = 0
    var swaps = 0
    var jolts = 0
    var meanwhiles = 0
    var powerCuts = 0
    var diskFailures = 0
    var processEnds = 0
    var clockJumps = 0
    var ledgerRestarts = 0
    var requestsLost = 0
    var answersLost = 0
    var duplicates = 0
    var unreachable = 0
    var activations = 0
    var confirmations = 0
    var refusals = 0
    var outOfService = 0
    var defective = 0
    var tornSectors = 0
    var records = 0
    var suspense = 0
    var checks = 0

    private static var names: [(String, WritableKeyPath<Counts, Int>)] {
        [
            ("taps", \.taps), ("pulls", \.pulls), ("torn writes", \.tears), ("swaps", \.swaps), ("jolts", \.jolts),
            ("interleaved", \.meanwhiles), ("power cuts", \.powerCuts), ("disk failures", \.diskFailures),
            ("process ends", \.processEnds), ("clock jumps", \.clockJumps), ("ledger restarts", \.ledgerRestarts),
            ("requests lost", \.requestsLost), ("answers lost", \.answersLost), ("duplicates", \.duplicates),
            ("unreachable", \.unreachable), ("activations", \.activations), ("confirmations", \.confirmations),
            ("refusals", \.refusals), ("out of service", \.outOfService), ("defective", \.defective),
            ("torn sectors", \.tornSectors), ("records", \.records), ("suspense", \.suspense),
            ("durability checks", \.checks),
        ]
    }

    mutating func add(_ other: Counts) {
        for (_, path) in Self.names { self[keyPath: path] += other[keyPath: path] }
    }

    var line: String { Self.names.map { "\(self[keyPath: $0.1]) \($0.0)" }.joined(separator: ", ") }
}
