import Platform
import Sync
import Voice

extension TerminalService {
    /// What the control socket is asked for. Nothing here waits.
    func answer(_ request: ControlRequest) -> (any Encodable)? {
        switch request.ask {
        case "sync-status": return syncReport(answering: request.ask)
        case "sync-now":
            let report = syncReport(answering: request.ask)
            uploader?.hurry()
            return report
        case "say": return say(request)
        default: return nil
        }
    }

    /// What a technician wants to hear waits for its turn: holders come first.
    private func say(_ request: ControlRequest) -> SayAnswer {
        let id = PromptID(rawValue: request.prompt ?? "")
        guard equipment.catalogue[id] != nil else { return SayAnswer(tag: nil) }
        // Taps are counted from 1: no box sees so many.
        let tag = SayAnswer.firstTag + nextTap()
        announcer.say(Utterance(id, amount: request.amountFen.map { Fen($0) }, count: request.count), .queue, tag: tag)
        return SayAnswer(tag: tag)
    }
}

/// What the daemon answers to `say`: events of kind `prompt` with the tap ``tag`` tell what became of it.
public struct SayAnswer: Codable, Sendable {
    static let firstTag: UInt64 = 1_000_000_000_000

    /// `say`.
    public var answer = "say"
    /// The number of its events; `nil`: the catalogue has no such sentence.
    public var tag: UInt64?
}
