import Canteen
import DeviceProfiles
import Mifare
import Platform
import SmartCard

/// Lets the cards on one reader pay what the till asks for.
final class SaleWork: TapWork {
    private let engine: PurchaseEngine
    private let inquiry: SaleInquiry
    private let counter: CounterDesk
    /// What the till asked for when the card was taken up; `nil`: the till takes no cards at the moment.
    private var order: SaleOrder??
    /// How the last tap ended.
    private(set) var report = SaleReport(ending: .leftUntouched, order: nil)

    /// Work whose `engine` asks by way of `inquiry`.
    init(engine: PurchaseEngine, asking inquiry: SaleInquiry, counter: CounterDesk) {
        self.engine = engine
        self.inquiry = inquiry
        self.counter = counter
    }

    func begin() {
        inquiry.forget()
        order = counter.begin()
        report = SaleReport(ending: .leftUntouched, order: order??.number)
    }

    func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, observe: @escaping (TerminalEvent) -> Void
    ) -> TapEnd {
        guard let order else { return TapEnd(announcement: Announcement(.refused(.noOrder))) }
        let next = engine.handle(transport, dialect: dialect, order: order) { observe(TerminalEvent($0)) }
        if report.ending != .inDoubt || next.ending != .leftUntouched { report = next }
        return TapEnd(next, language: inquiry.language)
    }

    /// A card that lies there and cannot be connected to is no card that left too early.
    func end(of error: PCSCError) -> TapEnd {
        report.ending =
            switch error.code {
            case .unsupportedCard, .protocolMismatch: .refused(.notActivated)
            case .unresponsiveCard: .refused(.cardDamaged)
            default: .leftUntouched
            }
        var end = TapEnd(report, language: inquiry.language)
        end.particulars = "\(error)"
        return end
    }

    func finish(_ end: TapEnd) {
        if order != nil { counter.ended(report) }
    }
}

extension TapEnd {
    /// The ending of a sale.
    fileprivate init(_ report: SaleReport, language: String?) {
        self.init(
            announcement: Announcement(report.ending), language: language, particulars: report.particulars,
            uid: report.uid, apdus: report.apdus, isLoss: report.ending == .inDoubt || report.ending == .leftUntouched,
            isUntouched: report.ending == .leftUntouched)
    }
}

extension SaleReport {
    /// What only this ending knows, for people; no account, no holder.
    var particulars: String? {
        let text: String? =
            switch ending {
            case .paid(let receipt), .paidBefore(let receipt), .voided(let receipt), .refunded(let receipt):
                receipt.particulars
            case .practised(let amount): "\(amount)"
            case .outOfService(let reason): reason
            default: nil
            }
        guard let settled else { return text }
        return [text, "an earlier sale: \(settled.rawValue)"].compactMap(\.self).joined(separator: "; ")
    }
}

extension SaleReceipt {
    fileprivate var particulars: String {
        let left = balance.map { "balance \($0)" } ?? allowance.map { "allowance \($0)" }
        return (["\(amount)", isAuthorized ? "authorized" : "offline"] + [left].compactMap(\.self)).joined(
            separator: ", ")
    }
}

extension TerminalEvent {
    /// The event for a step of a sale; whose tap it was, and when, is the station's to add.
    fileprivate init(_ step: SaleStep) {
        self.init("step", at: Instant(nanoseconds: 0))
        switch step {
        case .identified(let uid):
            what = "identified"
            card = uid.masked
        case .read(let sequence, let allowance):
            what = "read"
            detail = "use \(sequence), allowance \(allowance)"
        case .settled(let settlement):
            what = "settled"
            detail = settlement.rawValue
        case .asked(let agreed):
            what = "asked"
            detail = agreed.map { $0 ? "agreed" : "refused" } ?? "no answer"
        case .intentDurable(let number):
            what = "intent-durable"
            sequence = number
        case .written: what = "written"
        case .outcomeDurable(let number):
            what = "outcome-durable"
            sequence = number
        }
    }
}
