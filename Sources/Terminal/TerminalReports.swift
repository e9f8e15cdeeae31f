import Health
import Journal
import LedgerProtocol
import Platform
import Sync
import Voice

// What sound, ledger and health registry report, as events and conditions of the terminal.

extension TerminalEvent {
    /// The event for a change of the terminal's health.
    init(_ change: HealthRegistry.Change, at: Instant) {
        switch change {
        case .raised(let raised):
            self.init(
                "condition", at: at, what: "raised",
                detail: "\(raised.notice.title.english); \(raised.notice.nextStep.english)"
                    + (raised.detail.isEmpty ? "" : " (\(raised.detail))"),
                code: raised.notice.code)
        case .cleared(let notice):
            self.init("condition", at: at, what: "cleared", detail: notice.title.english, code: notice.code)
        }
    }
}

extension TerminalService {
    static func heard(_ event: AnnouncerEvent, events: EventStream, health: HealthRegistry) {
        func publish(_ what: String, _ id: PromptID, _ tag: UInt64, _ at: Instant) {
            events.publish(TerminalEvent("prompt", at: at, tap: tag == 0 ? nil : tag, what: what, detail: id.rawValue))
        }
        switch event {
        case .started(let id, let tag, let at): publish("started", id, tag, at)
        case .finished(let id, let tag, let at): publish("finished", id, tag, at)
        case .cut(let id, let tag, let at): publish("cut", id, tag, at)
        case .dropped(let id, let tag, let at): publish("dropped", id, tag, at)
        case .failed(let id, let tag, _, let at): publish("failed", id, tag, at)
        case .interrupted(let id, let tag, let times, let at):
            events.publish(
                TerminalEvent(
                    "prompt", at: at, tap: tag == 0 ? nil : tag, what: "interrupted", detail: "\(id), \(times) times"))
        case .deviceMissing(let error): health.raise(.soundMissing, error.description)
        case .deviceBack: health.clear(.soundMissing)
        case .fellBack(let id, let language): health.raise(.promptMissing, "\(id) is spoken in \(language)")
        case .unspoken(let id): health.raise(.promptMissing, "\(id) is in no pack, its tone has to do")
        }
    }

    static func synced(
        _ event: SyncEvent, events: EventStream, health: HealthRegistry, shared: SharedConditions, at: Instant
    ) {
        switch event {
        case .acknowledged(let acknowledgement):
            events.publish(TerminalEvent("acknowledged", at: at, sequence: acknowledgement.acknowledged))
        case .unreachable(let error): shared.raise(error, from: .upload)
        case .back:
            shared.reached(from: .upload)
            for notice in SyncStop.notices { shared.clear(notice, from: .upload) }
        case .frozen(let stop):
            for notice in SyncStop.notices where notice != stop.notice { shared.clear(notice, from: .upload) }
            shared.reach(stop.notice, stop.description, from: .upload)
        case .journal(let error): health.raise(.journalStopped, error.description)
        }
    }
}

extension LedgerClientError {
    /// Every condition that such an error can be a sign of.
    static let notices: [Notice] = [.ledgerUnreachable, .ledgerRefuses, .ledgerUntrusted, .clockWrong, .notALedger]

    /// The condition that this error is a sign of.
    var notice: Notice {
        // Whoever asks meets the freeze, and comparing credentials, as after other refusals, would not end it.
        if code == "L-FROZEN" { return .terminalFrozen }
        switch kind {
        case .unreachable, .timeout: return .ledgerUnreachable
        case .denied, .refused: return .ledgerRefuses
        case .untrusted: return .ledgerUntrusted
        case .clock: return .clockWrong
        case .nonsense: return .notALedger
        }
    }
}

extension SyncStop {
    /// Every condition that a stop can be a sign of.
    static let notices: [Notice] = [.terminalFrozen, .epochNotRegistered]

    /// The condition that this stop is a sign of.
    var notice: Notice {
        if case .epochNotRegistered = self { .epochNotRegistered } else { .terminalFrozen }
    }
}
