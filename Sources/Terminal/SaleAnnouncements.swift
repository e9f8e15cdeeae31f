import Canteen
import Health
import Platform
import Voice

extension Announcement {
    /// How an ending at the till is told.
    init(_ ending: SaleEnding) {
        switch ending {
        case .paid(let receipt): self.init(.paid, saying: Self.said(.paidAmount, receipt), .success)
        case .paidBefore(let receipt): self.init(.paidBefore, saying: Self.said(.paidAmount, receipt), .success)
        case .voided(let receipt): self.init(.voided, saying: Self.said(.moneyBackAmount, receipt), .success)
        case .refunded(let receipt): self.init(.refunded, saying: Self.said(.moneyBackAmount, receipt), .success)
        case .practised(let amount):
            self.init(.practised, saying: [Utterance(.paidAmount, amount: amount)], .success)
        case .shown: self.init(.shown, [], .success)
        case .refused(let refusal): self.init(refusal)
        case .pinNeeded: self.init(.pinNeeded, [.enterPin])
        case .leftUntouched: self.init(.saleTapAgain, [.tapAgain])
        case .inDoubt: self.init(.saleInDoubt, [.sameCardAgain])
        case .outOfService: self.init(.tillOutOfService, [.outOfService])
        }
    }

    private static func said(_ id: PromptID, _ receipt: SaleReceipt) -> [Utterance] {
        [Utterance(id, amount: receipt.amount)] + (receipt.balance.map { [Utterance(.balance, amount: $0)] } ?? [])
    }

    private init(_ refusal: SaleRefusal) {
        switch refusal {
        case .notActivated: self.init(.saleNotActivated, [.notActivated])
        case .cardDamaged: self.init(.saleCardDamaged, [.cardUnreadable])
        case .reportedLost: self.init(.saleReportedLost, [.reportedLost])
        case .noAccount: self.init(.saleNoAccount, [.noAccount])
        case .accountClosed: self.init(.saleAccountClosed, [.accountClosed])
        case .cardReplaced: self.init(.saleCardReplaced, [.cardReplaced])
        case .balanceTooLow: self.init(.balanceTooLow, [.balanceTooLow])
        case .allowanceTooLow: self.init(.allowanceTooLow, [.needsNetwork])
        case .overSaleLimit: self.init(.overSaleLimit, [.overLimit])
        case .hotlistTooOld: self.init(.saleHotlistTooOld, [.needsNetwork])
        case .overDayLimit: self.init(.overDayLimit, [.overLimit])
        case .overMealLimit: self.init(.overMealLimit, [.overLimit])
        case .pinNeedsNetwork: self.init(.pinNeedsNetwork, [.needsNetwork])
        case .pinWrong: self.init(.pinWrong, [.pinWrong])
        case .pinLocked: self.init(.pinLocked, [.pinLocked])
        case .justPaid: self.init(.justPaid, [.alreadyPaid])
        case .anotherCard: self.init(.anotherCard, [.sameCardAgain])
        case .twoCards: self.init(.saleTwoCards, [.oneCardOnly])
        // The cashier's fault, for the screen alone.
        case .notVoidable: self.init(.notVoidable, [])
        case .noOrder: self.init(.noOrder, [])
        case .cardWornOut: self.init(.cardWornOut, [.cardDefective])
        case .codeNotOurs: self.init(.codeNotOurs, [.codeInvalid])
        case .codeIncomplete: self.init(.codeIncomplete, [.codeInvalid])
        case .codeExpired: self.init(.codeExpired, [.codeInvalid])
        case .codeUsed: self.init(.codeUsed, [.codeInvalid])
        case .codeOverCap: self.init(.codeOverCap, [.needsNetwork])
        // Somebody who only stands there is not to be shouted at.
        case .faceNotTaken: self.init(.faceNotTaken, [])
        }
    }
}

extension TerminalService {
    /// Tells how a sale without a card ended.
    static func told(
        _ report: SaleReport, language: String?, events: EventStream, voice: TerminalVoice, at now: Instant
    ) {
        let announcement = Announcement(report.ending)
        for (index, prompt) in announcement.prompts.enumerated() {
            voice.say(prompt, index > 0 ? .queue : .preempt, language: language)
        }
        events.publish(
            TerminalEvent(
                "ended", at: now, what: announcement.notice.id, detail: report.particulars,
                code: announcement.notice.code, milliseconds: report.milliseconds))
    }
}
