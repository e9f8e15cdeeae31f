import Health
import Platform
import Synchronization

/// Counts what happens at this terminal since the daemon started. Everything counted has a bound: outcomes are those of
/// `Health`, and nothing is counted by card, reader or holder.
final class Metrics: Sendable {
    /// How often values up to each bound were seen (Prometheus' cumulative histogram).
    struct Histogram: Sendable {
        /// Upper bounds, rising.
        let bounds: [Int64]
        private(set) var counts: [UInt64]
        private(set) var sum: Int64 = 0
        private(set) var count: UInt64 = 0

        init(upTo bounds: [Int64]) {
            self.bounds = bounds
            counts = Array(repeating: 0, count: bounds.count)
        }

        mutating func note(_ value: Int64) {
            count += 1
            sum += value
            if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
        }
    }

    struct Counts: Sendable {
        /// Endings by code.
        var endings: [String: UInt64] = [:]
        /// From the card's arrival to its ending, in milliseconds; around the budgets of activation and sale.
        var taps = Histogram(upTo: [50, 100, 200, 300, 400, 600, 1_000, 2_000, 5_000])
        /// One APDU, in microseconds; readers take 10 to 40 ms.
        var apdus = Histogram(upTo: [1_000, 5_000, 10_000, 20_000, 30_000, 40_000, 60_000, 100_000, 500_000])
        /// APDUs that no answer came to.
        var unanswered: UInt64 = 0
        /// Conditions that came, by code.
        var raised: [String: UInt64] = [:]
    }

    private let counts = Mutex(Counts())
    private let last = Mutex<TerminalEvent?>(nil)

    /// The event of the last ending.
    var lastEnding: TerminalEvent? { last.withLock { $0 } }

    /// What was counted so far.
    var current: Counts { counts.withLock { $0 } }

    /// Something happened.
    func note(_ event: TerminalEvent) {
        guard let code = event.code else { return }
        if event.event == "ended" { last.withLock { $0 = event } }
        counts.withLock { counts in
            switch event.event {
            case "ended":
                counts.endings[code, default: 0] += 1
                if let milliseconds = event.milliseconds { counts.taps.note(milliseconds) }
            case "condition" where event.what == "raised": counts.raised[code, default: 0] += 1
            default: break
            }
        }
    }

    /// A command was answered, or was not.
    func note(_ exchange: ApduExchange) {
        counts.withLock { counts in
            counts.apdus.note(exchange.microseconds)
            if exchange.status == nil { counts.unanswered += 1 }
        }
    }
}
