import Canteen
import Health
import LedgerProtocol
import Platform
import Screen
import Testing

@testable import Terminal

@Suite("What the screen says")
struct ScreenWordsTests {
    private func state(_ counter: Counter, conditions: [HealthRegistry.Raised] = []) -> ScreenState {
        var settings = TerminalSettings()
        settings.dishes = [DishSetting(number: 3, name: BilingualName(zh: "米饭", en: "Rice"), priceFen: 150)]
        settings.meals = [
            MealSetting(number: 1, name: BilingualName(zh: "午餐", en: "Lunch"), fromMinute: 0, toMinute: 1440)
        ]
        var closed = ShiftRecord(kind: .closed, operatorNumber: 7, openedMilliseconds: 0)
        closed.sales = .init(count: 2, fen: 1_200)
        closed.voids = .init(count: 1, fen: 700)
        var state = ScreenState(role: .canteen, terminal: 201, name: "Till", phase: .idle)
        state.conditions = conditions.map(ScreenState.Condition.init)
        state.show(
            counter,
            ScreenDesk.Facts(
                isOnline: true, queued: 0, conditions: conditions, rules: SalesRules(settings: settings), wall: 0,
                closedShift: closed,
                means: [.card, .code]))
        return state
    }

    private let around = Counter.Surroundings(
        rules: SalesRules(), wall: 0, last: nil, now: Instant(nanoseconds: 0))

    private func till(_ keys: [CounterKey]) -> Counter {
        var counter = Counter(needsShift: false)
        for key in keys { _ = counter.press(key, around) }
        return counter
    }

    private func ended(_ ending: SaleEnding) -> ScreenState {
        var counter = till([.digit(9), .enter])
        let order = counter.begin()
        counter.ended(SaleReport(ending: ending, order: order?.number), around)
        return state(counter)
    }

    @Test("at every stand of the till is what the till stands at, with the amount as typed and what can be sold")
    func stands() {
        #expect(state(Counter(needsShift: true)).phase == .closed)
        #expect(state(Counter(needsShift: true)).task?.en == "last shift: 2 sales, 1 void, 0 back, ¥5.00")
        let idle = state(till([]))
        #expect(idle.phase == .idle && idle.amountFen == nil && idle.meal?.en == "Lunch")
        #expect(idle.dishes.map(\.priceFen) == [150] && idle.dishes[0].name.zh == "米饭")
        let typed = state(till([.digit(1), .digit(2), .point, .digit(5)]))
        #expect(typed.phase == .amount && typed.amountFen == 1_250 && typed.entry == "12.5")
        #expect(state(till([.digit(8), .plus, .digit(4), .point])).entry == "8.00+4.")
        #expect(typed.means == [.card, .code])
        let asked = state(till([.digit(9), .enter]))
        #expect(asked.phase == .present && asked.amountFen == 900 && asked.task == nil)
        let refund = state(till([.digit(9), .refund]))
        #expect(refund.phase == .present && refund.task?.en == "give money back")
        var working = till([.digit(9), .enter])
        _ = working.begin()
        #expect(state(working).phase == .working && state(working).amountFen == 900)
    }

    @Test("of an ending is its code, its words and one next step; digits show as a number of dots alone")
    func endings() {
        let receipt = SaleReceipt(
            amount: Fen(900), subsidy: Fen(100), balance: Fen(4_200), allowance: Fen(5_000), sequence: 1)
        let paid = ended(.paid(receipt))
        #expect(paid.phase == .done && paid.result?.code == "YK-B00" && paid.result?.balanceFen == 4_200)
        #expect(paid.result?.subsidyFen == 100 && paid.result?.allowanceFen == 5_000)
        #expect(ended(.inDoubt).phase == .again && ended(.inDoubt).result?.code == "YK-B08")
        #expect(ended(.outOfService("disk")).phase == .outOfService)
        #expect(ended(.pinNeeded).phase == .pin && ended(.pinNeeded).pinDigits == 0)
        var codes: Set<String> = []
        for refusal in SaleRefusal.allCases {
            let state = ended(.refused(refusal))
            #expect(state.phase == .refused && state.result?.nextStep.zh.isEmpty == false, "\(refusal)")
            codes.insert(state.result?.code ?? "")
        }
        #expect(codes.count == SaleRefusal.allCases.count)
    }

    @Test("while something keeps the terminal from serving is that, unless a result is shown")
    func outOfService() {
        let registry = HealthRegistry { _ in }
        registry.raise(.journalStopped, "disk")
        #expect(state(till([]), conditions: registry.current).phase == .outOfService)
        #expect(state(till([.digit(9)]), conditions: registry.current).phase == .amount)
    }

    @Test("of a kiosk follows the handshake's steps to its end, and gives way after a while")
    func kiosk() {
        var face = KioskFace()
        func note(_ name: String, _ what: String, code: String? = nil) -> Bool {
            face.note(TerminalEvent(name, at: Instant(nanoseconds: 0), what: what, code: code))
        }
        func shown() -> ScreenState {
            var state = ScreenState(role: .activation, terminal: 101, name: "Kiosk", phase: .idle)
            state.show(face)
            return state
        }
        #expect(shown().phase == .idle)
        var reached: [Int] = []
        for what in ["identified", "decided", "intent-durable", "proved", "outcome-durable"] {
            if reached.isEmpty { #expect(note("tap", "card")) }
            #expect(note("step", what))
            reached.append(shown().progressPercent ?? 0)
        }
        #expect(shown().phase == .working && reached == reached.sorted() && Set(reached).count == 5)
        #expect(!note("prompt", "began"))
        #expect(note("ended", "activated", code: "YK-A00"))
        #expect(shown().phase == .done && shown().result?.code == "YK-A00" && shown().progressPercent == nil)
        face.timePassed(Instant(nanoseconds: 0).advanced(milliseconds: 8_000))
        #expect(shown().phase == .idle)
        #expect(note("ended", "reported-lost", code: "YK-A04"))
        #expect(shown().phase == .refused)
    }
}
