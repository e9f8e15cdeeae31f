import Health
import LedgerProtocol
import Platform
import Sync

// What the feed reader reports, as events and conditions of the terminal.

extension TerminalService {
    /// A technician needs that long to come by, in milliseconds: a fortnight.
    private static let expiryWarningMilliseconds: Int64 = 14 * 86_400_000

    static func fed(
        _ event: FeedEvent, events: EventStream, health: HealthRegistry, shared: SharedConditions, at: Instant
    ) {
        switch event {
        case .heard(let answer): note(expiry: answer, health)
        case .unreachable(let error): shared.raise(error, from: .feeds)
        case .back: shared.reached(from: .feeds)
        case .updated(let kind, let version):
            shared.clear(.feedRefused, from: .feed(kind))
            shared.clear(.feedNotStored, from: .feed(kind))
            switch kind {
            case .roster: health.clear(.rosterTooOld)
            case .hotlist: health.clear(.hotlistTooOld)
            case .settings: break
            }
            events.publish(TerminalEvent(kind.rawValue, at: at, what: "updated", sequence: version))
        case .rejected(let kind, .storage(let error)):
            shared.raise(.feedNotStored, "\(kind): \(error)", from: .feed(kind))
        case .rejected(let kind, let error):
            shared.raise(.feedRefused, "\(kind): \(error)", from: .feed(kind))
        }
    }

    private static func note(expiry answer: HeartbeatAnswer, _ health: HealthRegistry) {
        // By the ledger's clock alone: the terminal's own may be wrong.
        guard let expires = answer.credentialExpiresMilliseconds,
            expires - answer.timeMilliseconds < expiryWarningMilliseconds
        else { return health.clear(.credentialExpires) }
        let days = max(0, expires - answer.timeMilliseconds) / 86_400_000
        health.raise(.credentialExpires, days > 0 ? "in \(days) days" : "within a day, or it has expired")
    }

    /// What lay on the disk and is not to be trusted; the feed reader fetches it anew.
    static func note(
        unsound kind: FeedKind, _ error: FeedStoreError, health: HealthRegistry, shared: SharedConditions
    ) {
        switch kind {
        case .roster: health.raise(.rosterTooOld, "\(error)")
        case .hotlist: health.raise(.hotlistTooOld, "\(error)")
        case .settings: shared.raise(.feedRefused, "\(kind): \(error)", from: .feed(kind))
        }
    }
}
