import Platform

/// Whose the cards on a reader are: ours, or for a while a technician's, who has asked for the reader.
struct ReaderUse: Sendable {
    /// The longest that a reader is lent, in milliseconds: whoever forgets to give it back keeps no queue waiting.
    static let lendingMilliseconds: Int64 = 120_000

    /// Whether a card is being served.
    var isServing = false
    private var borrower: UInt64?
    private var until = Instant(nanoseconds: 0)

    /// Takes the next card up; false: it is not ours.
    mutating func take(at now: Instant) -> Bool {
        if isLent(at: now) { return false }
        isServing = true
        return true
    }

    /// Gives the reader's cards to the client of that number, unless one is in hand or another client has them.
    mutating func lend(to client: UInt64, at now: Instant) -> Bool {
        guard !isServing, !isLent(at: now) || borrower == client else { return false }
        (borrower, until) = (client, now.advanced(milliseconds: Self.lendingMilliseconds))
        return true
    }

    /// The client of that number does not need it any more; whether it had it.
    mutating func giveBack(from client: UInt64) -> Bool {
        guard borrower == client else { return false }
        borrower = nil
        return true
    }

    func isLent(at now: Instant) -> Bool { borrower != nil && now < until }
}
