import LedgerProtocol
public import Platform

/// A key of the till.
public enum CounterKey: Hashable, Sendable {
    /// 0...9.
    case digit(UInt8)
    /// The decimal point.
    case point
    /// Gathers what was typed, and goes on.
    case plus
    /// Takes the last key back.
    case back
    /// Gives up what is under way.
    case clear
    /// The amount stands.
    case enter
    /// What was typed is a dish's number.
    case dish
    /// Takes the last sale back.
    case void
    /// Gives the amount typed back.
    case refund
    /// Opens the shift of the operator whose number was typed, or closes it.
    case shift
    /// Begins or ends practice.
    case training
}

/// What the cashier and the holder see and do at a till: a value that keys, cards and time carry from state to state.
///
/// It decides what is asked of the next card and for how long a result is shown. It touches nothing: what is to be done
/// outside comes back as ``Effect``.
public struct Counter: Hashable, Sendable {
    /// Where the till stands.
    public enum Phase: Hashable, Sendable {
        /// Nobody has opened a shift; an operator's number is being typed.
        case closed(AmountEntry)
        /// An amount is being typed, or nothing yet.
        case entry(AmountEntry)
        /// The order waits for a card, a code or a face.
        case present(SaleOrder)
        /// A card lies on the reader; without an order its holder is only shown what there is.
        case working(SaleOrder?)
        /// The holder types six digits for the order.
        case pin(SaleOrder, typed: [UInt8])
        /// It ended; the order is there still where it may be tried again.
        case ended(SaleEnding, SaleOrder?)
    }

    /// What is to be done outside.
    public enum Effect: Hashable, Sendable {
        /// The card that may still lie there is to be taken up again.
        case serveAgain
        /// A sale without a card is to be taken back.
        case takeBack(MadeSale, SaleOrder)
        /// The sale of this order, which is in doubt, is given up: no goods are handed over, and nobody pays it.
        case giveUp(SaleOrder)
        /// A shift begins.
        case openShift(UInt16)
        /// The shift ends.
        case closeShift
    }

    /// What the till needs to know of the world when something happens.
    public struct Surroundings: Sendable {
        /// The rules in force.
        public var rules: SalesRules
        /// The wall clock, in milliseconds since 1970-01-01 UTC.
        public var wall: Int64
        /// The sale that may be taken back.
        public var last: MadeSale?
        /// The clock.
        public var now: Instant

        /// Surroundings.
        public init(rules: SalesRules, wall: Int64, last: MadeSale?, now: Instant) {
            self.rules = rules
            self.wall = wall
            self.last = last
            self.now = now
        }
    }

    /// Where the till stands.
    public private(set) var phase: Phase
    /// Who is at the till.
    public private(set) var operatorNumber: UInt16?
    /// Whether all this is practice.
    public private(set) var isTraining = false
    /// When what is shown gives way by itself.
    public private(set) var deadline: Instant?
    private let needsShift: Bool
    private var orders: UInt64

    /// A till at which nothing was done yet.
    ///
    /// - Parameters:
    ///   - needsShift: whether somebody has to sign in before anything is sold.
    ///   - operatorNumber: whose shift goes on after a restart.
    ///   - firstOrder: orders are counted from here.
    public init(needsShift: Bool, operatorNumber: UInt16? = nil, firstOrder: UInt64 = 1) {
        self.needsShift = needsShift
        self.operatorNumber = operatorNumber
        orders = firstOrder
        phase = needsShift && operatorNumber == nil ? .closed(AmountEntry()) : .entry(AmountEntry())
    }

    /// The order that a card, a code or a face would pay now.
    public var order: SaleOrder? {
        switch phase {
        case .present(let order), .working(let order?), .ended(_, let order?): order
        case .closed, .entry, .working(nil), .pin, .ended(_, nil): nil
        }
    }

    /// Whether a card may be served: not while six digits are typed, nor when nobody has signed in.
    public var takesCards: Bool {
        switch phase {
        case .closed, .pin: false
        case .entry, .present, .working, .ended: true
        }
    }

    private static let resultMilliseconds: Int64 = 5_000
    private static let refusalMilliseconds: Int64 = 8_000
    private static let repeatingMilliseconds: Int64 = 2_500
    private static let pinMilliseconds: Int64 = 30_000

    // MARK: Keys

    /// Somebody pressed a key.
    public mutating func press(_ key: CounterKey, _ around: Surroundings) -> [Effect] {
        switch phase {
        case .closed(let entry): return pressClosed(key, entry, around)
        case .entry(let entry): return pressEntry(key, entry, around)
        case .present(let order): return pressPresent(key, order, around)
        // The card decides; whoever wants to stop it takes the card away.
        case .working: return []
        case .pin(let order, let typed): return pressPin(key, order, typed, around)
        case .ended(let ending, let order): return pressEnded(key, ending, order, around)
        }
    }

