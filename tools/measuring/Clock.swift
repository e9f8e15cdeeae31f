import Glibc

/// Nanoseconds on the monotonic clock.
package func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How long `body` takes, in microseconds.
package func microseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds()
    try body()
    return Double(nanoseconds() - start) / 1000
}

extension [Double] {
    /// The value that half of them do not exceed.
    package var median: Double { quantile(0.5) }

    /// The smallest value that the share `part` of them does not exceed.
    package func quantile(_ part: Double) -> Double {
        guard !isEmpty else { return .nan }
        let place = Int((Double(count) * part).rounded(.up)) - 1
        return sorted()[Swift.min(Swift.max(place, 0), count - 1)]
    }
}

/// A line for whoever watches, beside the result.
package func note(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Why measuring ended.
package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }

    /// The failure of `call`, which left `code`.
    package init(_ call: String, code: Int32) {
        let meaning = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        self.init("\(call): \(meaning)")
    }

    /// The failure of the C call that just set `errno`.
    package static func errno(_ call: String, _ path: String) -> Failure {
        Failure("\(call) \(path)", code: Glibc.errno)
    }
}
