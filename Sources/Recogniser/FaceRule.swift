/// A sale that a face may pay for.
public struct FaceOrder: Hashable, Sendable {
    /// The till's number of it; another one for every sale.
    public let number: UInt64
    /// What is to be paid, in fen.
    public let amountFen: UInt32
    /// When the customer saw the amount, in milliseconds since 1970-01-01 UTC: a face from before has agreed to nothing.
    public let shownMilliseconds: Int64

    /// An order with these values.
    public init(number: UInt64, amountFen: UInt32, shownMilliseconds: Int64) {
        self.number = number
        self.amountFen = amountFen
        self.shownMilliseconds = shownMilliseconds
    }
}

/// Why a match does not pay.
public enum FaceRefusal: String, Hashable, Sendable, CaseIterable {
    /// No sale waits for a face.
    case nobodyAsked = "nobody-asked"
    /// A match for this sale is being served already.
    case beingServed = "being-served"
    /// The amount is more than a face may pay.
    case amountAboveCap = "amount-above-cap"
    /// The face does not fit well enough.
    case scoreTooLow = "score-too-low"
    /// It may be a picture of the face.
    case livenessTooLow = "liveness-too-low"
    /// The picture was taken before the customer saw the amount.
    case beforeOrder = "before-order"
    /// The picture is older than faces stay.
    case tooOld = "too-old"
    /// The picture is yet to be taken: the module's clock is not ours.
    case fromTheFuture = "from-the-future"
    /// The same match has paid before.
    case alreadyUsed = "already-used"
}

/// How sure a recogniser must be, and what a face may pay. A face is a convenience, and never the only means.
public struct FaceRule: Hashable, Sendable {
    /// The lowest score, in thousandths.
    public let scoreLeast: UInt16
    /// The lowest liveness, in thousandths.
    public let livenessLeast: UInt16
    /// The most that a face may pay for at once, in fen.
    public let capFen: UInt32
    /// How long after the picture a match counts, in milliseconds.
    public let freshMilliseconds: Int64

    /// A rule with these values.
    ///
    /// - Parameters:
    ///   - scoreLeast: 0...1000; what a score means is the module's to say, so 950 is only a cautious start.
    ///   - livenessLeast: 0...1000, likewise.
    ///   - capFen: by default ¥30, a dear lunch.
    ///   - freshMilliseconds: by default 3 s: within it the person has not left the counter.
    public init(
        scoreLeast: UInt16 = 950, livenessLeast: UInt16 = 900, capFen: UInt32 = 3_000, freshMilliseconds: Int64 = 3_000
    ) {
        self.scoreLeast = scoreLeast
        self.livenessLeast = livenessLeast
        self.capFen = capFen
        self.freshMilliseconds = freshMilliseconds
    }

    /// Why `match` does not pay for `order` at `now` (milliseconds since 1970-01-01 UTC); `nil`: it does.
    public func refusal(of match: FaceMatch, for order: FaceOrder, at now: Int64) -> FaceRefusal? {
        if order.amountFen > capFen { return .amountAboveCap }
        if match.score < scoreLeast { return .scoreTooLow }
        if match.liveness < livenessLeast { return .livenessTooLow }
        if match.milliseconds < order.shownMilliseconds { return .beforeOrder }
        if match.milliseconds > now { return .fromTheFuture }
        let (age, isTooLong) = now.subtractingReportingOverflow(match.milliseconds)
        return isTooLong || age > freshMilliseconds ? .tooOld : nil
    }
}

/// Remembers which matches have paid, so that none does twice.
struct UsedMatches: Sendable {
    /// More than can be fresh at once: sales come one after the other, and each takes a second.
    private static let most = 64
    private var used: [FaceMatch] = []

    /// Whether the match of this account at this time was used; what it scored does not matter.
    func holds(_ match: FaceMatch) -> Bool {
        used.contains { $0.account == match.account && $0.milliseconds == match.milliseconds }
    }

    mutating func add(_ match: FaceMatch) {
        used.append(match)
        if used.count > Self.most { used.removeFirst() }
    }
}