    private mutating func pressClosed(
        _ key: CounterKey, _ entry: AmountEntry, _ around: Surroundings
    ) -> [Effect] {
        var entry = entry
        switch key {
        case .digit(let digit): entry.type(digit)
        case .back: entry.back()
        case .clear: entry = AmountEntry()
        case .training: isTraining.toggle()
        case .enter, .shift:
            guard let number = entry.number.flatMap({ UInt16(exactly: $0) }), number > 0 else { return [] }
            operatorNumber = number
            rest(around)
            return [.openShift(number)]
        case .point, .plus, .dish, .void, .refund: return []
        }
        phase = .closed(entry)
        return []
    }

    private mutating func pressEntry(
        _ key: CounterKey, _ entry: AmountEntry, _ around: Surroundings
    ) -> [Effect] {
        var entry = entry
        switch key {
        case .digit(let digit): entry.type(digit)
        case .point: entry.point()
        case .plus: entry.plus()
        case .back: entry.back()
        case .clear:
            rest(around)
            return []
        case .dish: return addDish(entry, around)
        case .enter: return ask(.sale, entry.amount, around)
        case .refund: return entry.isEmpty ? [] : ask(.refund, entry.amount, around)
        case .void: return entry.isEmpty ? askForVoid(around) : []
        case .shift: return entry.isEmpty ? closeShift(around) : []
        case .training:
            guard entry.isEmpty else { return [] }
            isTraining.toggle()
            rest(around)
            return []
        }
        phase = .entry(entry)
        return []
    }

    private mutating func addDish(_ entry: AmountEntry, _ around: Surroundings) -> [Effect] {
        var entry = entry
        guard let number = entry.number, let dish = around.rules.dishes.first(where: { $0.number == number }) else {
            return []
        }
        entry.add(Fen(dish.priceFen))
        phase = .entry(entry)
        return []
    }

    private mutating func pressPresent(
        _ key: CounterKey, _ order: SaleOrder, _ around: Surroundings
    ) -> [Effect] {
        // What came by itself gives way to whatever the cashier does instead.
        if order.isRepeating, key != .clear {
            phase = .entry(AmountEntry())
            return pressEntry(key, AmountEntry(), around)
        }
        if key == .clear { order.isRepeating ? restWithoutOrder() : rest(around) }
        return []
    }

    private mutating func pressPin(
        _ key: CounterKey, _ order: SaleOrder, _ typed: [UInt8], _ around: Surroundings
    ) -> [Effect] {
        var typed = typed
        switch key {
        case .digit(let digit): typed.append(digit)
        case .back: _ = typed.popLast()
        case .clear:
            rest(around)
            return []
        case .point, .plus, .enter, .dish, .void, .refund, .shift, .training: return []
        }
        phase = .pin(order, typed: typed)
        guard let pin = SecretDigits(typed.map(String.init).joined()) else { return [] }
        var order = order
        order.pin = pin
        stand(.present(order), until: nil)
        return [.serveAgain]
    }

    private mutating func pressEnded(
        _ key: CounterKey, _ ending: SaleEnding, _ order: SaleOrder?, _ around: Surroundings
    ) -> [Effect] {
        // What may have been written is not left behind by a key that was meant for the next customer.
        if ending == .inDoubt, let order {
            guard key == .clear else { return [] }
            rest(around)
            return [.giveUp(order)]
        }
        rest(around)
        guard key != .clear, key != .enter else { return [] }
        return press(key, around)
    }

    // MARK: Orders

    private mutating func ask(_ kind: SaleOrder.Kind, _ amount: Fen, _ around: Surroundings) -> [Effect] {
        guard amount > .zero else { return [] }
        guard amount <= around.rules.saleLimit else {
            stand(
                .ended(.refused(.overSaleLimit), nil),
                until: around.now.advanced(milliseconds: Self.refusalMilliseconds))
            return []
        }
        let meal = around.rules.meal(at: around.wall)
        stand(.present(newOrder(kind, amount, meal: meal?.number ?? 0)), until: nil)
        return []
    }

    private mutating func askForVoid(_ around: Surroundings) -> [Effect] {
        guard let last = around.last else {
            stand(
                .ended(.refused(.notVoidable), nil), until: around.now.advanced(milliseconds: Self.refusalMilliseconds))
            return []
        }
        let order = newOrder(.void(last), last.amount, meal: last.meal)
        guard last.uid.isEmpty else {
            stand(.present(order), until: nil)
            return []
        }
        // Nobody has to be there to get money back that a code has paid.
        stand(.working(order), until: nil)
        return [.takeBack(last, order)]
    }

