import Activation
import Health
import Platform
import Voice

/// How one ending of a tap is told: under which notice, and by which sentences.
struct Announcement {
    let notice: Notice
    /// Sentences, the first of which may interrupt; the rest follow it.
    let prompts: [PromptID]
    /// Whether the first sentence waits for the “do not remove” one to end and for the time holders were told.
    let waits: Bool
    /// Which light goes with it.
    let light: Light

    /// The lights that a tap can end with.
    enum Light { case success, failure }

    init(_ ending: ActivationEnding) {
        switch ending {
        case .activated(_, _, _, let balance):
            // A balance that is not known is not called zero.
            self.init(.activated, balance == .zero ? [.activated, .topUpFirst] : [.activated], waits: true, .success)
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
        // No sentence of its own was recorded: this one says where to go.
        case .activationClosed: self.init(.activationClosed, [.unknownCard])
        case .twoCards: self.init(.oneCardOnly, [.oneCardOnly])
        }
    }

    init(_ notice: Notice, _ prompts: [PromptID], waits: Bool = false, _ light: Light = .failure) {
        self.notice = notice
        self.prompts = prompts
        self.waits = waits
        self.light = light
    }
}
