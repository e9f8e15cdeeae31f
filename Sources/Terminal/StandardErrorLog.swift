import Glibc
public import Logging
import Platform
import Synchronization

/// Writes one line a message to standard error, with systemd's priority prefix (sd-daemon(3)) when systemd listens and
/// with the time when a person does.
public struct StandardErrorLog: LogHandler {
    /// Fields of every line.
    public var metadata: Logger.Metadata = [:]
    /// Lines below it are left out.
    public var logLevel: Logger.Level = .info
    private let label: String
    private let isUnderSystemd: Bool

    /// A log for `label`.
    public init(label: String, isUnderSystemd: Bool) {
        self.label = label
        self.isUnderSystemd = isUnderSystemd
    }

    /// One field of every line.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.filter { $0.key != Self.messageID }.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            .joined()
        let prefix = isUnderSystemd ? "<\(Self.priority(event.level))>" : "\(Self.clock()) \(event.level) "
        let line = Array("\(prefix)\(event.message)\(fields)\n".utf8)
        // One call a line, so that lines of different threads do not mix; a lost log line stops nothing.
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }

    /// The field that names the message to the log's catalogue, and says nothing to people.
    static let messageID = "message-id"

    /// syslog's numbers.
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// UTC, to the millisecond, without a formatter: those bring the time-zone and language tables into the daemon.
    private static func clock() -> String {
        let milliseconds = SystemTime().wallMilliseconds()
        let day = (milliseconds / 1000) % 86_400
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = milliseconds % 1000
        let padding = fraction < 10 ? "00" : fraction < 100 ? "0" : ""
        return "\(two(day / 3600)):\(two(day / 60 % 60)):\(two(day % 60)).\(padding)\(fraction)Z"
    }
}
