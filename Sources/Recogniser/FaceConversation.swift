import Platform

/// What is said between till and module, without any socket: which sale waits, whose match is taken, what is answered.
struct FaceConversation: Sendable {
    /// What came of something said.
    struct Reaction: Hashable, Sendable {
        var replies: [FaceLine.Reply] = []
        var events: [FaceEvent] = []
        /// Whether the module is to be cut off.
        var isOver = false

        static func + (left: Reaction, right: Reaction) -> Reaction {
            Reaction(
                replies: left.replies + right.replies, events: left.events + right.events,
                isOver: left.isOver || right.isOver)
        }
    }

    private enum Phase: Hashable {
        case idle
        case asking(FaceOrder)
        case serving(FaceOrder)
    }

    private let rule: FaceRule
    private var phase = Phase.idle
    private var used = UsedMatches()
    private var line: [UInt8] = []
    private var isDropping = false
    private var second: (begun: Instant, lines: Int, bytes: Int)?
    /// Lines that were no matches, of all modules since the start.
    private(set) var malformed = 0

    /// More than a camera's pictures that could be meant.
    private static let linesASecond = 20
    private static let bytesASecond = 65_536

    init(rule: FaceRule) { self.rule = rule }

    /// A module has connected.
    mutating func greet() -> [FaceLine.Reply] {
        (line, isDropping, second) = ([], false, nil)
        if case .asking(let order) = phase { return [.hello, .waiting(order)] }
        return [.hello]
    }

    /// A sale waits for a face from now on, in place of any before. Nothing is said when it costs more than a face may pay.
    mutating func ask(_ order: FaceOrder) -> [FaceLine.Reply] {
        guard order.amountFen <= rule.capFen else { return withdraw() }
        phase = .asking(order)
        return [.waiting(order)]
    }

    /// No sale waits for a face any more.
    mutating func withdraw() -> [FaceLine.Reply] {
        switch phase {
        case .idle: return []
        case .asking(let order), .serving(let order):
            phase = .idle
            return [.idle(order: order.number)]
        }
    }

    /// The till has made the sale, or not, that a match was taken for.
    mutating func conclude(_ number: UInt64, refusal: String?) -> [FaceLine.Reply] {
        guard case .serving(let order) = phase, order.number == number else { return [] }
        phase = .idle
        return [refusal.map { .refused(order: number, reason: $0) } ?? .taken(order: number)]
    }

    /// `bytes` came from the module at `now`, when the wall clock showed `wallMilliseconds`.
    mutating func hear(_ bytes: [UInt8], at now: Instant, wallMilliseconds: Int64) -> Reaction {
        let (begun, lines, sum) = current(now)
        second = (begun, lines, sum + bytes.count)
        guard sum + bytes.count <= Self.bytesASecond else {
            return Reaction(replies: [.error(.tooMany)], isOver: true)
        }
        var reaction = Reaction()
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if !isDropping { reaction = reaction + take(line, at: now, wallMilliseconds) }
                (line, isDropping) = ([], false)
            } else if !isDropping {
                line.append(byte)
                guard line.count > FaceLine.longest else { continue }
                (line, isDropping) = ([], true)
                reaction = reaction + mistake(.tooLong)
            }
        }
        return reaction
    }

    private func current(_ now: Instant) -> (begun: Instant, lines: Int, bytes: Int) {
        guard let second, now.milliseconds(since: second.begun) < 1000 else { return (now, 0, 0) }
        return second
    }

    private mutating func take(_ line: [UInt8], at now: Instant, _ wallMilliseconds: Int64) -> Reaction {
        var count = current(now)
        count.lines += 1
        second = count
        if count.lines > Self.linesASecond {
            return count.lines == Self.linesASecond + 1 ? Reaction(replies: [.error(.tooMany)]) : Reaction()
        }
        guard let match = FaceLine.match(line) else { return mistake(.malformed) }
        return judge(match, wallMilliseconds)
    }

    private mutating func mistake(_ mistake: FaceMistake) -> Reaction {
        malformed += 1
        return Reaction(replies: [.error(mistake)], events: [.malformed(total: malformed)])
    }

    private mutating func judge(_ match: FaceMatch, _ wallMilliseconds: Int64) -> Reaction {
        switch phase {
        case .idle: return refused(match, nil, .nobodyAsked)
        case .serving(let order): return refused(match, order, .beingServed)
        case .asking(let order):
            if let refusal = rule.refusal(of: match, for: order, at: wallMilliseconds) {
                return refused(match, order, refusal)
            }
            if used.holds(match) { return refused(match, order, .alreadyUsed) }
            used.add(match)
            phase = .serving(order)
            return Reaction(events: [.matched(match, order: order.number)])
        }
    }

    private func refused(_ match: FaceMatch, _ order: FaceOrder?, _ refusal: FaceRefusal) -> Reaction {
        Reaction(
            replies: [.refused(order: order?.number, reason: refusal.rawValue)], events: [.refused(match, refusal)])
    }
}
