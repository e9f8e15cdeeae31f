/// The codes that have paid here, oldest first, and what they spent that the ledger does not know of.
///
/// A code is forgotten once its window is over, the ledger has its record, and there are enough younger ones. The last
/// point is for clocks that are set back: what was over may come again, and then the last thousands are still known.
public struct CodeMemory: Sendable {
    /// How many codes are remembered.
    public struct Size: Hashable, Sendable {
        /// Codes that are kept although nothing asks for it any more.
        public let kept: Int
        /// Codes at most. When all of them are still needed, no further one is taken.
        public let most: Int

        /// By default 4,096 (two days of a busy till) and 65,536 (a month of it without a network, 4 MB).
        public init(kept: Int = 4096, most: Int = 65_536) {
            precondition(kept >= 0 && most > 0 && kept <= most, "memory for \(kept) to \(most) codes")
            self.kept = kept
            self.most = most
        }
    }

    private struct Use {
        let hash: UInt64
        let account: UInt64
        let sequence: UInt64
        let endMilliseconds: Int64
        /// What counts towards the account's cap: nothing once it was undone or confirmed.
        var amountFen: UInt32
    }

    private let size: Size
    /// Ascending in sequence; the first `forgotten` are empty places, cleared away from time to time.
    private var uses: [Use] = []
    private var forgotten = 0
    /// Uses before this one are confirmed.
    private var unconfirmed = 0
    private var confirmedThrough: UInt64 = 0
    /// How many places were cleared away so far, so that ``places`` need not be renumbered.
    private var cleared = 0
    /// Where each hash stands in ``uses``, counted from the very first.
    private var places: [UInt64: Int] = [:]
    private var spent: [UInt64: Int64] = [:]

    init(size: Size) { self.size = size }

    var count: Int { places.count }

    func holds(_ hash: UInt64) -> Bool { places[hash] != nil }

    func spentFen(by account: UInt64) -> Int64 { spent[account] ?? 0 }

    /// Whether one more code can be remembered at `now`.
    func hasRoom(at now: Int64) -> Bool { count < size.most || isOver(forgotten, at: now) }

    /// - Parameters:
    ///   - now: when it was used, in milliseconds since 1970-01-01 UTC.
    ///   - endMilliseconds: when its window is over for sure.
    mutating func use(
        _ hash: UInt64, account: UInt64, amountFen: UInt32, sequence: UInt64, at now: Int64, endMilliseconds: Int64
    ) {
        // The outcome of a sale names the same code as its intent.
        guard places[hash] == nil else { return }
        forget(at: now)
        places[hash] = cleared + uses.count
        let isConfirmed = sequence <= confirmedThrough
        uses.append(
            Use(
                hash: hash, account: account, sequence: sequence, endMilliseconds: endMilliseconds,
                amountFen: isConfirmed ? 0 : amountFen))
        if isConfirmed {
            confirm(through: confirmedThrough)
        } else if amountFen > 0 {
            spent[account, default: 0] += Int64(amountFen)
        }
    }

    mutating func undo(_ hash: UInt64) {
        guard let place = places[hash] else { return }
        release(place - cleared)
    }

    mutating func confirm(through sequence: UInt64) {
        confirmedThrough = max(confirmedThrough, sequence)
        while unconfirmed < uses.count, uses[unconfirmed].sequence <= sequence {
            release(unconfirmed)
            unconfirmed += 1
        }
    }

    private mutating func release(_ index: Int) {
        let use = uses[index]
        guard use.amountFen > 0 else { return }
        uses[index].amountFen = 0
        let left = spentFen(by: use.account) - Int64(use.amountFen)
        spent[use.account] = left > 0 ? left : nil
    }

    private func isOver(_ index: Int, at now: Int64) -> Bool {
        index < unconfirmed && uses[index].endMilliseconds <= now
    }

    private mutating func forget(at now: Int64) {
        while count >= size.kept, isOver(forgotten, at: now) {
            places[uses[forgotten].hash] = nil
            forgotten += 1
        }
        // Cleared away by the thousand, as an array moves everything behind.
        guard forgotten >= max(1024, size.kept) else { return }
        uses.removeFirst(forgotten)
        cleared += forgotten
        unconfirmed -= forgotten
        forgotten = 0
    }
}
