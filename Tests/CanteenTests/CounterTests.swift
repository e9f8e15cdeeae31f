import LedgerProtocol
import Platform
import Testing

@testable import Canteen

/// The till as a state machine, enumerated whole: everything that can happen, in every state that it can lead to.
@Suite("The till")
struct CounterTests {
    /// Something that happens.
    enum Event: Hashable {
        case key(CounterKey)
        case card
        case ended(SaleEnding)
        case time
    }

    private static let receipt = SaleReceipt(amount: Fen(500), sequence: 1)
    private static let endings: [SaleEnding] = [
        .paid(receipt), .paidBefore(receipt), .voided(receipt), .refunded(receipt), .practised(Fen(500)),
        .shown(balance: nil, allowance: Fen(1)), .refused(.pinWrong), .refused(.balanceTooLow), .refused(.noOrder),
        .pinNeeded, .leftUntouched, .inDoubt, .outOfService("disk"),
    ]
    private static let keys: [CounterKey] = [
        .digit(5), .point, .plus, .back, .clear, .enter, .dish, .void, .refund, .shift, .training,
    ]
    private static let events = keys.map(Event.key) + [.card, .time] + endings.map(Event.ended)

    /// Two meals, one of which has a fixed price; a card's sale and a code's that may be taken back, or none.
    private static func surroundings(_ last: MadeSale?, fixedPrice: Bool) -> Counter.Surroundings {
        var settings = TerminalSettings()
        settings.saleLimitFen = 6_000
        settings.dishes = [DishSetting(number: 5, name: BilingualName(zh: "饭", en: "Rice"), priceFen: 150)]
        settings.meals = [
            MealSetting(
                number: 1, name: BilingualName(zh: "餐", en: "Meal"), fromMinute: 0, toMinute: 1440,
                priceFen: fixedPrice ? 800 : nil)
        ]
        return Counter.Surroundings(
            rules: SalesRules(settings: settings), wall: 0, last: last, now: Instant(nanoseconds: 0))
    }

    private static func sale(_ uid: [UInt8]) -> MadeSale {
        MadeSale(
            sequence: 4, order: 1, medium: uid.isEmpty ? .code : .card, uid: uid, account: 7, cardSerial: 1,
            amount: Fen(500), meal: 0, wall: 0, at: nil)
    }

    @Test(
        "never asks twice under one number, never more than the limit, and is never stuck", arguments: [false, true],
        [false, true])
    func enumerated(needsShift: Bool, fixedPrice: Bool) {
        var seen: Set<String> = []
        var transitions = 0
        for last in [nil, Self.sale([1, 2, 3, 4]), Self.sale([])] {
            let around = Self.surroundings(last, fixedPrice: fixedPrice)
            var open = [Counter(needsShift: needsShift)]
            while let state = open.popLast() {
                for event in Self.events {
                    guard let next = Self.step(state, event, around) else { continue }
                    transitions += 1
                    check(state, event, next)
                    if seen.insert("\(next.projection) \(last?.uid.count ?? -1)").inserted {
                        canRest(next, around)
                        open.append(next)
                    }
                }
            }
        }
        print("till (shift \(needsShift), fixed price \(fixedPrice)): \(seen.count) states, \(transitions) transitions")
        #expect(seen.count > 100)
    }

    /// What an event makes of a state; `nil` where it cannot happen, or would only make amounts longer.
    private static func step(_ state: Counter, _ event: Event, _ around: Counter.Surroundings) -> Counter? {
        var next = state
        switch event {
        case .key(.digit) where state.amount >= Fen(100): return nil
        case .key(let key):
            if key == .plus || key == .dish, state.amount > Fen(500) { return nil }
            _ = next.press(key, around)
        case .card:
            guard state.takesCards else { return nil }
            _ = next.begin()
        case .ended(let ending):
            guard case .working(let order) = state.phase else { return nil }
            next.ended(SaleReport(ending: ending, order: order?.number), around)
        case .time:
            var later = around
            later.now = state.deadline ?? around.now
            next.timePassed(later)
        }
        return next
    }

