import Glibc

/// A mutex and a condition on the boot-independent clock, the base of ``Mailbox`` and ``Signal``.
///
/// The standard library has a mutex but nothing to wait on, and its tasks may not block: these threads may.
@safe final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func locked<R>(_ body: () -> R) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    func wake() { unsafe pthread_cond_broadcast(condition) }

    /// Called with the mutex held. False when `deadline` passed.
    func wait(until deadline: Instant?) -> Bool {
        guard let deadline else {
            unsafe pthread_cond_wait(condition, mutex)
            return true
        }
        // Conditions cannot wait on CLOCK_BOOTTIME; the two clocks differ only by time spent suspended.
        let left = deadline.nanoseconds - SystemTime().now().nanoseconds
        guard left > 0 else { return false }
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let total = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) + left
        var end = timespec(tv_sec: Int(total / 1_000_000_000), tv_nsec: Int(total % 1_000_000_000))
        return unsafe pthread_cond_timedwait(condition, mutex, &end) != ETIMEDOUT
    }
}

/// A queue from many threads to one, which blocks while it is empty.
public final class Mailbox<Message: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var messages: [Message] = []
    private var closed = false

    /// An empty, open mailbox.
    public init() {}

    /// Puts `message` at the end and wakes the receiver. False once the mailbox is closed: the message is refused.
    @discardableResult
    public func send(_ message: Message) -> Bool {
        monitor.locked {
            guard !closed else { return false }
            messages.append(message)
            monitor.wake()
            return true
        }
    }

    /// Takes the oldest message, waiting for one until `deadline` (`nil`: for ever).
    ///
    /// - Returns: `nil` when the deadline passed, or when the mailbox is closed and empty.
    public func receive(until deadline: Instant? = nil) -> Message? {
        monitor.locked {
            while messages.isEmpty {
                if closed || !monitor.wait(until: deadline) { break }
            }
            return messages.isEmpty ? nil : messages.removeFirst()
        }
    }

    /// Takes everything that waits, oldest first, without waiting.
    public func drain() -> [Message] {
        monitor.locked {
            defer { messages = [] }
            return messages
        }
    }

    /// Refuses further messages; what waits can still be received.
    public func close() {
        monitor.locked {
            closed = true
            monitor.wake()
        }
    }

    /// Whether ``close()`` was called.
    public var isClosed: Bool { monitor.locked { closed } }
}

/// A flag that is raised once and can be waited for.
public final class Signal: @unchecked Sendable {
    private let monitor = Monitor()
    private var raised = false

    /// A flag that is down.
    public init() {}

    /// Raises the flag for good and wakes everybody who waits.
    public func raise() {
        monitor.locked {
            raised = true
            monitor.wake()
        }
    }

    /// Whether the flag is up.
    public var isRaised: Bool { monitor.locked { raised } }

    /// Waits for the flag, at most until `deadline` (`nil`: for ever). Returns whether it is up.
    public func wait(until deadline: Instant? = nil) -> Bool {
        monitor.locked {
            while !raised {
                if !monitor.wait(until: deadline) { break }
            }
            return raised
        }
    }
}

/// A value that one thread produces and another waits for.
public final class Answer<Value: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var value: Value?

    /// No value yet.
    public init() {}

    /// Gives the value; only the first one counts.
    public func give(_ value: Value) {
        monitor.locked {
            guard self.value == nil else { return }
            self.value = value
            monitor.wake()
        }
    }

    /// Waits for the value until `deadline` (`nil`: for ever).
    public func wait(until deadline: Instant? = nil) -> Value? {
        monitor.locked {
            while value == nil {
                if !monitor.wait(until: deadline) { break }
            }
            return value
        }
    }
}
