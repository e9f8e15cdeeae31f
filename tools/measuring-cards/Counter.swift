package import DeviceProfiles
import Platform
package import Simulator
import Synchronization

/// What was done to a card, by the reader's own account.
package struct Work {
    package let apdus: Int
    /// From laying the card down to the end, in milliseconds.
    package let milliseconds: Double
    /// What the commands alone took of it; the rest are re-selections and whatever we waited for.
    package let commandMilliseconds: Double
    /// The longest of them.
    package let slowestCommand: Double
}

/// A simulated reader with one card, and how many commands it hears.
package final class Counter {
    package let campus: Campus
    package let reader: SimulatedReader
    package let card: SimulatedCard
    package let time = SimulatedTime()
    private let commands = Commands()

    /// Milliseconds of each command since the card was laid down.
    private final class Commands: Sendable {
        let milliseconds = Mutex<[Double]>([])
    }

    /// A reader of `profile`, and a card of `kind` beside it.
    package init(_ campus: Campus, _ profile: ReaderProfile, _ kind: Campus.Card) throws {
        self.campus = campus
        card = SimulatedCard(try campus.chip(kind))
        let commands = self.commands
        reader = SimulatedReader(profile: profile, time: time) { exchange in
            commands.milliseconds.withLock { $0.append(exchange.milliseconds) }
        }
    }

    /// What `body` does to the card, which is laid down for it and lifted again.
    package func work(_ body: () throws -> Void) rethrows -> Work {
        reader.layDown(card)
        defer { reader.lift() }
        commands.milliseconds.withLock { $0 = [] }
        let start = time.now()
        try body()
        let elapsed = Double(time.now().nanoseconds - start.nanoseconds) / 1e6
        let each = commands.milliseconds.withLock { $0 }
        return Work(
            apdus: each.count, milliseconds: elapsed, commandMilliseconds: each.reduce(0, +),
            slowestCommand: each.max() ?? 0)
    }
}
