public import Journal
import LedgerProtocol
public import Platform
import Synchronization

/// Brings every durable record to the ledger, for ever.
///
/// Sending a record twice is harmless and expected; the cursor moves only when the ledger names a record by the chain
/// MAC that it has here.
public final class Uploader: Sendable {
    /// How the uploader behaves.
    public struct Settings: Sendable {
        /// Records in the first request; what follows goes by how quickly it was answered.
        public var batch: Int
        /// Records that no request goes beyond: a batch is in memory while it is under way.
        public var batchMost: Int
        /// The waits after failures.
        public var backoff: Backoff
        /// How often to try again after a stop that only people can end, in milliseconds.
        public var stoppedRetryMilliseconds: Int64

        /// Settings with these values.
        public init(
            batch: Int = 512, batchMost: Int = 2048, backoff: Backoff = Backoff(),
            stoppedRetryMilliseconds: Int64 = 300_000
        ) {
            precondition(batch > 0 && batchMost >= batch, "batches of \(batch) to \(batchMost) records")
            self.batch = batch
            self.batchMost = batchMost
            self.backoff = backoff
            self.stoppedRetryMilliseconds = stoppedRetryMilliseconds
        }
    }

    private enum Wake: Sendable { case nudge, hurry, stop }

    /// How long the thread waits at most between two ticks, in milliseconds.
    private static let tickMilliseconds: Int64 = 1000

    private let core: Mutex<UploaderCore>
    private let board: UploaderBoard
    private let wakes = Mailbox<Wake>()
    private let thread = Mutex<DedicatedThread?>(nil)

    /// An uploader from `feed` to `client`.
    ///
    /// It does nothing until ``start(tick:)`` or ``step()``.
    ///
    /// - Parameter onEvent: called on the uploader's thread; it must not wait.
    public init(
        feed: any JournalFeed, client: any LedgerClient, time: any TimeSource,
        settings: Settings = Settings(), onEvent: @escaping @Sendable (SyncEvent) -> Void
    ) {
        let board = UploaderBoard(UploaderStatus(since: time.now(), batch: settings.batch))
        self.board = board
        core = Mutex(
            UploaderCore(
                feed: feed, client: client, time: time, settings: settings, board: board, onEvent: onEvent))
    }

    /// Starts the thread.
    ///
    /// - Parameter tick: called at least every second, except during a request, whose timeout bounds it.
    public func start(tick: @escaping @Sendable () -> Void = {}) {
        thread.withLock { thread in
            guard thread == nil else { return }
            thread = DedicatedThread(name: "yika-sync") { [self] in serve(tick: tick) }
        }
    }

    /// Says that records were appended: they are sent at once, unless the last try failed and its wait is not over.
    public func nudge() { wakes.send(.nudge) }

    /// Says that somebody wants an upload: it is tried at once, whatever wait is under way, but no more than once a second.
    public func hurry() { wakes.send(.hurry) }

    /// How the upload stands, without waiting for a request under way.
    public var status: UploaderStatus { board.current }

    /// Ends the thread after the request under way.
    ///
    /// - Returns: whether it ended before `deadline`.
    @discardableResult
    public func stop(deadline: Instant) -> Bool {
        wakes.send(.stop)
        wakes.close()
        return thread.withLock { $0 }?.join(until: deadline) ?? true
    }

    /// Does the next piece of work: at most one upload.
    ///
    /// - Returns: milliseconds after which to call again; 0 when there is more to do. Calling earlier is harmless.
    public func step() -> Int64 {
        let isHurried = wakes.drain().contains(.hurry)
        return core.withLock { core in
            if isHurried { core.hurry() }
            return core.step()
        }
    }

    private func serve(tick: @Sendable () -> Void) {
        let clock = SystemTime()
        while true {
            tick()
            let due = clock.now().advanced(milliseconds: step())
            while clock.now() < due {
                tick()
                let slice = min(due, clock.now().advanced(milliseconds: Self.tickMilliseconds))
                if let wake = wakes.receive(until: slice) {
                    let all = [wake] + wakes.drain()
                    if all.contains(.stop) { return }
                    if all.contains(.hurry) { core.withLock { $0.hurry() } }
                    break
                }
                if wakes.isClosed { return }
            }
            if wakes.isClosed { return }
        }
    }
}
