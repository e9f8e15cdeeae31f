import CLinux
import Glibc

/// A named operating-system thread for one device that blocks: a reader, the sound card, the log file, the network.
///
/// Calls that wait in C never run on Swift's cooperative pool, where four of them would stop everything else.
public final class DedicatedThread: Sendable {
    private let finished = Signal()

    /// Starts `body` on a new thread.
    ///
    /// - Parameter name: shown by `top -H`; Linux keeps the first 15 bytes.
    public init(name: String, _ body: @escaping @Sendable () -> Void) {
        let finished = self.finished
        let start = Start(name: name) {
            body()
            finished.raise()
        }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(start).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                _ = unsafe yika_name_this_thread(start.name)
                start.body()
                return nil
            }, context)
        // EAGAIN here means the box cannot give us a thread at start-up: nothing sensible can go on without it.
        precondition(status == 0, "pthread_create(\(name)) failed: \(status)")
        pthread_detach(thread)
    }

    /// Waits until the body has returned, at most until `deadline`. False when it is still running then.
    public func join(until deadline: Instant) -> Bool { finished.wait(until: deadline) }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
