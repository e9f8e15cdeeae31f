import LedgerProtocol
import Platform
import Synchronization

/// A feed's bytes as they go out, signed, and the version that they lead to.
struct IssuedFeed: Hashable, Sendable {
    let version: UInt64
    let bytes: [UInt8]
}

/// The answers that many terminals get, each made once.
///
/// Whoever asks for one that is being made waits for it: after an issue, a thousand terminals want the same delta at once.
final class FeedCache: Sendable {
    /// Which answer: what leads from a version to the newest.
    struct Key: Hashable {
        let kind: FeedKind
        let since: UInt64
        let version: UInt64
    }

    private typealias Made = Result<IssuedFeed, any Error>

    private struct State {
        var answers: [Key: Answer<Made>] = [:]
        /// Oldest first, those that are made.
        var sizes: [(key: Key, bytes: Int)] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// A cache of at most `limit` bytes, and of what is asked for at this moment.
    init(limit: Int = 64 << 20) { self.limit = limit }

    /// The answer for `key`, made by `make` unless it was or is being made.
    func answer(_ key: Key, make: () throws -> IssuedFeed) throws -> IssuedFeed {
        let (answer, isMine) = state.withLock { state in
            if let known = state.answers[key] { return (known, false) }
            let new = Answer<Made>()
            state.answers[key] = new
            return (new, true)
        }
        if isMine {
            let made = Result { try make() }
            answer.give(made)
            keep(made, of: key)
            return try made.get()
        }
        guard let made = answer.wait() else { throw LedgerDamage("an answer that never came") }
        return try made.get()
    }

    /// Only the newest version is ever asked for, so what led to older ones goes first.
    private func keep(_ made: Made, of key: Key) {
        state.withLock { state in
            guard case .success(let feed) = made else {
                state.answers[key] = nil
                return
            }
            state.sizes.append((key, feed.bytes.count))
            let old = state.sizes.filter { $0.key.kind == key.kind && $0.key.version < key.version }
            for entry in old { state.answers[entry.key] = nil }
            state.sizes.removeAll { $0.key.kind == key.kind && $0.key.version < key.version }
            while state.sizes.count > 1, state.sizes.reduce(0, { $0 + $1.bytes }) > limit {
                state.answers[state.sizes.removeFirst().key] = nil
            }
        }
    }

    /// How many answers are kept.
    var count: Int { state.withLock { $0.answers.count } }
}
