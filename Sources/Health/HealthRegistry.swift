import Synchronization

/// The conditions that hold now. Every room's faults are raised here by the terminal; everything that shows them reads here.
public final class HealthRegistry: Sendable {
    /// A condition that holds, with what only this occurrence knows (a file, an error of the driver).
    public struct Raised: Sendable, Hashable {
        /// Which condition.
        public let notice: Notice
        /// The particulars; never a key, a PIN or a full card number.
        public let detail: String
    }

    /// What changed.
    public enum Change: Sendable, Hashable {
        /// A condition holds now, or holds with other particulars.
        case raised(Raised)
        /// A condition no longer holds.
        case cleared(Notice)
    }

    private let raised = Mutex<[String: Raised]>([:])
    private let report: @Sendable (Change) -> Void

    /// A registry in which nothing is wrong.
    ///
    /// - Parameter report: called on each change, on the thread that made it; must not block.
    public init(report: @escaping @Sendable (Change) -> Void) { self.report = report }

    /// `notice` holds from now on.
    public func raise(_ notice: Notice, _ detail: String = "") {
        let new = Raised(notice: notice, detail: detail)
        let changed = raised.withLock { raised in
            defer { raised[notice.code] = new }
            return raised[notice.code] != new
        }
        if changed { report(.raised(new)) }
    }

    /// `notice` no longer holds.
    public func clear(_ notice: Notice) {
        if raised.withLock({ $0.removeValue(forKey: notice.code) }) != nil { report(.cleared(notice)) }
    }

    /// What holds now, by code.
    public var current: [Raised] { raised.withLock { $0.values.sorted { $0.notice.code < $1.notice.code } } }

    /// Whether anything that holds keeps the terminal from serving.
    public var isOutOfService: Bool { current.contains { $0.notice.severity == .outOfService } }
}
