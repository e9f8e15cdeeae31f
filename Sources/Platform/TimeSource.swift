import CLinux
import Glibc

/// A point on the boot-relative clock, in nanoseconds. It does not jump when somebody sets the wall clock.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since boot.
    public var nanoseconds: Int64

    /// The point `nanoseconds` after boot.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whether `left` comes before `right`.
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The point `milliseconds` later.
    public func advanced(milliseconds: Int64) -> Instant {
        Instant(nanoseconds: nanoseconds + milliseconds * 1_000_000)
    }

    /// Whole milliseconds from `earlier` to here.
    public func milliseconds(since earlier: Instant) -> Int64 { (nanoseconds - earlier.nanoseconds) / 1_000_000 }

    /// Whole milliseconds since boot, as records carry them.
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// The clock seam: every room asks this for the time and for waiting, so that a simulation can own both.
public protocol TimeSource: Sendable {
    /// Now, on the boot-relative clock.
    func now() -> Instant
    /// Now, in milliseconds since 1970-01-01 UTC; may be wrong or jump on a box without a clock battery.
    func wallMilliseconds() -> Int64
    /// Returns at `instant` or later.
    func sleep(until instant: Instant)
}

extension TimeSource {
    /// Returns after `milliseconds` at the earliest.
    public func sleep(milliseconds: Int64) { sleep(until: now().advanced(milliseconds: milliseconds)) }
}

/// The machine's clocks: `CLOCK_BOOTTIME` (counts through suspend) and `CLOCK_REALTIME`.
public struct SystemTime: TimeSource {
    /// The machine's clocks.
    public init() {}

    /// Now, by `CLOCK_BOOTTIME`.
    public func now() -> Instant { Instant(nanoseconds: Self.read(CLOCK_BOOTTIME)) }

    /// Now, by `CLOCK_REALTIME`.
    public func wallMilliseconds() -> Int64 { Self.read(CLOCK_REALTIME) / 1_000_000 }

    /// Sleeps by the machine's clock, through signals.
    public func sleep(until instant: Instant) {
        while true {
            let left = instant.nanoseconds - now().nanoseconds
            guard left > 0 else { return }
            var request = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            _ = unsafe nanosleep(&request, nil)
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // The clocks above exist on every Linux since 2.6.39; a failure would be a broken machine.
        precondition(unsafe clock_gettime(clock, &time) == 0, "clock_gettime failed")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
