package import Health
import LedgerProtocol
import Sync
import Synchronization

/// Conditions that several rooms meet each for itself: one holds as long as any of them says so.
///
/// Upload, feeds and permissions all talk to the ledger; a heartbeat that is answered does not mean that uploads are.
package final class SharedConditions: Sendable {
    /// Who meets a condition.
    enum Source: Hashable, Sendable {
        case upload, permits, sales, feeds
        case feed(FeedKind)
    }

    private let health: HealthRegistry
    private let details = Mutex<[String: [Source: String]]>([:])

    /// Conditions of `health`, none of which holds.
    package init(_ health: HealthRegistry) { self.health = health }

    /// `source` meets the condition from now on.
    func raise(_ notice: Notice, _ detail: String, from source: Source) {
        details.withLock { details in
            details[notice.code, default: [:]][source] = detail
            health.raise(notice, detail)
        }
    }

    /// `source` does not meet the condition, or no longer.
    func clear(_ notice: Notice, from source: Source) {
        details.withLock { details in
            guard details[notice.code]?.removeValue(forKey: source) != nil else { return }
            if let other = details[notice.code]?.values.first {
                health.raise(notice, other)
            } else {
                health.clear(notice)
            }
        }
    }

    /// `source` gets no usable answer from the ledger, for this reason.
    func raise(_ error: LedgerClientError, from source: Source) { reach(error.notice, error.description, from: source) }

    /// `source` is not served by the ledger, in this one of several ways.
    func reach(_ notice: Notice, _ detail: String, from source: Source) {
        raise(notice, detail, from: source)
        // A frozen terminal that loses its network is still frozen: only being served ends that.
        for other in LedgerClientError.notices where other != notice { clear(other, from: source) }
    }

    /// `source` is served.
    func reached(from source: Source) {
        for notice in LedgerClientError.notices + [.terminalFrozen] { clear(notice, from: source) }
    }
}
