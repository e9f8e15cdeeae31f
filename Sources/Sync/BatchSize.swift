/// How many records to send at once: as many as the link takes quickly, few over one that breaks off.
///
/// It doubles after a full batch that was answered within a second, and halves after one that took four or none at all.
/// Twice what was quick is not yet slow, so that on a steady link it settles. Where larger ones are broken off again and
/// again, it takes ever more good answers before the next is tried.
struct BatchSize: Sendable {
    /// Answers within so many milliseconds are quick.
    static let quickMilliseconds: Int64 = 1000
    /// Answers after so many milliseconds are slow; well below the timeout of a request.
    static let slowMilliseconds: Int64 = 4000
    /// Below so many records a request is mostly its own head.
    private static let least = 16
    private static let neededMost = 64

    /// Records to send next.
    private(set) var current: Int
    private let least: Int
    private let most: Int
    /// Good answers in a row that it takes to grow, and those there were.
    private var needed = 1
    private var good = 0
    /// Whether the size was never answered for yet.
    private var isTrial = false

    /// A size that begins with `first` records and never goes beyond `most`.
    init(first: Int, most: Int) {
        current = min(first, most)
        least = min(Self.least, current)
        self.most = most
    }

    /// The ledger answered `sent` records after `milliseconds`.
    mutating func answered(sent: Int, after milliseconds: Int64) {
        if milliseconds >= Self.slowMilliseconds {
            shrink(from: sent)
        } else if milliseconds <= Self.quickMilliseconds, sent >= current {
            if isTrial { needed = 1 }
            isTrial = false
            good += 1
            grow()
        }
    }

    private mutating func grow() {
        guard good >= needed, current < most else { return }
        current = min(most, current * 2)
        good = 0
        isTrial = true
    }

    /// Sending `sent` records failed.
    mutating func failed(sent: Int, _ error: LedgerClientError) {
        if Self.isWorseForMore(error) { shrink(from: sent) }
    }

    private mutating func shrink(from sent: Int) {
        if isTrial { needed = min(needed * 2, Self.neededMost) }
        isTrial = false
        good = 0
        current = max(least, min(current, sent) / 2)
    }

    /// Whether fewer records at once might fare better: no answer in time, a connection broken in the middle (libcurl's 18,
    /// 52, 55 and 56), a proxy that finds the body too large.
    private static func isWorseForMore(_ error: LedgerClientError) -> Bool {
        error.kind == .timeout || ["curl-18", "curl-52", "curl-55", "curl-56", "http-413"].contains(error.code)
    }
}
