import CampusCard
import LedgerProtocol
import Platform

/// Whether a sale is made, and what the card may spend afterwards: a pure function of what is known.
enum SaleDecision: Equatable {
    /// It is made.
    case sell(Terms)
    /// The six digits are needed first.
    case askPin
    /// It is not made.
    case refuse(SaleRefusal)

    /// On which terms a sale is made.
    struct Terms: Equatable {
        /// What the card may spend afterwards.
        let allowance: Fen
        /// How much of the amount the subsidy pays.
        let subsidy: Fen
        /// The balance afterwards, if the ledger told it.
        let balance: Fen?
        /// Whether the ledger has agreed.
        var isAuthorized: Bool { balance != nil }
    }

    /// What is known of the payer when a sale is decided.
    struct Known {
        let amount: Fen
        /// What the card may spend, or a code or face without the ledger's word.
        let allowance: Fen
        /// What the payer has spent at this terminal.
        let spentHere: (today: Fen, inMeal: Fen)
        let mealLimit: Fen?
        let terms: SaleTerms
    }

    /// Decides before anybody is asked: what no answer could change.
    static func beforehand(_ known: Known, uid: [UInt8], account: UInt64) -> SaleRefusal? {
        if known.terms.isListed(uid: uid, account: account) { return .reportedLost }
        if known.amount > known.terms.rules.saleLimit { return .overSaleLimit }
        return nil
    }

    /// Decides by the ledger's advice, or without it by what the terminal knows itself.
    static func decide(_ known: Known, advice: SaleAdvice?) -> SaleDecision {
        switch advice {
        case .refused(let refusal): .refuse(refusal)
        case .agreed(let agreement): online(known, agreement)
        case nil: offline(known)
        }
    }

    private static func online(_ known: Known, _ agreement: SaleAdvice.Agreement) -> SaleDecision {
        let rules = known.terms.rules
        // What was spent here may be on its way to the ledger still, and the ledger knows of other terminals.
        let spent = (
            today: max(known.spentHere.today, agreement.spentToday),
            inMeal: max(known.spentHere.inMeal, agreement.spentMeal)
        )
        if let refusal = limits(known, spent) { return .refuse(refusal) }
        if known.amount > rules.pinAbove, !agreement.isPinProved { return .askPin }
        let balance = agreement.balance - (known.amount - agreement.subsidy)
        // More than the account holds is never left on a card, or the next sale without a network makes a debt.
        let allowance = min(
            max(balance, .zero), known.allowance < rules.refillBelow ? rules.allowance : known.allowance)
        return .sell(Terms(allowance: allowance, subsidy: agreement.subsidy, balance: balance))
    }

    private static func offline(_ known: Known) -> SaleDecision {
        let rules = known.terms.rules
        if known.amount > rules.pinAbove { return .refuse(.pinNeedsNetwork) }
        if known.amount > rules.offlineLimit(hotlistAgeMilliseconds: known.terms.hotlistAge) {
            return .refuse(.hotlistTooOld)
        }
        if let refusal = limits(known, known.spentHere) { return .refuse(refusal) }
        if known.amount > known.allowance { return .refuse(.allowanceTooLow) }
        return .sell(Terms(allowance: known.allowance - known.amount, subsidy: .zero, balance: nil))
    }

    private static func limits(_ known: Known, _ spent: (today: Fen, inMeal: Fen)) -> SaleRefusal? {
        if let limit = known.terms.rules.dayLimit, spent.today + known.amount > limit { return .overDayLimit }
        if let limit = known.mealLimit, spent.inMeal + known.amount > limit { return .overMealLimit }
        return nil
    }
}
