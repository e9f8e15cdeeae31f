import Glibc

/// What something took.
package struct Cost {
    /// From its call to its end, in milliseconds.
    package let elapsed: Double
    /// On a processor, by the calling thread alone, in milliseconds.
    package let processor: Double

    /// The cost of `body`, whose other threads, if it has any, do not count.
    package init(of body: () throws -> Void) rethrows {
        // The thread's clock is read inside the other, so that its system calls burden only what is the longer by far.
        let start = milliseconds(CLOCK_MONOTONIC)
        let used = milliseconds(CLOCK_THREAD_CPUTIME_ID)
        try body()
        processor = milliseconds(CLOCK_THREAD_CPUTIME_ID) - used
        elapsed = milliseconds(CLOCK_MONOTONIC) - start
    }
}

private func milliseconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

extension [Double] {
    /// Their sum by their number; NaN of none.
    package var mean: Double { reduce(0, +) / Double(count) }
}
