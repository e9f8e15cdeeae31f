public import Platform
import Synchronization

/// The conditions that hold now. Every room's faults are raised here by the terminal; everything that shows them reads here.
public final class HealthRegistry: Sendable {
    /// A condition that holds, with what only this occurrence knows (a file, an error of the driver).
    public struct Raised: Sendable, Hashable {
        /// Which condition.
        public let notice: Notice
        /// The particulars; never a key, a PIN or a full card number.
        public let detail: String
        /// Since when it holds, whatever its particulars.
        public let since: Instant
    }

    /// What changed.
    public enum Change: Sendable, Hashable {
        /// A condition holds now, or holds with other particulars.
        case raised(Raised)
        /// A condition no longer holds.
        case cleared(Notice)
    }

    private let raised = Mutex<[String: Raised]>([:])
    private let time: any TimeSource
    private let report: @Sendable (Change) -> Void

    /// A registry in which nothing is wrong.
    ///
    /// - Parameter report: called on each change at once, on the thread that made it; must not block.
    public init(time: any TimeSource = SystemTime(), report: @escaping @Sendable (Change) -> Void) {
        self.time = time
        self.report = report
    }

    /// `notice` holds from now on.
    public func raise(_ notice: Notice, _ detail: String = "") {
        let now = time.now()
        let change = raised.withLock { raised -> Raised? in
            let before = raised[notice.code]
            guard before?.detail != detail else { return nil }
            let new = Raised(notice: notice, detail: detail, since: before?.since ?? now)
            raised[notice.code] = new
            return new
        }
        if let change { report(.raised(change)) }
    }

    /// `notice` no longer holds.
    public func clear(_ notice: Notice) {
        if raised.withLock({ $0.removeValue(forKey: notice.code) }) != nil { report(.cleared(notice)) }
    }

    /// What holds now, by code.
    public var current: [Raised] { raised.withLock { $0.values.sorted { $0.notice.code < $1.notice.code } } }

    /// What people are to see of it, the worst first: what has lasted, and is not explained by another that holds.
    public var visible: [Raised] {
        let (now, current) = (time.now(), current)
        let holding = Set(current.map(\.notice.code))
        return current.filter { raised in
            now >= raised.since.advanced(milliseconds: raised.notice.visibleAfterSeconds * 1000)
                && holding.isDisjoint(with: raised.notice.dependsOn)
        }
        .sorted { ($0.notice.severity.rank, $0.notice.code) < ($1.notice.severity.rank, $1.notice.code) }
    }

    /// Whether anything that holds keeps the terminal from serving.
    public var isOutOfService: Bool { current.contains { $0.notice.severity == .outOfService } }
}

extension Notice.Severity {
    /// The worst comes first.
    public var rank: Int {
        switch self {
        case .outOfService: 0
        case .degraded: 1
        case .holder: 2
        }
    }
}
