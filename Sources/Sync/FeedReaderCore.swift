import LedgerProtocol
import Platform

/// The feed reader's state and its one step, without thread or waiting.
struct FeedReaderCore: Sendable {
    /// What is known of one feed.
    private struct Track: Sendable {
        /// The newest version that somebody named.
        var newest: UInt64 = 0
        /// Not to be fetched before.
        var due: Instant
        var backoff: Backoff
        /// What was offered last did not follow on what is held: only a snapshot helps.
        var needsSnapshot = false
    }

    /// What a request is about.
    private enum Subject: Hashable {
        case heartbeat
        case feed(FeedKind)
    }

    /// Most urgent first.
    private static let order: [FeedKind] = [.hotlist, .settings, .roster]

    private let client: any LedgerClient
    private let stores: FeedStores
    private let time: any TimeSource
    private var settings: FeedReader.Settings
    private let report: @Sendable () -> Heartbeat
    private let onEvent: @Sendable (FeedEvent) -> Void

    private var heartbeatDue: Instant
    private var heartbeatBackoff: Backoff
    private var tracks: [FeedKind: Track] = [:]
    private var troubles: [Subject: LedgerClientError.Kind] = [:]

    init(
        client: any LedgerClient, stores: FeedStores, time: any TimeSource, settings: FeedReader.Settings,
        report: @escaping @Sendable () -> Heartbeat, onEvent: @escaping @Sendable (FeedEvent) -> Void
    ) {
        self.client = client
        self.stores = stores
        self.time = time
        self.settings = settings
        self.report = report
        self.onEvent = onEvent
        heartbeatDue = time.now()
        heartbeatBackoff = settings.backoff
        for kind in FeedKind.allCases { tracks[kind] = Track(due: time.now(), backoff: settings.backoff) }
    }

    /// Takes note of the newest versions, as somebody was told.
    mutating func hear(_ versions: FeedVersions) {
        for kind in FeedKind.allCases { change(kind) { $0.newest = max($0.newest, versions[kind]) } }
    }

    mutating func step() -> Int64 {
        if time.now() >= heartbeatDue {
            beat()
        } else if let kind = Self.order.first(where: { isWanted($0) && time.now() >= track($0).due }) {
            fetch(kind)
        }
        let due = Self.order.filter(isWanted).map { track($0).due }.reduce(heartbeatDue, min)
        return max(0, due.milliseconds(since: time.now()))
    }

    // MARK: Heartbeat

    private mutating func beat() {
        var heartbeat = report()
        heartbeat.rosterVersion = stores.roster.version
        heartbeat.hotlistVersion = stores.hotlist.version
        heartbeat.settingsVersion = stores.settings.version
        do throws(LedgerClientError) {
            let answer = try client.heartbeat(heartbeat)
            heartbeatBackoff.reset()
            heartbeatDue = time.now().advanced(milliseconds: interval())
            settled(.heartbeat)
            hear(answer.feedVersions)
            onEvent(.heard(answer))
        } catch {
            failed(.heartbeat, error)
            heartbeatDue = time.now().advanced(milliseconds: heartbeatBackoff.next())
        }
    }

    /// A little less each time by chance, so that terminals switched on together do not knock together for ever.
    private mutating func interval() -> Int64 {
        let whole =
            stores.settings.current?.settings.heartbeatMilliseconds ?? settings.heartbeatMilliseconds
        return whole - Int64.random(in: 0...whole / 16, using: &settings.jitter)
    }

    // MARK: Feeds

    private func isWanted(_ kind: FeedKind) -> Bool { track(kind).newest > stores[kind].version }

    private mutating func fetch(_ kind: FeedKind) {
        do throws(LedgerClientError) {
            let bytes = try client.feed(kind, since: track(kind).needsSnapshot ? 0 : stores[kind].since)
            settled(.feed(kind))
            guard let bytes else { return rest(kind, hasNewest: true) }
            install(bytes, kind)
        } catch {
            failed(.feed(kind), error)
            retry(kind)
        }
    }

    private mutating func install(_ bytes: [UInt8], _ kind: FeedKind) {
        do throws(FeedStoreError) {
            let version = try stores[kind].install(bytes)
            rest(kind)
            onEvent(.updated(kind, version: version))
        } catch {
            if case .notNewer(let offered, let held) = error, offered == held { return rest(kind, hasNewest: true) }
            // What does not follow on what is held never will, a snapshot needs nothing to follow on.
            if case .feed = error { change(kind) { $0.needsSnapshot = true } }
            onEvent(.rejected(kind, error))
            retry(kind)
        }
    }

    /// - Parameter hasNewest: the ledger itself says so; whoever named a newer one spoke too early.
    private mutating func rest(_ kind: FeedKind, hasNewest: Bool = false) {
        let due = time.now().advanced(milliseconds: pause(kind))
        change(kind) { track in
            track.backoff.reset()
            track.due = due
            track.needsSnapshot = false
            if hasNewest { track.newest = 0 }
        }
    }

    private mutating func retry(_ kind: FeedKind) {
        let now = time.now()
        change(kind) { $0.due = now.advanced(milliseconds: $0.backoff.next()) }
    }

    /// A terminal without a roster cannot serve without the ledger: for it the first one is urgent.
    private func pause(_ kind: FeedKind) -> Int64 {
        kind == .roster && stores.roster.version > 0 ? settings.rosterPauseMilliseconds : settings.pauseMilliseconds
    }

    private func track(_ kind: FeedKind) -> Track {
        tracks[kind] ?? Track(due: time.now(), backoff: settings.backoff)
    }

    private mutating func change(_ kind: FeedKind, _ body: (inout Track) -> Void) {
        var track = track(kind)
        body(&track)
        tracks[kind] = track
    }

    // MARK: Reports

    private mutating func failed(_ subject: Subject, _ error: LedgerClientError) {
        if !troubles.values.contains(error.kind) { onEvent(.unreachable(error)) }
        troubles[subject] = error.kind
    }

    private mutating func settled(_ subject: Subject) {
        if troubles.removeValue(forKey: subject) != nil, troubles.isEmpty { onEvent(.back) }
    }
}
