import LedgerProtocol
import Platform
import Sync
import Synchronization

/// Whether the ledger answers this terminal, by whatever it was last asked for.
final class LedgerContact: Sendable {
    struct State: Hashable, Sendable {
        let isThere: Bool
        let since: Instant
    }

    private let state = Mutex<State?>(nil)
    private let expiry = Mutex<Int64?>(nil)

    /// When our credential ends, in milliseconds since 1970-01-01 UTC; `nil`: the ledger has not told, or never does it.
    var credentialExpiresMilliseconds: Int64? { expiry.withLock { $0 } }

    /// How it stands; `nil`: nothing was asked yet.
    var current: State? { state.withLock { $0 } }

    /// What an answer to a heartbeat, or the want of one, tells.
    func note(_ event: FeedEvent, at now: Instant) {
        switch event {
        case .heard(let answer):
            expiry.withLock { $0 = answer.credentialExpiresMilliseconds }
            note(true, now)
        case .back: note(true, now)
        case .unreachable: note(false, now)
        case .updated, .rejected: break
        }
    }

    /// What an upload tells: one that fails need not mean that nobody is there, since it is so much larger.
    func note(_ event: SyncEvent, at now: Instant) {
        switch event {
        case .acknowledged, .back, .frozen: note(true, now)
        case .unreachable, .journal: break
        }
    }

    private func note(_ isThere: Bool, _ now: Instant) {
        state.withLock { state in
            if state?.isThere != isThere { state = State(isThere: isThere, since: now) }
        }
    }
}
