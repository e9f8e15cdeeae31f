package import Canteen
package import Health
package import LedgerProtocol
package import Platform
package import Sync
import Synchronization

/// What a sale goes by: settings and hotlist as they were fetched last, and the ledger's advice where it comes in time.
///
/// One for the whole terminal: whether the ledger is worth asking is the same for every reader.
package final class SaleDesk: SaleAuthority, Sendable {
    private let terminal: UInt16
    private let client: any LedgerClient
    private let tagKey: RosterKey
    private let feeds: FeedStores
    private let health: HealthRegistry
    private let shared: SharedConditions
    private let time: any TimeSource
    /// Whether the ledger answered what it was asked last, the heartbeats among it.
    private let isThere: @Sendable () -> Bool
    /// Until then the ledger is not asked: it did not answer a moment ago, and nobody shall wait for that at every tray.
    private let silentUntil = Mutex<Instant?>(nil)

    /// How long a ledger that did not answer is left alone, in milliseconds.
    static let silenceMilliseconds: Int64 = 5_000

    package init(
        terminal: UInt16, client: any LedgerClient, tagKey: RosterKey, feeds: FeedStores, health: HealthRegistry,
        shared: SharedConditions, time: any TimeSource, isThere: @escaping @Sendable () -> Bool = { true }
    ) {
        self.terminal = terminal
        self.client = client
        self.tagKey = tagKey
        self.feeds = feeds
        self.health = health
        self.shared = shared
        self.isThere = isThere
        self.time = time
    }

    /// By what the till decides now.
    var rules: SalesRules {
        let feed = feeds.settings.current
        return SalesRules(settings: feed?.settings ?? TerminalSettings(), version: UInt32(clamping: feed?.version ?? 0))
    }

    /// How old the hotlist is, in milliseconds; `nil`: there is none.
    private var hotlistAge: Int64? {
        // A clock before the list's issue is wrong, and says nothing about its age.
        feeds.hotlist.ageMilliseconds(wallMilliseconds: time.wallMilliseconds()).map { max(0, $0) }
    }

    /// Says whether the hotlist's age makes sales smaller, so that cashier and technician need not find out by them.
    func noteHotlistAge() {
        let (rules, age) = (rules, hotlistAge)
        guard rules.offlineLimit(hotlistAgeMilliseconds: age) < rules.saleLimit else {
            return health.clear(.hotlistTooOld)
        }
        health.raise(.hotlistTooOld, age.map { "issued \($0 / 3_600_000) hours ago" } ?? "there is none")
    }

    package func terms() -> SaleTerms {
        let (feeds, tagKey) = (feeds, tagKey)
        return SaleTerms(
            rules: rules, hotlistVersion: UInt32(clamping: feeds.hotlist.version), hotlistAge: hotlistAge
        ) { uid, account in
            feeds.hotlist.read { list in
                guard let list else { return false }
                return list.contains(CardTag(account: account, key: tagKey))
                    || !uid.isEmpty && list.contains(CardTag(uid: uid, key: tagKey))
            }
        }
    }

    package func ask(_ question: SaleQuestion, deadline: Instant) -> SaleAdvice? {
        ask(question, deadline: deadline) { _ in }
    }

    /// The same, for whoever wants to know in which language to speak to the holder afterwards.
    ///
    /// - Parameter heard: called with the language in the ledger's answer, if there is one.
    func ask(_ question: SaleQuestion, deadline: Instant, heard: (String?) -> Void) -> SaleAdvice? {
        let now = time.now()
        guard isThere(), silentUntil.withLock({ $0.map { $0 <= now } ?? true }) else { return nil }
        do throws(LedgerClientError) {
            let answer = try client.authorize(SaleRequest(question, terminal: terminal), deadline: deadline)
            shared.reached(from: .sales)
            heard(answer.language)
            return SaleAdvice(answer)
        } catch {
            shared.raise(error, from: .sales)
            silentUntil.withLock { $0 = time.now().advanced(milliseconds: Self.silenceMilliseconds) }
            return nil
        }
    }
}

extension SaleRequest {
    fileprivate init(_ question: SaleQuestion, terminal: UInt16) {
        let isCard = question.medium == .card
        self.init(
            terminal: terminal, medium: question.medium, uid: isCard ? question.uid.hex() : nil,
            account: question.account, cardSerial: question.cardSerial,
            cardSequence: isCard ? question.cardSequence : nil, amountFen: UInt32(clamping: question.amount.rawValue),
            dayStartMilliseconds: question.dayStart, mealStartMilliseconds: question.mealStart,
            pin: question.pin?.digits)
    }
}

extension SaleAdvice {
    /// What the ledger's answer means; `nil` when it contradicts itself.
    fileprivate init?(_ answer: SaleAnswer) {
        switch answer.decision {
        case .approved:
            guard let balance = answer.balanceFen else { return nil }
            self = .agreed(
                Agreement(
                    balance: Fen(balance), subsidy: Fen(answer.subsidyFen ?? 0),
                    spentToday: Fen(answer.spentTodayFen ?? 0), spentMeal: Fen(answer.spentMealFen ?? 0),
                    isPinProved: answer.pinAccepted ?? false))
        case .insufficient: self = .refused(.balanceTooLow)
        case .reportedLost: self = .refused(.reportedLost)
        case .unknownAccount: self = .refused(.noAccount)
        case .closed: self = .refused(.accountClosed)
        case .wrongCard: self = .refused(.cardReplaced)
        case .wrongPin: self = .refused(.pinWrong)
        case .pinLocked: self = .refused(.pinLocked)
        }
    }
}
