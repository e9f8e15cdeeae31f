import Glibc

/// How thorough sweeps are, by the environment's `YIKA_SWEEP`: `quick`, `full`, or in between when it is not set.
public enum SweepSize: String, Sendable {
    /// A sample, for somebody who waits.
    case quick
    /// What a change must pass.
    case normal
    /// Everything.
    case full

    /// What this run was asked for.
    public static let current =
        SweepSize(
            rawValue: unsafe getenv("YIKA_SWEEP").map { unsafe String(cString: $0) } ?? "") ?? .normal
}
