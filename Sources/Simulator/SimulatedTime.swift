public import Platform
import Synchronization

/// A clock that stands still until somebody sleeps on it or advances it: hours of simulation take no time.
public final class SimulatedTime: TimeSource {
    private let nanoseconds: Mutex<Int64>
    private let wallMillisecondsAtBoot: Int64

    /// A clock at `start`.
    ///
    /// - Parameter wallMillisecondsAtBoot: what the wall clock showed at boot, in milliseconds since 1970-01-01 UTC; by
    ///   default 2026-09-01 00:00, when a term begins.
    public init(start: Instant = Instant(nanoseconds: 0), wallMillisecondsAtBoot: Int64 = 1_788_220_800_000) {
        nanoseconds = Mutex(start.nanoseconds)
        self.wallMillisecondsAtBoot = wallMillisecondsAtBoot
    }

    /// Where the clock stands.
    public func now() -> Instant { Instant(nanoseconds: nanoseconds.withLock { $0 }) }

    /// What the wall clock shows where this clock stands.
    public func wallMilliseconds() -> Int64 { wallMillisecondsAtBoot + now().milliseconds }

    /// Moves the clock to `instant`, unless it is past it, and returns at once.
    public func sleep(until instant: Instant) {
        nanoseconds.withLock { $0 = max($0, instant.nanoseconds) }
    }

    /// Lets `milliseconds` pass.
    public func advance(milliseconds: Int64) {
        nanoseconds.withLock { $0 += milliseconds * 1_000_000 }
    }
}
