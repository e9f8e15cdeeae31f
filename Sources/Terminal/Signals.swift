import Glibc
import Platform

/// The signals that end the daemon, taken by one thread that waits for them instead of by handlers.
enum Signals {
    /// Keeps the signals from every thread started after this; a broken pipe shows as an error of the call.
    static func block() {
        var set = terminating
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for a terminating signal until `deadline`. Its number, or `nil`.
    static func wait(until deadline: Instant, time: any TimeSource) -> Int32? {
        var set = terminating
        let left = max(0, deadline.nanoseconds - time.now().nanoseconds)
        var timeout = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        let signal = unsafe sigtimedwait(&set, nil, &timeout)
        return signal > 0 ? signal : nil
    }

    private static var terminating: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        return set
    }
}
