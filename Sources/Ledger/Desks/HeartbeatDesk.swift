import FoundationEssentials
import LedgerProtocol
import Platform
import Synchronization

/// Hears the terminals' signs of life, and tells them what is new.
///
/// A thousand terminals are heard three hundred times a second; the books hear of one only when something about it has
/// changed, and once a minute.
final class HeartbeatDesk: Sendable {
    static let storeAfterMilliseconds: Int64 = 60_000

    /// What of a heartbeat was last stored.
    private struct Stored {
        let heartbeat: Heartbeat
        let at: Instant

        func isOutdated(by new: Heartbeat, at now: Instant) -> Bool {
            now.milliseconds(since: at) >= HeartbeatDesk.storeAfterMilliseconds
                || heartbeat.conditions != new.conditions || heartbeat.epoch != new.epoch
                || heartbeat.version != new.version
        }
    }

    private let store: any LedgerStore
    private let feeds: FeedDesk
    private let time: any TimeSource
    private let stored = Mutex<[UInt16: Stored]>([:])

    init(store: any LedgerStore, feeds: FeedDesk, time: any TimeSource) {
        self.store = store
        self.feeds = feeds
        self.time = time
    }

    func hear(_ heartbeat: Heartbeat, terminal: UInt16, token: String) throws -> HeartbeatAnswer {
        let now = time.wallMilliseconds()
        let (admitted, state, acknowledged) = try store.read { transaction in
            (
                try transaction.admit(terminal, token: token, now: now), try transaction.feedState(),
                try transaction.acknowledged(terminal: terminal, epoch: heartbeat.epoch)
            )
        }
        try note(heartbeat, terminal, now: now)
        let versions = try feeds.versions(state)
        return HeartbeatAnswer(
            timeMilliseconds: now, rosterVersion: versions.roster, hotlistVersion: versions.hotlist,
            settingsVersion: versions.settings, acknowledged: acknowledged,
            credentialExpiresMilliseconds: admitted.expires)
    }

    private func note(_ heartbeat: Heartbeat, _ terminal: UInt16, now: Int64) throws {
        let instant = time.now()
        guard stored.withLock({ $0[terminal]?.isOutdated(by: heartbeat, at: instant) ?? true }) else { return }
        let body = String(decoding: try JSONEncoder().encode(heartbeat), as: UTF8.self)
        _ = try store.write { transaction in
            try transaction.execute(
                """
                INSERT INTO heartbeats (terminal, received_ms, body) VALUES (?, ?, ?)
                ON CONFLICT (terminal) DO UPDATE SET received_ms = excluded.received_ms, body = excluded.body
                """, [.number(terminal), .integer(now), .text(body)])
        }
        stored.withLock { $0[terminal] = Stored(heartbeat: heartbeat, at: instant) }
    }
}

extension LedgerTransaction {
    /// The last record of an epoch that is stored; `nil` when none ever came.
    func acknowledged(terminal: UInt16, epoch: UInt32) throws -> UInt64? {
        try first(
            "SELECT acknowledged FROM cursors WHERE terminal = ? AND epoch = ?", [.number(terminal), .number(epoch)]
        )?.number(0)
    }

    /// The newest sign of life of a terminal that the books know, and when it came.
    func heartbeat(of terminal: UInt16) throws -> (heartbeat: Heartbeat, received: Int64)? {
        guard let row = try first("SELECT body, received_ms FROM heartbeats WHERE terminal = ?", [.number(terminal)])
        else { return nil }
        let body = Data(Array(try row.text(0).utf8))
        return (try JSONDecoder().decode(Heartbeat.self, from: body), try row.integer(1))
    }
}
