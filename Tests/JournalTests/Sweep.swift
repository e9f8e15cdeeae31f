import Glibc

/// How thorough the sweeps are, by the environment's `YIKA_SWEEP`: `quick`, `full`, or in between when it is not set.
enum Sweep {
    case quick, normal, full

    static let current: Sweep = {
        let text = unsafe getenv("YIKA_SWEEP").map { unsafe String(cString: $0) }
        switch text {
        case "quick": return .quick
        case "full": return .full
        default: return .normal
        }
    }()

    /// The value for this thoroughness.
    static func pick<Value>(quick: Value, normal: Value, full: Value) -> Value {
        switch current {
        case .quick: quick
        case .normal: normal
        case .full: full
        }
    }

    /// The operations to disturb, of `count`: all of them, or when there is no time every seventh.
    static func operations(_ count: Int) -> StrideThrough<Int> {
        stride(from: 1, through: count, by: pick(quick: 7, normal: 1, full: 1))
    }
}
