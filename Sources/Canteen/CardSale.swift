import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform

/// One card in the field and one order, from the UID to the ending.
final class CardSale {
    private let engine: PurchaseEngine
    private let card: ClassicCard
    private let access: AllowanceAccess
    private let order: SaleOrder?
    private let start: Instant
    private let observe: (SaleStep) -> Void
    private(set) var settled: SaleReport.Settlement?

    init(
        engine: PurchaseEngine, card: ClassicCard, order: SaleOrder?, start: Instant,
        observe: @escaping (SaleStep) -> Void
    ) {
        self.engine = engine
        self.card = card
        self.order = order
        self.start = start
        self.observe = observe
        access = AllowanceAccess(card: card, layout: engine.layout.ours, keys: engine.keys)
    }

    func run() -> SaleEnding {
        do throws(SaleFailure) {
            let state = try read()
            // Practice writes nothing, not even what became of an earlier sale.
            if order?.isTraining != true, let ending = try settle(state) { return ending }
            guard let order else { return show(state) }
            return switch order.kind {
            case .sale: try sell(order, state)
            case .void(let sale): try takeBack(sale, order, state)
            case .refund: try refund(order, state)
            }
        } catch {
            return error.ending
        }
    }

    private func read() throws(SaleFailure) -> AllowanceAccess.State {
        do throws(AllowanceAccess.Problem) {
            let state = try access.read()
            if let uid = card.uid { observe(.identified(uid)) }
            observe(.read(sequence: state.record.sequence, allowance: state.record.allowance))
            return state
        } catch {
            throw SaleFailure(reading: error)
        }
    }

    private var uid: [UInt8] { card.uid?.bytes ?? [] }

    private var wall: Int64 { engine.time.wallMilliseconds() }

    // MARK: A sale in doubt

    /// Ends an earlier sale of this card whose end was not known; answers the tap where that was this very order.
    private func settle(_ state: AllowanceAccess.State) throws(SaleFailure) -> SaleEnding? {
        let identity = state.identity
        guard let open = engine.memory.open(uid: uid, account: identity.account, serial: identity.cardSerial) else {
            return nil
        }
        switch Self.settlement(of: open, by: state.record, at: engine.terminal) {
        case .leftToLedger:
            engine.memory.ended(open)
            note(.leftToLedger)
        case .undone:
            _ = try append(open.outcome(.undone))
            engine.memory.ended(open)
            note(.undone)
        case .done:
            // Torn bits may read as they like: what was read once is made to stay before anybody relies on it.
            do throws(AllowanceAccess.Problem) { try access.rewrite(state) } catch { return .inDoubt }
            let sequence = try append(open.outcome(.done))
            remember(open, sequence)
            note(.done)
            if let order, isSame(order, open) {
                return .paidBefore(
                    SaleReceipt(
                        amount: order.amount, subsidy: Fen(Int64(open.intent.subsidy)),
                        allowance: state.record.allowance, sequence: sequence,
                        isAuthorized: open.intent.isAuthorized))
            }
        }
        return nil
    }

    /// How long after a power cut the same amount for the same card is the same meal, in milliseconds: until the box is up
    /// again and the cashier has typed it once more, and not until tomorrow's.
    private static let sameMealMilliseconds: Int64 = 600_000

    /// Whether a sale that turned out to be made is what `order` asks for.
    private func isSame(_ order: SaleOrder, _ open: SalesMemory.OpenSale) -> Bool {
        if let number = open.order { return number == order.number }
        return isSameMeal(order, Fen(Int64(open.intent.amount)), open.wall)
    }

    private func isSameMeal(_ order: SaleOrder, _ amount: Fen, _ made: Int64) -> Bool {
        order.kind == .sale && order.amount == amount && (0...Self.sameMealMilliseconds).contains(wall - made)
    }

    private func note(_ settlement: SaleReport.Settlement) {
        settled = settlement
        observe(.settled(settlement))
    }