    private func check(_ state: Counter, _ event: Event, _ next: Counter) {
        func must(_ holds: Bool, _ rule: String) {
            if !holds { Issue.record("\(rule): \(state.phase) on \(event) becomes \(next.phase)") }
        }
        if let order = next.order {
            must(order.amount > .zero && order.amount <= Fen(6_000), "within the limit")
            must(order.isTraining == next.isTraining, "practice stays practice")
            if let before = state.anyOrder, before.number == order.number {
                must(before.amount == order.amount && before.kind == order.kind, "an order stays what it is")
            } else {
                must(order.number >= state.nextNumber, "a number is used once")
            }
        }
        if case .ended(let ending) = event, ending.isFinal { must(next.order == nil, "paid once") }
        if case .ended(.inDoubt, .some) = state.phase, case .key(let key) = event, key != .clear {
            must(next == state, "what may have been written is left by one key only")
        }
        if case .working = state.phase, case .key = event { must(next == state, "the card decides") }
        if case .refused = endedWith(next) { must(next.order?.pin == nil, "wrong digits are forgotten") }
        if event == .time, state.deadline != nil { must(next.deadline == nil, "a result gives way") }
    }

    private func endedWith(_ counter: Counter) -> SaleEnding? {
        if case .ended(let ending, _) = counter.phase { ending } else { nil }
    }

    /// Two presses of the key that gives up lead to where anybody can begin.
    private func canRest(_ state: Counter, _ around: Counter.Surroundings) {
        var state = state
        if case .working(let order) = state.phase {
            state.ended(SaleReport(ending: .leftUntouched, order: order?.number), around)
        }
        for _ in 0..<2 { _ = state.press(.clear, around) }
        switch state.phase {
        case .closed(let entry), .entry(let entry): #expect(entry.isEmpty)
        case .present(let order): #expect(order.isRepeating)
        default: Issue.record("stuck in \(state.phase)")
        }
    }

    @Test("takes an amount as it is typed, in yuan, with a point, with several prices and dishes")
    func amounts() {
        let cases: [(String, Int64?)] = [
            ("12.5e", 1_250), ("0.05e", 5), (".5e", 50), ("7e", 700), ("12.345e", 1_234), ("3+4.5e", 750),
            ("5d5d1e", 400), ("12b3e", 1_300), ("1.2b3e", 130), ("1.bb2e", 200), ("99999e", nil), ("60.01e", nil),
            ("e", nil),
            ("0e", nil), ("4d", nil),
        ]
        let around = Self.surroundings(nil, fixedPrice: false)
        for (typed, fen) in cases {
            var till = Counter(needsShift: false)
            for character in typed { _ = till.press(Self.key(character), around) }
            #expect(till.order?.amount == fen.map { Fen($0) }, "\(typed)")
        }
    }

    private static func key(_ character: Character) -> CounterKey {
        switch character {
        case ".": .point
        case "+": .plus
        case "b": .back
        case "d": .dish
        case "e": .enter
        default: .digit(UInt8(character.wholeNumberValue ?? 0))
        }
    }

    @Test("asks for six digits, and takes the card up again with them")
    func pin() {
        let around = Self.surroundings(nil, fixedPrice: false)
        var till = Counter(needsShift: false)
        for key in [CounterKey.digit(5), .enter] { _ = till.press(key, around) }
        let order = till.begin()
        till.ended(SaleReport(ending: .pinNeeded, order: order?.number), around)
        #expect(!till.takesCards && till.order == nil)
        var effects: [Counter.Effect] = []
        for digit in [1, 2, 9, 3, 4, 5, 6] as [UInt8] {
            effects += till.press(digit == 9 ? .back : .digit(digit), around)
        }
        // The back key took the 2, so one digit is missing.
        #expect(effects.isEmpty)
        effects += till.press(.digit(7), around)
        #expect(effects == [.serveAgain])
        #expect(till.order?.pin == SecretDigits("134567") && till.order?.number == order?.number)
    }

    @Test("asks a fixed price again and again, each time under a new number, while its meal lasts")
    func fixedPrice() {
        var around = Self.surroundings(nil, fixedPrice: true)
        var till = Counter(needsShift: false)
        till.timePassed(around)
        var numbers: [UInt64] = []
        for _ in 0..<3 {
            let order = till.begin()
            numbers.append(order?.number ?? 0)
            till.ended(SaleReport(ending: .paid(Self.receipt), order: order?.number), around)
            #expect(till.order == nil)
            around.now = around.now.advanced(milliseconds: 2_500)
            till.timePassed(around)
            #expect(till.order?.isRepeating == true && till.order?.meal == 1)
        }
        #expect(Set(numbers).count == 3 && !numbers.contains(0))
        till.timePassed(Self.surroundings(nil, fixedPrice: false))
        #expect(till.order == nil)
    }

