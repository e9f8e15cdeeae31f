import CLinux
import Glibc

/// Wakes a thread that waits for descriptors in `poll`, from any other thread.
public final class Waker: Sendable {
    private let event: Descriptor

    /// A waker that nobody has called yet.
    public init() {
        let number = yika_eventfd()
        // Out of descriptors at start-up: nothing sensible can go on without one.
        precondition(number >= 0, "eventfd failed: \(errno)")
        event = Descriptor(adopting: number)
    }

    /// Ends the wait that is under way, or else the next one.
    public func wake() {
        var one: UInt64 = 1
        // It fails only when nobody has looked for 2^64 calls.
        _ = unsafe write(event.number, &one, 8)
    }

    /// Waits until one of `descriptors` can be read or has ended, somebody calls ``wake()``, or `deadline` (`nil`: for
    /// ever) has passed.
    ///
    /// - Returns: for each of `descriptors` whether there is something: to read, an end or an error.
    public func wait(for descriptors: [Int32], until deadline: Instant?, time: any TimeSource) -> [Bool] {
        var waits = [pollfd(fd: event.number, events: Int16(POLLIN), revents: 0)]
        waits += descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var timeout: Int32 = -1
        if let deadline {
            // Rounded up: whoever wakes a little before the deadline goes round for nothing.
            timeout = Int32(clamping: max(0, (deadline.nanoseconds - time.now().nanoseconds + 999_999) / 1_000_000))
        }
        let count = unsafe poll(&waits, nfds_t(waits.count), timeout)
        guard count > 0 else { return descriptors.map { _ in false } }
        if waits[0].revents != 0 {
            var calls: UInt64 = 0
            _ = unsafe read(event.number, &calls, 8)
        }
        return waits.dropFirst().map { $0.revents != 0 }
    }
}