    private mutating func newOrder(
        _ kind: SaleOrder.Kind, _ amount: Fen, meal: UInt16, isRepeating: Bool = false
    ) -> SaleOrder {
        defer { orders += 1 }
        return SaleOrder(
            number: orders, kind: kind, amount: amount, meal: meal, operatorNumber: operatorNumber ?? 0,
            isRepeating: isRepeating, isTraining: isTraining)
    }

    /// Ends the shift from outside, as at the end of the day; `nil`: a sale is under way and has to end first.
    ///
    /// What was typed and never asked for is forgotten.
    public mutating func endShift(_ around: Surroundings) -> [Effect]? {
        switch phase {
        case .entry, .closed: break
        case .present(let order) where order.isRepeating: break
        case .ended(let ending, _) where ending != .inDoubt: break
        default: return nil
        }
        return operatorNumber == nil ? [] : closeShift(around)
    }

    private mutating func closeShift(_ around: Surroundings) -> [Effect] {
        guard operatorNumber != nil else {
            // Where nobody has to sign in, somebody still may.
            phase = .closed(AmountEntry())
            return []
        }
        operatorNumber = nil
        isTraining = false
        rest(around)
        return [.closeShift]
    }

    /// Nothing is under way: with a fixed price the next order comes by itself.
    private mutating func rest(_ around: Surroundings) {
        if needsShift, operatorNumber == nil { return stand(.closed(AmountEntry()), until: nil) }
        if let meal = around.rules.meal(at: around.wall), let price = meal.priceFen {
            return stand(
                .present(newOrder(.sale, Fen(price), meal: meal.number, isRepeating: true)), until: nil)
        }
        restWithoutOrder()
    }

    private mutating func restWithoutOrder() { stand(.entry(AmountEntry()), until: nil) }

    private mutating func stand(_ phase: Phase, until deadline: Instant?) {
        self.phase = phase
        self.deadline = deadline
    }

    // MARK: Cards and time

    /// A card, a code or a face is taken up; answers for which order. Call ``ended(_:_:)`` with what becomes of it.
    public mutating func begin() -> SaleOrder? {
        let order = self.order
        if takesCards { stand(.working(order), until: nil) }
        return order
    }

    /// What was taken up ended so.
    public mutating func ended(_ report: SaleReport, _ around: Surroundings) {
        let order: SaleOrder?
        switch phase {
        case .working(let worked): order = worked
        // On another reader the same order may have ended before.
        case .present(let open), .ended(_, let open?): order = open
        case .closed, .entry, .pin, .ended(_, nil): return
        }
        guard order?.number == report.order else { return }
        switch report.ending {
        case .pinNeeded:
            guard let order else { return rest(around) }
            stand(.pin(order, typed: []), until: around.now.advanced(milliseconds: Self.pinMilliseconds))
        case .paid, .paidBefore, .voided, .refunded, .practised, .shown:
            let time = order?.isRepeating == true ? Self.repeatingMilliseconds : Self.resultMilliseconds
            stand(.ended(report.ending, nil), until: around.now.advanced(milliseconds: time))
        case .refused(let refusal):
            stand(
                .ended(report.ending, refusal.endsOrder ? nil : order?.withoutPin),
                until: around.now.advanced(milliseconds: Self.refusalMilliseconds))
        case .leftUntouched:
            stand(.ended(report.ending, order), until: around.now.advanced(milliseconds: Self.refusalMilliseconds))
        // It stands until the card comes back or the cashier gives it up: the holder may be picking it up from the floor.
        case .inDoubt: stand(.ended(report.ending, order), until: nil)
        case .outOfService:
            stand(.ended(report.ending, nil), until: around.now.advanced(milliseconds: Self.refusalMilliseconds))
        }
    }

    /// Time has passed.
    public mutating func timePassed(_ around: Surroundings) {
        if let deadline, deadline <= around.now {
            if case .ended(_, let order?) = phase, order.pin == nil {
                stand(.present(order), until: nil)
            } else {
                rest(around)
            }
            return
        }
        // A fixed price comes and goes with its meal.
        switch phase {
        case .entry(let entry) where entry.isEmpty && around.rules.meal(at: around.wall)?.priceFen != nil: rest(around)
        case .present(let order) where order.isRepeating:
            let meal = around.rules.meal(at: around.wall)
            if meal?.number != order.meal || meal?.priceFen != order.amount.rawValue { rest(around) }
        default: break
        }
    }
}

extension SaleRefusal {
    /// Whether another card could not do better.
    fileprivate var endsOrder: Bool {
        switch self {
        case .overSaleLimit, .notVoidable, .noOrder: true
        default: false
        }
    }
}

extension SaleOrder {
    /// The order without digits that were wrong, or another holder's.
    fileprivate var withoutPin: SaleOrder {
        var order = self
        order.pin = nil
        return order
    }
}
