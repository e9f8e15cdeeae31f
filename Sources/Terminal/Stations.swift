import Platform
import Synchronization

/// The readers that are attached, each with its station and the station's thread.
final class Stations: Sendable {
    private let running = Mutex<[String: (station: ReaderStation, thread: DedicatedThread)]>([:])

    /// The station of the reader `name`.
    subscript(name: String) -> ReaderStation? { running.withLock { $0[name]?.station } }

    /// All of them, by name.
    var all: [ReaderStation] { running.withLock { $0.values.map(\.station) }.sorted { $0.name < $1.name } }

    /// Whether no reader is attached.
    var isEmpty: Bool { running.withLock { $0.isEmpty } }

    /// Starts `station` for the reader `name`.
    func add(_ station: ReaderStation, as name: String) {
        running.withLock { $0[name] = (station, station.start()) }
    }

    /// Takes the station of the reader `name` out; it still runs.
    func remove(_ name: String) -> ReaderStation? { running.withLock { $0.removeValue(forKey: name)?.station } }

    /// The cards that lie on readers are to be taken up again.
    func again(at now: Instant) {
        for station in running.withLock({ $0.values.map(\.station) }) { station.again(at: now) }
    }

    /// Ends all of them, once the cards in hand are finished. Whether they have ended by `deadline`.
    func stop(deadline: Instant) -> Bool {
        let ending = running.withLock { running in
            defer { running = [:] }
            return running.values.map { $0 }
        }
        for (station, _) in ending { station.stop() }
        var clean = true
        for (_, thread) in ending { clean = thread.join(until: deadline) && clean }
        return clean
    }
}
