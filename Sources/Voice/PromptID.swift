/// The name of a sentence, the same in every language: `activating`.
public struct PromptID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The name as catalogue, manifests and configuration write it.
    public let rawValue: String

    /// The sentence of this name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The name itself.
    public var description: String { rawValue }
}

// The sentences that the terminal itself says; their words are in device-profiles/voices/catalogue.json5.
extension PromptID {
    /// The card is being activated and must stay.
    public static let activating = Self(rawValue: "activating")
    /// The card is active from now on.
    public static let activated = Self(rawValue: "activated")
    /// The card was active before.
    public static let alreadyActive = Self(rawValue: "already-active")
    /// The new account holds nothing yet.
    public static let topUpFirst = Self(rawValue: "top-up-first")
    /// The card could not be dealt with this time.
    public static let tapAgain = Self(rawValue: "tap-again")
    /// The card went away before it was finished.
    public static let cardRemovedEarly = Self(rawValue: "card-removed-early")
    /// The holder has not opened an account.
    public static let noAccount = Self(rawValue: "no-account")
    /// The account is bound to another card.
    public static let activeElsewhere = Self(rawValue: "active-elsewhere")
    /// The card was reported lost.
    public static let reportedLost = Self(rawValue: "reported-lost")
    /// The card is none of the campus.
    public static let unknownCard = Self(rawValue: "unknown-card")
    /// The card's contents make no sense, or it stopped answering.
    public static let cardUnreadable = Self(rawValue: "card-unreadable")
    /// The chip does not take what is written to it.
    public static let cardDefective = Self(rawValue: "card-defective")
    /// There is no network, and the list of accounts kept for that case is too old.
    public static let rosterTooOld = Self(rawValue: "roster-too-old")
    /// Two cards lie on the reader.
    public static let oneCardOnly = Self(rawValue: "one-card-only")
    /// The terminal cannot serve anybody.
    public static let outOfService = Self(rawValue: "out-of-service")
    /// Cards are no longer activated here.
    public static let activationClosed = Self(rawValue: "activation-closed")
    /// What the old card's small purse held; with an amount.
    public static let smallPurse = Self(rawValue: "small-purse")
    /// The terminal waits for a card.
    public static let ready = Self(rawValue: "ready")

    // At a till.

    /// The holder has paid.
    public static let paid = Self(rawValue: "paid")
    /// The last sale was taken back, or money was given back.
    public static let moneyBack = Self(rawValue: "money-back")
    /// The same card is to be shown once more.
    public static let sameCardAgain = Self(rawValue: "same-card-again")
    /// The card was never activated.
    public static let notActivated = Self(rawValue: "not-activated")
    /// The balance does not cover it.
    public static let balanceTooLow = Self(rawValue: "balance-too-low")
    /// A limit does not allow it.
    public static let overLimit = Self(rawValue: "over-limit")
    /// Without a network it is too much.
    public static let needsNetwork = Self(rawValue: "needs-network")
    /// The holder is to enter the six digits.
    public static let enterPin = Self(rawValue: "enter-pin")
    /// The six digits are wrong, or locked.
    public static let pinWrong = Self(rawValue: "pin-wrong")
    /// The payment code cannot be taken; a fresh one may.
    public static let codeInvalid = Self(rawValue: "code-invalid")
    /// This card has paid already.
    public static let alreadyPaid = Self(rawValue: "already-paid")
    /// The holder's account was closed.
    public static let accountClosed = Self(rawValue: "account-closed")
    /// The account has another card now.
    public static let cardReplaced = Self(rawValue: "card-replaced")
    /// Too many guesses at the six digits.
    public static let pinLocked = Self(rawValue: "pin-locked")
    /// The price, before it is paid; with an amount.
    public static let pleasePay = Self(rawValue: "please-pay")
    /// The holder has paid; with the amount.
    public static let paidAmount = Self(rawValue: "paid-amount")
    /// Money was given back; with the amount.
    public static let moneyBackAmount = Self(rawValue: "money-back-amount")
    /// The cashier has closed the shift; with the count of its sales and their amount.
    public static let shiftClosed = Self(rawValue: "shift-closed")

    // At both.

    /// What the account holds; with an amount.
    public static let balance = Self(rawValue: "balance")
}
