import LedgerProtocol
import Platform

/// What the outcome of an activation does: the card becomes active once, and its small purse is paid once, however
/// many terminals report it.
struct ActivationPosting {
    /// The most that a small purse is believed to hold: ¥1,000.
    ///
    /// Dispensers took fen; more is a decoding error, and money is not made from those.
    static let purseLimit: Int64 = 100_000

    let outcome: ActivationOutcome
    let name: RecordName
    /// When the activation ended, by the terminal's wall clock, in milliseconds since 1970-01-01 UTC.
    let ended: Int64
    let now: Int64

    private var intent: ActivationIntent { outcome.intent }

    func post(in books: inout BatchBooks) {
        if outcome.result == .chipDefective {
            settleOwnIntent("chip-defective", &books)
            return note("chip-defective", paid: 0, &books)
        }
        if let (reason, detail) = objection(books) {
            settleOwnIntent("suspense", &books)
            note("suspense", paid: 0, &books)
            return books.suspend(name, reason, detail, fen: outcome.smallPurse?.rawValue, now: now)
        }
        guard let account = Int64(exactly: intent.account) else { return }
        let isNew = books.card(uid: intent.uid) == nil
        if isNew {
            let card = KnownCard(uid: intent.uid, account: account, serial: intent.cardSerial, isActive: true)
            books.activate(card, at: ended, by: name)
        }
        // A card begun at one terminal and finished at another leaves an intent at the first: it is settled all the same.
        books.settleIntents(of: intent.uid, as: "activated") { $0.account == account }
        note(isNew ? "activated" : "confirmed", paid: payPurse(into: account, &books), &books)
    }

    /// Why this outcome cannot be posted, if there is a reason.
    private func objection(_ books: BatchBooks) -> (SuspenseReason, String)? {
        guard let number = Int64(exactly: intent.account), let account = books.accounts[number] else {
            return (.unknownAccount, "account \(intent.account)")
        }
        if !account.isOpen { return (.closedAccount, "account \(number)") }
        if account.isReportedLost { return (.reportedLost, "account \(number)") }
        if let card = books.card(uid: intent.uid) {
            if card.account != number {
                return (.cardOfAnotherAccount, "account \(number); the card is of \(card.account)")
            }
            if !card.isActive { return (.retiredCard, "account \(number)") }
        }
        if let card = books.activeCard(of: number), card.uid != intent.uid {
            return (.activeElsewhere, "account \(number)")
        }
        if account.cardSerial != intent.cardSerial {
            return (.serialMismatch, "account \(number): card \(intent.cardSerial) instead of \(account.cardSerial)")
        }
        return nil
    }

    /// The transfer that pays the small purse of an outcome's card: one for ever, whoever reports it.
    static func purseTransfer(of outcome: ActivationOutcome) -> String {
        purseTransfer(uid: outcome.intent.uid, account: outcome.intent.account)
    }

    /// One card has one old purse, whichever of the account's cards it is counted as by then.
    ///
    /// The 1 at the end was the card's serial in books that knew no second card; theirs are not to be paid again.
    static func purseTransfer(uid: [UInt8], account: UInt64) -> String { "purse:\(uid.hex()):\(account):1" }

    /// Pays the small purse unless it was paid before; answers what was paid by this record.
    private func payPurse(into account: Int64, _ books: inout BatchBooks) -> Int64 {
        guard let purse = outcome.smallPurse?.rawValue, purse != 0 else { return 0 }
        let id = Self.purseTransfer(of: outcome)
        if books.hasTransfer(id) { return 0 }
        guard purse > 0, purse <= Self.purseLimit else {
            books.suspend(name, .implausiblePurse, "account \(account)", fen: purse, now: now)
            return 0
        }
        let repaid = books.repayment(of: purse, account: account)
        books.post(
            Transfer(
                id: id, kind: "small-purse", source: name, reason: "small purse of the old card",
                lines: [.init(account: SystemAccount.smallPurses, fen: -purse)]
                    + repaid.lines(creditingTo: account)), now: now)
        books.owe(-repaid.debt, account: account)
        return purse
    }

    private func settleOwnIntent(_ state: String, _ books: inout BatchBooks) {
        let own = RecordName(terminal: name.terminal, epoch: name.epoch, sequence: outcome.intentSequence)
        books.settleIntents(of: intent.uid, as: state) { $0.name == own }
    }

    private func note(_ effect: String, paid: Int64, _ books: inout BatchBooks) {
        books.note(
            outcome: name.values + [
                .blob(intent.uid), .number(Int64(exactly: intent.account)), .number(intent.cardSerial), .text(effect),
                .number(outcome.smallPurse?.rawValue), .integer(paid), .integer(ended),
            ])
    }
}
