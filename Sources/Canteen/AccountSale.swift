public import LedgerProtocol
public import Platform

/// Who pays without a card: the account behind a payment code or a face.
public struct AccountPayer: Sendable, Hashable {
    /// A code or a face.
    public let medium: SaleMedium
    /// The account that pays.
    public let account: UInt64
    /// What it may spend here without the ledger's word; nothing for a face.
    public let offline: Fen
    /// The first 8 bytes of the code's SHA-256; zero for a face.
    public let codeHash: UInt64

    /// A payer.
    public init(medium: SaleMedium, account: UInt64, offline: Fen, codeHash: UInt64 = 0) {
        self.medium = medium
        self.account = account
        self.offline = offline
        self.codeHash = codeHash
    }
}

/// Carries out orders without a card. There is nothing to write but the record, so nothing is ever in doubt: it is paid
/// when the record is durable, and was not before.
public final class AccountSaleEngine {
    private let authority: any SaleAuthority
    private let journal: any SaleJournal
    private let memory: SalesMemory
    private let time: any TimeSource
    private let askMilliseconds: Int64
    private let recorded: (SaleRecord, UInt64) -> Void

    /// An engine over the same parts as the terminal's ``PurchaseEngine``.
    ///
    /// - Parameter recorded: called with each record that became durable, and its sequence.
    public init(
        authority: any SaleAuthority, journal: any SaleJournal, memory: SalesMemory, time: any TimeSource,
        askMilliseconds: Int64 = 100, recorded: @escaping (SaleRecord, UInt64) -> Void = { _, _ in }
    ) {
        self.authority = authority
        self.journal = journal
        self.memory = memory
        self.time = time
        self.askMilliseconds = askMilliseconds
        self.recorded = recorded
    }

    /// Lets `payer` pay `order`.
    public func pay(_ order: SaleOrder, _ payer: AccountPayer) -> SaleReport {
        let start = time.now()
        let ending = memory.inTurn { sell(order, payer, start) }
        return SaleReport(ending: ending, order: order.number, milliseconds: time.now().milliseconds(since: start))
    }

    /// Takes back a sale that was paid without a card.
    public func takeBack(_ sale: MadeSale, _ order: SaleOrder) -> SaleReport {
        let ending = memory.inTurn { undo(sale, order) }
        return SaleReport(ending: ending, order: order.number)
    }

    private func sell(_ order: SaleOrder, _ payer: AccountPayer, _ start: Instant) -> SaleEnding {
        guard order.kind == .sale, memory.last?.order != order.number else { return .refused(.noOrder) }
        // A card began this order, and may have paid it.
        guard memory.open(order: order.number) == nil else { return .refused(.anotherCard) }
        let terms = authority.terms()
        let wall = time.wallMilliseconds()
        let day = terms.rules.dayStart(at: wall)
        let meal = terms.rules.meals.first { $0.number == order.meal }
        let known = SaleDecision.Known(
            amount: order.amount, allowance: payer.offline,
            spentHere: memory.spent(by: payer.account, meal: order.meal, day: day),
            mealLimit: meal?.limitFen.map { Fen($0) }, terms: terms)
        if let refusal = SaleDecision.beforehand(known, uid: [], account: payer.account) { return .refused(refusal) }
        if order.isTraining { return .practised(order.amount) }
        let question = SaleQuestion(
            medium: payer.medium, uid: [], account: payer.account, cardSerial: 0, cardSequence: 0,
            amount: order.amount, pin: order.pin, dayStart: day,
            mealStart: meal.map { terms.rules.start(of: $0, at: wall) })
        let advice = authority.ask(
            question,
            deadline: time.now().advanced(
                milliseconds: order.pin == nil ? askMilliseconds : PurchaseEngine.pinMilliseconds))
        switch SaleDecision.decide(known, advice: advice) {
        case .refuse(.allowanceTooLow) where payer.medium == .code: return .refused(.codeOverCap)
        case .refuse(let refusal): return .refused(refusal)
        case .askPin: return order.pin == nil ? .pinNeeded : .refused(.pinNeedsNetwork)
        case .sell(let decided): return record(order, payer, terms, decided, start, day)
        }
    }

    private func record(
        _ order: SaleOrder, _ payer: AccountPayer, _ terms: SaleTerms, _ decided: SaleDecision.Terms, _ start: Instant,
        _ day: Int64
    ) -> SaleEnding {
        let record = SaleRecord(
            uid: [], medium: payer.medium, result: .done, isAuthorized: decided.isAuthorized, account: payer.account,
            cardSerial: 0, cardSequence: 0, amount: UInt32(order.amount.rawValue),
            hotlistVersion: terms.hotlistVersion, settingsVersion: terms.rules.version,
            subsidy: UInt32(decided.subsidy.rawValue), meal: order.meal, operatorNumber: order.operatorNumber,
            codeHash: payer.codeHash,
            elapsedMilliseconds: UInt16(clamping: time.now().milliseconds(since: start)))
        do throws(SalesStopped) {
            let sequence = try journal.append(outcome: record)
            recorded(record, sequence)
            var sale = MadeSale(
                sequence: sequence, order: order.number, medium: payer.medium, uid: [], account: payer.account,
                cardSerial: 0, amount: order.amount, meal: order.meal,
                wall: time.wallMilliseconds(), at: time.now())
            sale.codeHash = payer.codeHash
            memory.made(sale, day: day)
            return .paid(
                SaleReceipt(
                    amount: order.amount, subsidy: decided.subsidy, balance: decided.balance, sequence: sequence,
                    isAuthorized: decided.isAuthorized))
        } catch {
            return .outOfService(error.reason)
        }
    }

    private func undo(_ sale: MadeSale, _ order: SaleOrder) -> SaleEnding {
        guard sale.uid.isEmpty, memory.last?.sequence == sale.sequence else { return .refused(.notVoidable) }
        if order.isTraining { return .practised(sale.amount) }
        let terms = authority.terms()
        let record = SaleRecord(
            uid: [], medium: sale.medium, result: .voided, account: sale.account, cardSerial: 0, cardSequence: 0,
            amount: UInt32(sale.amount.rawValue), relatedSequence: sale.sequence,
            hotlistVersion: terms.hotlistVersion, settingsVersion: terms.rules.version, meal: sale.meal,
            operatorNumber: order.operatorNumber, codeHash: sale.codeHash)
        do throws(SalesStopped) {
            let sequence = try journal.append(outcome: record)
            recorded(record, sequence)
            memory.voided(sale, day: terms.rules.dayStart(at: time.wallMilliseconds()))
            return .voided(SaleReceipt(amount: sale.amount, sequence: sequence))
        } catch {
            return .outOfService(error.reason)
        }
    }
}