    /// What the card's newest record tells of a sale: the sequence that it would have left, and by whom.
    static func settlement(
        of open: SalesMemory.OpenSale, by record: AllowanceRecord, at terminal: UInt16
    ) -> SaleReport.Settlement {
        // Nothing went over the counter, whatever the card says.
        if open.isGivenUp { return .undone }
        if record.sequence < open.intent.cardSequence { return .undone }
        // Further on, others have used the card, and whose use came first only the ledger can say.
        if record.sequence > open.intent.cardSequence { return .leftToLedger }
        // The same sequence by another terminal: that one found the card as it was before ours.
        return record.terminal == terminal ? .done : .undone
    }

    private func remember(_ open: SalesMemory.OpenSale, _ sequence: UInt64) {
        engine.memory.ended(open)
        engine.memory.made(
            MadeSale(
                sequence: sequence, order: open.order, medium: .card, uid: uid, account: open.intent.account,
                cardSerial: open.intent.cardSerial, amount: Fen(Int64(open.intent.amount)),
                meal: open.intent.meal, wall: wall, at: engine.time.now()),
            day: engine.authority.terms().rules.dayStart(at: wall))
    }

    // MARK: Nothing asked for

    /// Whoever lays a card down without an amount wants to know what is on it.
    private func show(_ state: AllowanceAccess.State) -> SaleEnding {
        let terms = engine.authority.terms()
        if terms.isListed(uid: uid, account: state.identity.account) { return .refused(.reportedLost) }
        switch ask(amount: .zero, pin: nil, meal: nil, state, terms) {
        case .refused(let refusal): return .refused(refusal)
        case .agreed(let agreement): return .shown(balance: agreement.balance, allowance: state.record.allowance)
        case nil: return .shown(balance: nil, allowance: state.record.allowance)
        }
    }

    // MARK: A sale

    private func sell(_ order: SaleOrder, _ state: AllowanceAccess.State) throws(SaleFailure) -> SaleEnding {
        if let ending = paidAlready(order, state) { return ending }
        // Another card paid this order, or began it and may have paid it: who pays now would be the second.
        if engine.memory.last?.order == order.number { return .refused(.noOrder) }
        if let other = engine.memory.open(order: order.number), other.intent.uid != uid {
            return .refused(.anotherCard)
        }
        let terms = engine.authority.terms()
        let known = self.known(order, state, terms)
        if let refusal = SaleDecision.beforehand(known, uid: uid, account: state.identity.account) {
            return .refused(refusal)
        }
        guard state.record.sequence < AllowanceRecord.largestSequence else { return .refused(.cardWornOut) }
        if order.isTraining { return .practised(order.amount) }
        let meal = terms.rules.meals.first { $0.number == order.meal }
        let advice = ask(amount: order.amount, pin: order.pin, meal: meal, state, terms)
        switch SaleDecision.decide(known, advice: advice) {
        case .refuse(let refusal): return .refused(refusal)
        case .askPin: return order.pin == nil ? .pinNeeded : .refused(.pinNeedsNetwork)
        case .sell(let decided): return try make(order, state, terms, decided)
        }
    }

    /// Whether this card has paid this order, or the same price a moment ago.
    private func paidAlready(_ order: SaleOrder, _ state: AllowanceAccess.State) -> SaleEnding? {
        let identity = state.identity
        guard var last = engine.memory.last(uid: uid, account: identity.account, serial: identity.cardSerial) else {
            return nil
        }
        if last.order == nil, last.sequence == engine.memory.last?.sequence, isSameMeal(order, last.amount, last.wall) {
            // The power may have gone between the record and the yes: what nobody was told of is told now, once.
            engine.memory.adopt(last, order.number)
            last.order = order.number
        }
        if last.order == order.number {
            return .paidBefore(
                SaleReceipt(amount: last.amount, allowance: state.record.allowance, sequence: last.sequence))
        }
        let pause = engine.authority.terms().rules.doubleTapMilliseconds
        let isSoon = last.at.map { engine.time.now().milliseconds(since: $0) < pause } ?? false
        return order.isRepeating && isSoon ? .refused(.justPaid) : nil
    }

