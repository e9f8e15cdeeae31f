public import LedgerProtocol
public import Platform
import Synchronization

/// Reports to the ledger every few seconds, for ever, and fetches whichever feed has a newer version there.
///
/// It has a thread and a connection of its own: neither a sale nor an upload waits for a list.
public final class FeedReader: Sendable {
    /// How the feed reader behaves.
    public struct Settings: Sendable {
        /// How often to report, in milliseconds, where the campus's settings do not say.
        public var heartbeatMilliseconds: Int64
        /// The least time between two rosters, in milliseconds, however often newer ones are heard of: in days of mass
        /// activation each card makes a new one, and who is online asks the ledger anyway.
        public var rosterPauseMilliseconds: Int64
        /// The least time between two hotlists, or two settings, in milliseconds.
        public var pauseMilliseconds: Int64
        /// The waits after failures.
        ///
        /// The longest one is also how long a lost card may still be good after the network came back.
        public var backoff: Backoff
        /// Spreads the heartbeats of a campus that was switched on at once.
        public var jitter: any RandomNumberGenerator & Sendable

        /// Settings with these values.
        public init(
            heartbeatMilliseconds: Int64 = 3000, rosterPauseMilliseconds: Int64 = 30_000,
            pauseMilliseconds: Int64 = 1000, backoff: Backoff = Backoff(longest: 15_000),
            jitter: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
        ) {
            self.heartbeatMilliseconds = heartbeatMilliseconds
            self.rosterPauseMilliseconds = rosterPauseMilliseconds
            self.pauseMilliseconds = pauseMilliseconds
            self.backoff = backoff
            self.jitter = jitter
        }
    }

    private enum Wake: Sendable {
        case heard(FeedVersions)
        case stop
    }

    /// How long the thread waits at most between two ticks, in milliseconds.
    private static let tickMilliseconds: Int64 = 1000

    private let core: Mutex<FeedReaderCore>
    private let client: any LedgerClient
    private let wakes = Mailbox<Wake>()
    private let thread = Mutex<DedicatedThread?>(nil)

    /// A reader from `client` into `stores`.
    ///
    /// It does nothing until ``start(tick:)`` or ``step()``.
    ///
    /// - Parameters:
    ///   - report: what to say of the terminal; the versions held are filled in. Called on the reader's thread.
    ///   - onEvent: called on the reader's thread; it must not wait.
    public init(
        client: any LedgerClient, stores: FeedStores, time: any TimeSource, settings: Settings = Settings(),
        report: @escaping @Sendable () -> Heartbeat, onEvent: @escaping @Sendable (FeedEvent) -> Void
    ) {
        self.client = client
        core = Mutex(
            FeedReaderCore(
                client: client, stores: stores, time: time, settings: settings, report: report, onEvent: onEvent))
    }

    /// Starts the thread.
    ///
    /// - Parameter tick: called at least every second, except during a request, where the client's own progress counts.
    public func start(tick: @escaping @Sendable () -> Void = {}) {
        thread.withLock { thread in
            guard thread == nil else { return }
            thread = DedicatedThread(name: "yika-feed") { [self] in serve(tick: tick) }
        }
    }

    /// Says which versions somebody else heard of, as acknowledgements tell them: newer ones are fetched at once.
    public func hear(_ versions: FeedVersions) { wakes.send(.heard(versions)) }

    /// Gives up what is under way and lets the thread end, without waiting for it.
    public func beginStop() {
        wakes.send(.stop)
        wakes.close()
        client.abandonFeeds()
    }

    /// Ends the thread, giving up the request under way.
    ///
    /// - Returns: whether it ended before `deadline`.
    @discardableResult
    public func stop(deadline: Instant) -> Bool {
        beginStop()
        return thread.withLock { $0 }?.join(until: deadline) ?? true
    }

    /// Does the next piece of work, at most one request, with what was heard until now.
    ///
    /// - Returns: milliseconds after which to call again; 0 when there is more to do. Calling earlier is harmless.
    public func step() -> Int64 {
        let heard = wakes.drain()
        return core.withLock { core in
            for case .heard(let versions) in heard { core.hear(versions) }
            return core.step()
        }
    }

    private func serve(tick: @Sendable () -> Void) {
        let clock = SystemTime()
        while !wakes.isClosed {
            tick()
            let due = clock.now().advanced(milliseconds: step())
            while clock.now() < due, !wakes.isClosed {
                tick()
                let slice = min(due, clock.now().advanced(milliseconds: Self.tickMilliseconds))
                if case .heard(let versions)? = wakes.receive(until: slice) {
                    core.withLock { $0.hear(versions) }
                    break
                }
            }
        }
    }
}
