import Platform
import Synchronization

/// Those who want a record written: the first to come writes at once, and whoever comes meanwhile shares the next sync.
///
/// One caller at a time has the file. It writes on its own thread: handing over to another thread and back costs a lone
/// caller a fifth of a durable append (`tools/bench journal`).
final class AppendQueue: Sendable {
    typealias Outcome = Result<AppendedRecord, JournalError>

    private enum Turn: Sendable {
        /// It is this caller's turn to write, for itself and all who wait by then.
        case lead
        /// Another caller wrote for this one.
        case answered(Outcome)
    }

    private struct Waiting: Sendable {
        let draft: JournalWriter.Draft
        let turn: Answer<Turn>
    }

    private struct State: Sendable {
        var waiting: [Waiting] = []
        var isBusy = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let drained = Signal()

    /// Has `draft` written by `write`, alone or with others'.
    func append(
        _ draft: JournalWriter.Draft, write: ([JournalWriter.Draft]) -> [Outcome]
    ) throws(JournalError) -> AppendedRecord {
        let (isOpen, turn) = enter(draft)
        guard isOpen else { throw .closed }
        if case .answered(let outcome)? = turn?.wait() { return try outcome.get() }
        let others = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        let outcomes = write([draft] + others.map(\.draft))
        passOn()
        for (other, outcome) in zip(others, outcomes.dropFirst()) { other.turn.give(.answered(outcome)) }
        return try outcomes[0].get()
    }

    /// - Returns: nothing to wait for when nobody writes.
    private func enter(_ draft: JournalWriter.Draft) -> (isOpen: Bool, turn: Answer<Turn>?) {
        state.withLock { state in
            guard !state.isClosed else { return (false, nil) }
            guard state.isBusy else {
                state.isBusy = true
                return (true, nil)
            }
            let turn = Answer<Turn>()
            state.waiting.append(Waiting(draft: draft, turn: turn))
            return (true, turn)
        }
    }

    private func passOn() {
        let next = state.withLock { state in
            if state.waiting.isEmpty {
                state.isBusy = false
                if state.isClosed { drained.raise() }
                return nil as Answer<Turn>?
            }
            return state.waiting.removeFirst().turn
        }
        next?.give(.lead)
    }

    /// Refuses further records; those that wait are still written.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if !state.isBusy { drained.raise() }
        }
    }

    /// Returns when it is closed and the last record is written.
    func waitUntilDrained() { _ = drained.wait(until: nil) }
}