    private func known(
        _ order: SaleOrder, _ state: AllowanceAccess.State, _ terms: SaleTerms
    ) -> SaleDecision.Known {
        let meal = terms.rules.meals.first { $0.number == order.meal }
        return SaleDecision.Known(
            amount: order.amount, allowance: state.record.allowance,
            spentHere: engine.memory.spent(
                by: state.identity.account, meal: order.meal, day: terms.rules.dayStart(at: wall)),
            mealLimit: meal?.limitFen.map { Fen($0) }, terms: terms)
    }

    private func ask(
        amount: Fen, pin: SecretDigits?, meal: MealSetting?, _ state: AllowanceAccess.State, _ terms: SaleTerms
    ) -> SaleAdvice? {
        let advice = engine.authority.ask(
            SaleQuestion(
                medium: .card, uid: uid, account: state.identity.account, cardSerial: state.identity.cardSerial,
                cardSequence: state.record.sequence + 1, amount: amount, pin: pin,
                dayStart: terms.rules.dayStart(at: wall), mealStart: meal.map { terms.rules.start(of: $0, at: wall) }),
            deadline: engine.time.now().advanced(
                milliseconds: pin == nil ? engine.askMilliseconds : PurchaseEngine.pinMilliseconds))
        observe(.asked(agreed: advice.map { if case .agreed = $0 { true } else { false } }))
        return advice
    }

    private func make(
        _ order: SaleOrder, _ state: AllowanceAccess.State, _ terms: SaleTerms, _ decided: SaleDecision.Terms
    ) throws(SaleFailure) -> SaleEnding {
        let next = AllowanceRecord(
            sequence: state.record.sequence + 1, allowance: decided.allowance, terminal: engine.terminal)
        var record = record(order, state, terms, result: .intended)
        record.isAuthorized = decided.isAuthorized
        record.cardSequence = next.sequence
        record.allowanceLeft = UInt32(next.allowance.rawValue)
        record.subsidy = UInt32(decided.subsidy.rawValue)
        let intent = try intend(record)
        let open = SalesMemory.OpenSale(sequence: intent, intent: record, order: order.number, wall: wall)
        engine.memory.began(open)
        do throws(AllowanceAccess.Problem) {
            try access.write(next, after: state)
        } catch {
            // The ledger hears of it now: this terminal may not live until the card comes back.
            _ = try append(open.outcome(.inDoubt, apdus: apdus, milliseconds: elapsed))
            engine.memory.reported(open)
            return .inDoubt
        }
        observe(.written)
        let sequence = try append(open.outcome(.done, apdus: apdus, milliseconds: elapsed))
        remember(open, sequence)
        return .paid(
            SaleReceipt(
                amount: order.amount, subsidy: decided.subsidy, balance: decided.balance, allowance: next.allowance,
                sequence: sequence, isAuthorized: decided.isAuthorized))
    }

    // MARK: Money back

    /// Takes a sale back: the record is the money, and the card is not written to. Each step of a card's sequence is then a sale
    /// that some terminal has a record of, by which the ledger settles what is in doubt; its allowance comes back with a network.
    private func takeBack(
        _ sale: MadeSale, _ order: SaleOrder, _ state: AllowanceAccess.State
    ) throws(SaleFailure) -> SaleEnding {
        let identity = state.identity
        guard sale.uid == uid, sale.account == identity.account, sale.cardSerial == identity.cardSerial else {
            return .refused(.anotherCard)
        }
        // Whoever lays the card down again hears the same.
        guard engine.memory.last?.sequence == sale.sequence else { return .refused(.notVoidable) }
        if order.isTraining { return .practised(sale.amount) }
        let terms = engine.authority.terms()
        var record = record(order, state, terms, result: .voided)
        record.amount = UInt32(sale.amount.rawValue)
        record.meal = sale.meal
        record.relatedSequence = sale.sequence
        let sequence = try append(record)
        engine.memory.voided(sale, day: terms.rules.dayStart(at: wall))
        return .voided(
            SaleReceipt(amount: sale.amount, allowance: state.record.allowance, sequence: sequence))
    }

