/// What PostgreSQL, or the way to it, answered instead of doing what was asked.
public struct PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The five characters that name the error (PostgreSQL's appendix A); empty when no server said anything.
    public let state: String
    /// Its words.
    public let message: String

    /// What is wrong, for people.
    public var description: String { state.isEmpty ? message : "\(message) (\(state))" }

    /// Whether another transaction was faster, and beginning anew is the answer: serialization failure, deadlock, a row
    /// that somebody else has just added under the same key, a lock not to be had in time.
    var isLostRace: Bool { ["40001", "40P01", "23505", "55P03"].contains(state) }

    /// Whether the server or the connection is gone; what was not committed is undone there.
    var isConnectionLost: Bool { state.isEmpty || state.hasPrefix("08") || state.hasPrefix("57P") }
}

extension PostgresError {
    /// Whether the server has no room, no memory or no connection left, or may only read at present.
    var isOutOfResources: Bool { state.hasPrefix("53") || state.hasPrefix("58") || state == "25006" }
}

/// The connection broke while a commit was on its way: it may have happened.
///
/// Nobody here knows, so nobody repeats it here; whoever asked does, and everything that can be asked may be.
public struct CommitUnknown: Error, Hashable, Sendable, CustomStringConvertible {
    /// What broke.
    public let cause: PostgresError

    /// What is wrong, for people.
    public var description: String { "the connection broke during a commit, which may have happened: \(cause)" }
}
