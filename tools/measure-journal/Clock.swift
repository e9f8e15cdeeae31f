import Glibc

/// Nanoseconds on the monotonic clock.
func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How long `body` takes, in microseconds.
func microseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds()
    try body()
    return Double(nanoseconds() - start) / 1000
}

extension [Double] {
    /// The value that half of them do not exceed.
    var median: Double { quantile(0.5) }

    /// The smallest value that the share `part` of them does not exceed.
    func quantile(_ part: Double) -> Double {
        guard !isEmpty else { return .nan }
        let place = Int((Double(count) * part).rounded(.up)) - 1
        return sorted()[Swift.min(Swift.max(place, 0), count - 1)]
    }
}

/// A line for whoever watches, beside the result.
func note(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Why measuring ended.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    /// The failure of the C call that just set `errno`.
    static func errno(_ call: String, _ path: String) -> Failure {
        let meaning = unsafe strerror(Glibc.errno).map { unsafe String(cString: $0) } ?? "error \(Glibc.errno)"
        return Failure("\(call) \(path): \(meaning)")
    }
}