    private func refund(_ order: SaleOrder, _ state: AllowanceAccess.State) throws(SaleFailure) -> SaleEnding {
        let terms = engine.authority.terms()
        guard order.amount <= terms.rules.saleLimit else { return .refused(.overSaleLimit) }
        if order.isTraining { return .practised(order.amount) }
        // One order gives back once, however often the card is laid down.
        if let sequence = engine.memory.refund(of: order.number) {
            return .refunded(SaleReceipt(amount: order.amount, sequence: sequence))
        }
        let sequence = try append(record(order, state, terms, result: .refunded))
        engine.memory.refunded(order.amount, order: order.number, sequence)
        return .refunded(SaleReceipt(amount: order.amount, sequence: sequence))
    }

    // MARK: Records

    private var apdus: UInt16 { UInt16(clamping: card.apduCount) }
    private var elapsed: UInt16 { UInt16(clamping: engine.time.now().milliseconds(since: start)) }

    private func record(
        _ order: SaleOrder, _ state: AllowanceAccess.State, _ terms: SaleTerms, result: SaleResult
    ) -> SaleRecord {
        SaleRecord(
            uid: uid, medium: .card, result: result, account: state.identity.account,
            cardSerial: state.identity.cardSerial, cardSequence: state.record.sequence,
            amount: UInt32(order.amount.rawValue), allowanceLeft: UInt32(state.record.allowance.rawValue),
            hotlistVersion: terms.hotlistVersion, settingsVersion: terms.rules.version, meal: order.meal,
            operatorNumber: order.operatorNumber, apdus: apdus, elapsedMilliseconds: elapsed)
    }

    private func intend(_ record: SaleRecord) throws(SaleFailure) -> UInt64 {
        do throws(SalesStopped) {
            let sequence = try engine.journal.append(intent: record)
            observe(.intentDurable(sequence))
            return sequence
        } catch {
            throw SaleFailure(ending: .outOfService(error.reason))
        }
    }

    private func append(_ outcome: SaleRecord) throws(SaleFailure) -> UInt64 {
        do throws(SalesStopped) {
            let sequence = try engine.journal.append(outcome: outcome)
            observe(.outcomeDurable(sequence))
            return sequence
        } catch {
            throw SaleFailure(ending: .outOfService(error.reason))
        }
    }
}

/// Why a sale ends before it is made.
struct SaleFailure: Error {
    let ending: SaleEnding

    init(ending: SaleEnding) { self.ending = ending }

    /// The card could not be read, so nothing was changed on it.
    init(reading problem: AllowanceAccess.Problem) {
        ending =
            switch problem {
            case .notOurs: .refused(.notActivated)
            case .damaged: .refused(.cardDamaged)
            case .missingKey(let name): .outOfService("the key ring has no key named \(name)")
            case .card(.cardSwapped): .refused(.twoCards)
            case .card(let error) where error.isCardGone: .leftUntouched
            case .card: .refused(.cardDamaged)
            }
    }
}

extension SalesMemory.OpenSale {
    /// The record that tells how it ended.
    func outcome(_ result: SaleResult, apdus: UInt16 = 0, milliseconds: UInt16 = 0) -> SaleRecord {
        var record = intent
        record.result = result
        record.relatedSequence = sequence
        record.apdus = apdus
        record.elapsedMilliseconds = milliseconds
        return record
    }
}
