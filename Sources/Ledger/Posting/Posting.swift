import Journal
import LedgerProtocol
import Platform

/// Why an authentic record waits for a person instead of being posted.
enum SuspenseReason: String, CaseIterable {
    /// Its type is newer than this ledger.
    case unknownType = "unknown-type"
    /// Its payload is not of the form that its type prescribes.
    case undecodable
    /// No account of its number was opened.
    case unknownAccount = "unknown-account"
    /// The account is closed.
    case closedAccount = "closed-account"
    /// The holder had reported the card lost.
    case reportedLost = "reported-lost"
    /// The account is active on another card.
    case activeElsewhere = "active-elsewhere"
    /// The card is active for another account.
    case cardOfAnotherAccount = "card-of-another-account"
    /// The card was replaced by another one.
    case retiredCard = "retired-card"
    /// The account's card has another serial.
    case serialMismatch = "serial-mismatch"
    /// The card is active, but its small purse claims what no small purse can hold.
    case implausiblePurse = "implausible-purse"
    /// The card left in the middle of a sale; its next use tells.
    case inDoubt = "in-doubt"
    /// The payment code was used for another sale before.
    case codeUsedTwice = "code-used-twice"
    /// A sale is taken back that is not there, or not posted.
    case noSuchSale = "no-such-sale"
}

/// What a stored record does to the books.
///
/// It never refuses: what cannot be posted goes to suspense with a reason.
struct Posting {
    private(set) var books: BatchBooks
    let now: Int64

    init(books: BatchBooks, now: Int64) {
        self.books = books
        self.now = now
    }

    mutating func store(_ record: Upload.Record, as name: RecordName, isVerified: Bool) {
        books.add(record: name.values + [.blob(record.raw), .integer(isVerified ? 1 : 0), .integer(now)])
    }

    mutating func post(_ business: Business, of slot: Slot, name: RecordName) {
        let made = slot.wallMilliseconds
        switch business {
        case .activationIntent(let intent):
            guard let account = business.account else { return suspendUnknown(name, intent.account) }
            // A card that is active already was finished at another terminal: nothing is pending.
            books.begin(intent, account: account, at: made, by: name)
        case .activationOutcome(let outcome):
            ActivationPosting(outcome: outcome, name: name, ended: made, now: now).post(in: &books)
        case .saleIntent, .shift: break
        case .saleOutcome(let sale): SalePosting(sale: sale, name: name, made: made, now: now).post(in: &books)
        case .gap(let gap): openCase(gap, name)
        case .undecodable(let what): books.suspend(name, .undecodable, what, fen: nil, now: now)
        case .unknown(let type): books.suspend(name, .unknownType, "type \(type)", fen: nil, now: now)
        }
    }

    private mutating func suspendUnknown(_ name: RecordName, _ account: UInt64) {
        books.suspend(name, .unknownAccount, "account \(account)", fen: nil, now: now)
    }

    /// The terminal says itself that records are lost: somebody has to find out from the cards what they were.
    ///
    /// The report and each stand-in say so again; it is one case.
    private mutating func openCase(_ gap: GapRecord, _ name: RecordName) {
        books.open(case: [
            .number(name.terminal), .number(name.epoch), .number(gap.from), .number(gap.to), .text("\(gap.reason)"),
            .number(name.sequence), .integer(now),
        ])
    }
}
