import Canteen
import Health
import LedgerProtocol
import Platform
import Screen

extension ScreenState.Text {
    init(_ text: Platform.Text) { self.init(zh: text.chinese, en: text.english) }

    init(_ name: BilingualName) { self.init(zh: name.zh, en: name.en) }

    /// What a shift came to.
    init(_ shift: ShiftRecord) {
        let fen = Fen(shift.sales.fen - shift.voids.fen - shift.refunds.fen)
        self.init(
            zh: "上一班 \(shift.sales.count) 笔，撤销 \(shift.voids.count)，退款 \(shift.refunds.count)，计 ¥\(fen)",
            en:
                "last shift: \(shift.sales.count) sales, \(shift.voids.count) void, \(shift.refunds.count) back, ¥\(fen)"
        )
    }
}

extension ScreenState.Condition {
    init(_ raised: HealthRegistry.Raised) {
        self.init(
            code: raised.notice.code, severity: raised.notice.severity.rawValue, title: .init(raised.notice.title),
            nextStep: .init(raised.notice.nextStep))
    }
}

extension ScreenState.Result {
    init(_ notice: Notice, _ receipt: SaleReceipt? = nil) {
        self.init(
            code: notice.code, title: .init(notice.title), nextStep: .init(notice.nextStep),
            amountFen: receipt?.amount.rawValue, balanceFen: receipt?.balance?.rawValue,
            allowanceFen: receipt?.allowance?.rawValue,
            subsidyFen: receipt.flatMap { $0.subsidy > .zero ? $0.subsidy.rawValue : nil })
    }
}

extension ScreenState {
    /// Shows where a kiosk stands.
    mutating func show(_ kiosk: KioskFace) {
        phase = kiosk.phase
        progressPercent = kiosk.percent
        result = kiosk.notice.map { Result($0) }
        if phase == .idle, isOutOfService { phase = .outOfService }
    }

    /// Shows where a till stands.
    mutating func show(_ counter: Counter, _ facts: ScreenDesk.Facts) {
        means = facts.means
        operatorNumber = counter.operatorNumber
        isTraining = counter.isTraining
        meal = facts.rules.meal(at: facts.wall).map { Text($0.name) }
        dishes = facts.rules.dishes.map { Dish(number: $0.number, name: Text($0.name), priceFen: $0.priceFen) }
        switch counter.phase {
        case .closed(let entry):
            phase = .closed
            task = facts.closedShift.map { Text($0) }
            if let number = entry.number { task = Text(zh: "操作员 \(number)", en: "operator \(number)") }
        case .entry(let entry):
            phase = entry.isEmpty ? .idle : .amount
            amountFen = entry.isEmpty ? nil : entry.amount.rawValue
            self.entry = entry.isEmpty ? nil : entry.text
        case .present(let order): show(order, .present)
        case .working(let order):
            phase = .working
            if let order { show(order, .working) }
        case .pin(let order, let typed):
            show(order, .pin)
            pinDigits = typed.count
        case .ended(let ending, let order):
            if let order { show(order, phase) }
            show(ending)
        }
        if phase == .idle || phase == .closed, isOutOfService { phase = .outOfService }
    }

    private var isOutOfService: Bool { conditions.contains { $0.severity == Notice.Severity.outOfService.rawValue } }

    private mutating func show(_ order: SaleOrder, _ phase: Phase) {
        self.phase = phase
        amountFen = order.amount.rawValue
        switch order.kind {
        case .sale: break
        case .void: task = Text(zh: "撤销上一笔", en: "take back the last sale")
        case .refund: task = Text(zh: "退款", en: "give money back")
        }
    }

    private mutating func show(_ ending: SaleEnding) {
        let notice = Announcement(ending).notice
        switch ending {
        case .paid(let receipt), .paidBefore(let receipt), .voided(let receipt), .refunded(let receipt):
            phase = .done
            result = Result(notice, receipt)
        case .practised(let amount):
            phase = .done
            result = Result(notice)
            result?.amountFen = amount.rawValue
        case .shown(let balance, let allowance):
            phase = .done
            result = Result(notice)
            result?.balanceFen = balance?.rawValue
            result?.allowanceFen = allowance.rawValue
        case .refused, .pinNeeded:
            phase = .refused
            result = Result(notice)
        case .leftUntouched, .inDoubt:
            phase = .again
            result = Result(notice)
        case .outOfService:
            phase = .outOfService
            result = Result(notice)
        }
    }
}

extension Configuration.Canteen {
    /// What a holder can pay with here.
    var means: [ScreenState.Means] { [.card] + (scanner == nil ? [] : [.code]) + (face == nil ? [] : [.face]) }
}
