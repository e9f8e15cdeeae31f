/// How long to wait after each failure: doubling up to a bound, with jitter so that a campus does not knock in step.
public struct Backoff: Sendable {
    /// The first wait, in milliseconds.
    public let first: Int64
    /// The longest wait, in milliseconds.
    public let longest: Int64
    private var generator: any RandomNumberGenerator & Sendable
    private var failures = 0

    /// Waits from `first` to `longest` milliseconds, with jitter from `generator`.
    public init(
        first: Int64 = 1000, longest: Int64 = 60_000,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        precondition(first > 1 && longest >= first, "backoff from \(first) to \(longest) ms")
        self.first = first
        self.longest = longest
        self.generator = generator
    }

    /// The wait after one more failure, in milliseconds: between half of the doubled time and all of it.
    public mutating func next() -> Int64 {
        // 2^20 times the first wait is beyond every bound that makes sense.
        let whole = min(longest, first << Int64(min(failures, 20)))
        failures += 1
        return Int64.random(in: whole / 2...whole, using: &generator)
    }

    /// Whether nothing failed since the start or the last ``reset()``.
    public var isFresh: Bool { failures == 0 }

    /// Starts again from the first wait.
    public mutating func reset() { failures = 0 }
}
