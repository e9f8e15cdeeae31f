import Glibc
import Simulator
import TestSupport

/// Which seeds are run: `YIKA_FLEET_SEED` names one to run again and traces it, `YIKA_SWEEP` tells how many there are else.
enum FleetPlan {
    /// Events of one run before everything heals.
    static let length = 90

    /// The seeds of this run, the last of them drawn anew each time.
    static let seeds: [UInt64] = {
        if let only { return [only] }
        let fixed: UInt64 =
            switch SweepSize.current {
            case .quick: 100
            case .normal: 600
            case .full: 10_500
            }
        return Array(1...fixed) + [UInt64.random(in: 1_000_000..<1_000_000_000)]
    }()

    /// One seed in so many has its books on PostgreSQL.
    static let postgresShare: UInt64 = 25

    /// Whether every event is to be printed.
    static var isTraced: Bool { only != nil }

    private static let only = unsafe getenv("YIKA_FLEET_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
}

/// What goes wrong beyond network, power and processes; some of it rules other things out.
struct Theme {
    /// Sectors of a terminal's disk rot.
    let damages: Bool
    /// A terminal's disk is put back from an old copy.
    let restoresTerminals: Bool
    /// The ledger is put back from a backup, which the terminals make good from what they still hold.
    let restoresLedger: Bool

    init(seed: UInt64) {
        // What rotted or was forked cannot be sent a second time, so a restored ledger stands alone.
        damages = [4, 7].contains(seed % 8)
        restoresTerminals = [5, 7].contains(seed % 8)
        restoresLedger = seed % 8 == 6 && seed % FleetPlan.postgresShare != 0
    }
}

extension SplitMix64 {
    /// True once in `count` times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func pick<T>(_ choices: [T]) -> T { choices[number(0...choices.count - 1)] }
}
