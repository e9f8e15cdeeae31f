import Health
import Logging
import Platform
import Synchronization

/// Hands what happens to the log and to whoever watches on the control socket.
final class EventStream: Sendable {
    /// What is counted of what happens.
    let metrics = Metrics()
    private let log: Logger
    private let socket = Mutex<ControlSocket?>(nil)
    private let screen = Mutex<ScreenDesk?>(nil)

    init(log: Logger) { self.log = log }

    /// From now on watchers on `socket` see the events too; `nil`: no longer.
    func attach(_ socket: ControlSocket?) { self.socket.withLock { $0 = socket } }

    /// From now on the screen goes by the events too; `nil`: no longer.
    func attach(_ screen: ScreenDesk?) { self.screen.withLock { $0 = screen } }

    func publish(_ event: TerminalEvent) {
        metrics.note(event)
        log.log(level: event.level, "\(event.event)", metadata: event.metadata)
        socket.withLock { $0 }?.publish(event)
        screen.withLock { $0 }?.note(event)
    }

    /// A command went to a card. It is counted, and told only to those who asked for it: there are dozens in a tap.
    func publish(_ exchange: ApduExchange, tap: UInt64, reader: String, at: Instant) {
        metrics.note(exchange)
        guard let socket = socket.withLock({ $0 }), socket.isMonitored else { return }
        var event = TerminalEvent(
            "apdu", at: at, tap: tap, reader: reader, what: exchange.name, detail: exchange.text)
        event.microseconds = exchange.microseconds
        socket.publish(event, toMonitors: true)
    }
}

extension TerminalEvent {
    fileprivate var level: Logger.Level {
        switch event {
        case "condition": what == "cleared" ? .notice : .warning
        case "step", "prompt": .debug
        default: .info
        }
    }

    fileprivate var metadata: Logger.Metadata {
        var fields: Logger.Metadata = [:]
        fields["tap"] = tap.map { "\($0)" }
        fields["reader"] = reader.map { "\"\($0)\"" }
        fields["card"] = card.map { "\($0)" }
        fields["what"] = what.map { "\($0)" }
        fields["code"] = code.map { "\($0)" }
        fields["sequence"] = sequence.map { "\($0)" }
        fields["ms"] = milliseconds.map { "\($0)" }
        fields["apdus"] = apdus.map { "\($0)" }
        fields["detail"] = detail.map { "\"\($0)\"" }
        fields[StandardErrorLog.messageID] = Notice.named(code).map { "\($0.messageID)" }
        return fields
    }
}
