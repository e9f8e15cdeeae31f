import Platform
import Simulator

/// A clock that counts from its own boot, and whose wall time may be off.
final class SkewedClock: TimeSource, @unchecked Sendable {
    static let tenYears: Int64 = 10 * 365 * 86_400_000

    private let time: SimulatedTime
    private var booted: Instant
    /// By how much the wall clock is wrong, in milliseconds.
    var offset: Int64 = 0

    init(_ time: SimulatedTime) {
        self.time = time
        booted = time.now()
    }

    func boot() { booted = time.now() }

    func now() -> Instant { Instant(nanoseconds: time.now().nanoseconds - booted.nanoseconds) }

    func wallMilliseconds() -> Int64 { time.wallMilliseconds() + offset }

    func sleep(until instant: Instant) {
        time.sleep(until: Instant(nanoseconds: booted.nanoseconds + instant.nanoseconds))
    }
}
