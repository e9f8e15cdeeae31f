public import Simulator
import Synchronization

/// What went over a simulated reader's wire.
public final class ExchangeLog: Sendable {
    private let exchanges = Mutex<[SimulatedReader.Exchange]>([])

    /// A log of nothing.
    public init() {}

    /// All of it, oldest first.
    public var all: [SimulatedReader.Exchange] { exchanges.withLock { $0 } }
    /// One more.
    public func append(_ exchange: SimulatedReader.Exchange) { exchanges.withLock { $0.append(exchange) } }
    /// Forgets all.
    public func clear() { exchanges.withLock { $0 = [] } }
}