    @Test("says that an order is paid, though another reader's card was refused for it meanwhile")
    func twoReaders() {
        let around = Self.surroundings(nil, fixedPrice: false)
        var till = Counter(needsShift: false)
        for key in [CounterKey.digit(5), .enter] { _ = till.press(key, around) }
        let order = till.begin()
        #expect(till.begin() == order)
        till.ended(SaleReport(ending: .refused(.balanceTooLow), order: order?.number), around)
        till.ended(SaleReport(ending: .paid(Self.receipt), order: order?.number), around)
        #expect(endedWith(till) == .paid(Self.receipt) && till.order == nil)
    }

    @Test("opens and closes a shift, and sells nothing without one where it needs one")
    func shift() {
        let around = Self.surroundings(nil, fixedPrice: false)
        var till = Counter(needsShift: true)
        #expect(!till.takesCards && till.press(.enter, around).isEmpty)
        _ = till.press(.digit(5), around)
        #expect(till.press(.shift, around) == [.openShift(5)])
        for key in [CounterKey.digit(5), .enter] { _ = till.press(key, around) }
        #expect(till.order?.operatorNumber == 5)
        #expect(till.press(.shift, around).isEmpty, "not in the middle of a sale")
        _ = till.press(.clear, around)
        #expect(till.press(.shift, around) == [.closeShift] && !till.takesCards)
    }

    @Test(
        "the day ends a forgotten shift, whatever was typed; a sale that was asked for, is paid or in doubt goes first")
    func endOfDay() {
        let around = Self.surroundings(nil, fixedPrice: false)
        var till = Counter(needsShift: true)
        func end(_ till: Counter) -> [Counter.Effect]? {
            var till = till
            return till.endShift(around)
        }
        #expect(end(till) == [], "nobody is there")
        for key in [CounterKey.digit(5), .shift, .digit(5)] { _ = till.press(key, around) }
        #expect(end(till) == [.closeShift], "what was typed is forgotten")
        _ = till.press(.enter, around)
        #expect(end(till) == nil, "somebody was asked to pay")
        let order = till.begin()
        #expect(end(till) == nil, "a card is in hand")
        till.ended(SaleReport(ending: .inDoubt, order: order?.number), around)
        #expect(end(till) == nil, "it may have been paid")
        _ = till.begin()
        till.ended(SaleReport(ending: .paid(Self.receipt), order: order?.number), around)
        #expect(end(till) == [.closeShift])
        let effects = till.endShift(around)
        #expect(effects == [.closeShift] && till.operatorNumber == nil && !till.takesCards)
    }
}

extension SaleEnding {
    /// Whether nobody may pay the same order after it.
    fileprivate var isFinal: Bool {
        switch self {
        case .paid, .paidBefore, .voided, .refunded, .practised, .shown, .outOfService: true
        default: false
        }
    }
}

extension Counter {
    /// The state without the numbers of orders, which only count.
    fileprivate var projection: String {
        let order = anyOrder.map { "\($0.kind) \($0.amount) \($0.isRepeating) \($0.isTraining) \($0.pin != nil)" } ?? ""
        let rest =
            switch phase {
            case .closed(let entry): "closed \(entry)"
            case .entry(let entry): "entry \(entry)"
            case .present: "present"
            case .working: "working"
            case .pin(_, let typed): "pin \(typed.count)"
            case .ended(let ending, _): "ended \(ending)"
            }
        return "\(rest) \(order) \(operatorNumber ?? 0) \(isTraining) \(deadline != nil)"
    }

    fileprivate var anyOrder: SaleOrder? {
        if case .pin(let order, _) = phase { order } else { order }
    }

    /// A number that no order had yet.
    fileprivate var nextNumber: UInt64 { anyOrder.map { $0.number + 1 } ?? 0 }

    fileprivate var amount: Fen {
        switch phase {
        case .closed(let entry), .entry(let entry): entry.amount
        default: .zero
        }
    }
}
