import Canteen
import LedgerProtocol
import Platform
import Voice

/// What a terminal says aloud of all that it could: money is not everybody's business.
struct TerminalVoice: Sendable {
    private let announcer: Announcer
    private let says: Configuration.Voice.Says

    init(_ announcer: Announcer, _ says: Configuration.Voice.Says?) {
        self.announcer = announcer
        self.says = says ?? Configuration.Voice.Says()
    }

    /// Says `utterance`, or what of it this terminal says.
    func say(
        _ utterance: Utterance, _ rule: SpeakingRule, notBefore: Instant? = nil, language: String? = nil,
        tag: UInt64 = 0
    ) {
        guard let allowed = says.allowed(utterance) else { return }
        announcer.say(allowed, rule, notBefore: notBefore, language: language, tag: tag)
    }

    /// Says the price once an order is ready to be paid.
    func follow(_ counter: Counter, before: Counter?) {
        guard case .present(let order) = counter.phase, before?.order?.amount != order.amount else { return }
        say(Utterance(.pleasePay, amount: order.amount), .replace)
    }

    /// Says what a shift has taken.
    func closed(_ shift: ShiftRecord) {
        let amount = Fen(shift.sales.fen - shift.voids.fen - shift.refunds.fen)
        say(Utterance(.shiftClosed, amount: amount, count: Int(shift.sales.count)), .replace)
    }
}

extension Configuration.Voice.Says {
    /// `utterance` as far as it is said aloud; `nil`: not at all.
    func allowed(_ utterance: Utterance) -> Utterance? {
        switch utterance.id {
        case .paidAmount where !(amounts ?? true): Utterance(.paid)
        case .moneyBackAmount where !(amounts ?? true): Utterance(.moneyBack)
        case .shiftClosed where !(amounts ?? true): nil
        case .balance, .smallPurse: balances ?? false ? utterance : nil
        case .pleasePay: prices ?? false ? utterance : nil
        default: utterance
        }
    }
}
