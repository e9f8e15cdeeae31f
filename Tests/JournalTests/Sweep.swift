import Foundation
import Synchronization

/// How thorough the sweeps are, by the environment's `YIKA_SWEEP`: `quick`, `full`, or in between when it is not set.
enum Sweep {
    case quick, normal, full

    static let current: Sweep = {
        switch ProcessInfo.processInfo.environment["YIKA_SWEEP"] {
        case "quick": return .quick
        case "full": return .full
        default: return .normal
        }
    }()

    /// The value for this thoroughness.
    static func pick<Value>(quick: Value, normal: Value, full: Value) -> Value {
        switch current {
        case .quick: quick
        case .normal: normal
        case .full: full
        }
    }
}

/// What the cases of one sweep survived together; the last of them to end prints it, unless one failed.
final class Tally: Sendable {
    private struct Counts {
        var casesLeft: Int
        var points = 0
        var cuts = 0
        var sampled = 0
        var failures = 0
    }

    /// Crash points of all sweeps that ended so far.
    private static let total = Mutex(0)

    private let what: String
    private let seeds: ClosedRange<Int>
    private let counts: Mutex<Counts>

    /// - Parameter what: how the crashes came about, for the line that is printed.
    init(_ what: String, _ seeds: ClosedRange<Int>, casesPerSeed: Int = 1) {
        self.what = what
        self.seeds = seeds
        counts = Mutex(Counts(casesLeft: seeds.count * casesPerSeed))
    }

    /// Counts a case that ended.
    func add(_ explorer: Explorer) {
        let all = counts.withLock { counts -> Counts in
            counts.casesLeft -= 1
            counts.points += explorer.points
            counts.cuts += explorer.cuts
            counts.sampled += explorer.sampled
            counts.failures += explorer.failures
            return counts
        }
        guard all.casesLeft == 0 && all.failures == 0 else { return }
        let total = Self.total.withLock { total in
            total += all.points
            return total
        }
        let sample = all.sampled == 0 ? "" : " (4,096 of the outcomes of \(all.sampled) power cuts with more)"
        print(
            """
            journal: \(Self.grouped(all.points)) different crash points survived of \(Self.grouped(all.cuts)) tried: \
            \(what)\(sample), seeds \(seeds.lowerBound) to \(seeds.upperBound); \(Self.grouped(total)) in all so far
            """)
    }

    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        for position in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: position) }
        return String(digits)
    }
}
