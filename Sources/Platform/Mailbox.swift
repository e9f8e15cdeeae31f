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
        monitor.changing {
            guard !closed else { return false }
            messages.append(message)
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

    /// Takes everything that is there, oldest first, waiting for something until `deadline` (`nil`: for ever).
    ///
    /// - Returns: nothing when the deadline passed, or when the mailbox is closed and empty.
    public func receiveAll(until deadline: Instant? = nil) -> [Message] {
        monitor.locked {
            while messages.isEmpty {
                if closed || !monitor.wait(until: deadline) { break }
            }
            defer { messages = [] }
            return messages
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
        monitor.changing { closed = true }
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
        monitor.changing { raised = true }
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
        monitor.changing {
            guard self.value == nil else { return }
            self.value = value
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
