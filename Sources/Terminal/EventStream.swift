import Logging
import Synchronization

/// Hands what happens to the log and to whoever watches on the control socket.
final class EventStream: Sendable {
    private let log: Logger
    private let socket = Mutex<ControlSocket?>(nil)
    private let screen = Mutex<ScreenDesk?>(nil)

    init(log: Logger) { self.log = log }

    /// From now on watchers on `socket` see the events too; `nil`: no longer.
    func attach(_ socket: ControlSocket?) { self.socket.withLock { $0 = socket } }

    /// From now on the screen goes by the events too; `nil`: no longer.
    func attach(_ screen: ScreenDesk?) { self.screen.withLock { $0 = screen } }

    func publish(_ event: TerminalEvent) {
        log.log(level: event.level, "\(event.event)", metadata: event.metadata)
        socket.withLock { $0 }?.publish(event)
        screen.withLock { $0 }?.note(event)
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
        return fields
    }
}
