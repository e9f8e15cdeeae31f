import Activation
import Health
import Platform
import Voice

/// How one ending of a tap is told: under which notice, and by which sentences.
struct Announcement {
    let notice: Notice
    /// Sentences, the first of which may interrupt; the rest follow it.
    let prompts: [Utterance]
    /// Whether the first sentence waits for the “do not remove” one to end and for the time holders were told.
    let waits: Bool
    /// Which light goes with it.
    let light: Light

    /// The lights that a tap can end with.
    enum Light { case success, failure }

    init(_ ending: ActivationEnding) {
        switch ending {
        case .activated(_, _, let smallPurse, let balance):
            self.init(
                .activated, saying: [Utterance(.activated)] + Self.money(smallPurse, balance), waits: true, .success)
        case .alreadyActive: self.init(.alreadyActive, [.alreadyActive], .success)
        case .refused(let refusal): self.init(refusal)
        case .leftUntouched: self.init(.tapAgain, [.tapAgain])
        case .unknown: self.init(.removedEarly, [.cardRemovedEarly])
        case .chipDefective: self.init(.chipDefective, [.cardDefective])
        case .outOfService: self.init(.terminalOutOfService, [.outOfService])
        }
    }

    private init(_ refusal: Refusal) {
        switch refusal {
        case .noAccount: self.init(.noAccount, [.noAccount])
        case .activeElsewhere: self.init(.activeElsewhere, [.activeElsewhere])
        case .reportedLost: self.init(.reportedLost, [.reportedLost])
        case .unknownCard: self.init(.unknownCard, [.unknownCard])
        case .unreadable: self.init(.cardUnreadable, [.cardUnreadable])
        case .rosterTooOld: self.init(.noPermission, [.rosterTooOld])
        case .activationClosed: self.init(.activationClosed, [.activationClosed])
        case .twoCards: self.init(.oneCardOnly, [.oneCardOnly])
        }
    }

    init(_ notice: Notice, _ prompts: [PromptID], _ light: Light = .failure) {
        self.init(notice, saying: prompts.map { Utterance($0) }, light)
    }

    init(_ notice: Notice, saying prompts: [Utterance], waits: Bool = false, _ light: Light) {
        self.notice = notice
        self.prompts = prompts
        self.waits = waits
        self.light = light
    }

    /// What a holder whose card has become active should know of the money. What is not known is not called zero.
    private static func money(_ smallPurse: Fen?, _ balance: Fen?) -> [Utterance] {
        var said: [Utterance] = []
        if let smallPurse, smallPurse > .zero { said.append(Utterance(.smallPurse, amount: smallPurse)) }
        if balance == .zero { return said + [Utterance(.topUpFirst)] }
        return said + (balance.map { [Utterance(.balance, amount: $0)] } ?? [])
    }
}
