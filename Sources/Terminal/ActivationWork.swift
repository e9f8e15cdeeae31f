import Activation
import DeviceProfiles
import Mifare
import Platform
import SmartCard

/// Takes cards through the handshake.
final class ActivationWork: TapWork {
    private let engine: ActivationEngine
    private let desk: PermitDesk
    /// How the last tap ended.
    private(set) var report = ActivationWork.nothingDone

    /// Work whose `engine` asks `desk`.
    init(_ engine: ActivationEngine, asking desk: PermitDesk) {
        self.engine = engine
        self.desk = desk
    }

    private static let nothingDone = ActivationReport(ending: .leftUntouched, uid: nil, apdus: 0, milliseconds: 0)

    func begin() {
        report = Self.nothingDone
        desk.forget()
    }

    func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, observe: @escaping (TerminalEvent) -> Void
    ) -> TapEnd {
        let next = engine.handle(transport, dialect: dialect) { observe(TerminalEvent($0)) }
        // What was written before is no less written when the card is lost once more.
        if report.ending != .unknown || next.ending != .leftUntouched { report = next }
        return TapEnd(report, language: desk.language)
    }

    /// A card that lies there and cannot be connected to is no card that left too early.
    func end(of error: PCSCError) -> TapEnd {
        report.ending =
            switch error.code {
            case .unsupportedCard, .protocolMismatch: .refused(.unknownCard)
            case .unresponsiveCard: .refused(.unreadable)
            default: .leftUntouched
            }
        var end = TapEnd(report, language: desk.language)
        end.particulars = "\(error)"
        return end
    }

    func finish(_ end: TapEnd) {}
}

extension TapEnd {
    /// The ending of a handshake.
    fileprivate init(_ report: ActivationReport, language: String?) {
        self.init(
            announcement: Announcement(report.ending), language: language, particulars: report.ending.particulars,
            uid: report.uid, apdus: report.apdus, isLoss: report.ending == .unknown || report.ending == .leftUntouched,
            isUntouched: report.ending == .leftUntouched)
    }
}

extension ActivationEnding {
    /// What only this ending knows, for people; no account, no holder.
    fileprivate var particulars: String? {
        switch self {
        case .activated(let grant, let sector, let purse, _):
            "sector \(sector), permitted by \(grant.source), small purse \(purse.map(\.description) ?? "not read")"
        case .outOfService(let reason): reason
        default: nil
        }
    }
}

extension TerminalEvent {
    /// The event for a step of the handshake; whose tap it was, and when, is the station's to add.
    fileprivate init(_ step: ActivationStep) {
        self.init("step", at: Instant(nanoseconds: 0))
        switch step {
        case .identified(let uid):
            what = "identified"
            card = uid.masked
        case .oldApplicationRead(let purse):
            what = "old-application-read"
            detail = "small purse \(purse.map(\.description) ?? "not read")"
        case .decided(let decision):
            what = "decided"
            detail = decision.particulars
        case .hinted(let hints):
            what = "hinted"
            detail = hints.names.joined(separator: ", ")
        case .probed(let sector, let finding):
            what = "probed"
            detail = "sector \(sector) \(finding.rawValue)"
        case .intentDurable(let number):
            what = "intent-durable"
            sequence = number
        case .dataWritten(let sector):
            what = "data-written"
            detail = "sector \(sector)"
        case .trailerWritten(let sector):
            what = "trailer-written"
            detail = "sector \(sector)"
        case .proved(let sector):
            what = "proved"
            detail = "sector \(sector)"
        case .outcomeDurable(let number):
            what = "outcome-durable"
            sequence = number
        }
    }
}

extension PermitDecision {
    fileprivate var particulars: String {
        switch self {
        case .granted(let grant, _): "granted by \(grant.source)"
        case .alreadyActive(let grant): "already active, says \(grant.source)"
        case .refused(let refusal): "refused: \(refusal.rawValue)"
        }
    }
}
