import CLinux
import Glibc
public import Logging
import Platform

/// Sends each message with its fields to systemd's journal, by its native protocol: one datagram of `FIELD=value` lines
/// (systemd.io/JOURNAL_NATIVE_PROTOCOL). So `journalctl YIKA_TAP=17`, `YIKA_CODE=YK-R01` and, through the message's
/// identifier, `journalctl -x` find what belongs together and what it means.
public struct JournaldLog: LogHandler {
    /// Fields of every message.
    public var metadata: Logger.Metadata = [:]
    /// Messages below it are left out.
    public var logLevel: Logger.Level = .info
    private let socket: JournaldSocket
    private let fallback: StandardErrorLog

    /// A log for `label`; `nil` where nothing takes such datagrams.
    public init?(label: String, path: String = "/run/systemd/journal/socket") {
        guard let socket = JournaldSocket(path: path) else { return nil }
        self.socket = socket
        fallback = StandardErrorLog(label: label, isUnderSystemd: true)
    }

    /// One field of every message.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Sends one message; what the journal does not take goes to standard error.
    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        var text = "\(event.message)"
        var datagram: [UInt8] = []
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            if key == StandardErrorLog.messageID {
                Self.add("MESSAGE_ID", "\(value)", to: &datagram)
            } else {
                text += " \(key)=\(value)"
                Self.add("YIKA_" + key.uppercased(), "\(value)", to: &datagram)
            }
        }
        Self.add("MESSAGE", text, to: &datagram)
        Self.add("PRIORITY", "\(StandardErrorLog.priority(event.level))", to: &datagram)
        Self.add("SYSLOG_IDENTIFIER", "yikad", to: &datagram)
        Self.add("YIKA_EVENT", "\(event.message)", to: &datagram)
        if !socket.send(datagram) { fallback.log(event: event) }
    }

    /// `name=value`; a value of several lines goes with its length, 64 bits little-endian.
    static func add(_ name: String, _ value: String, to datagram: inout [UInt8]) {
        let bytes = Array(value.utf8)
        datagram += Array(name.utf8)
        if bytes.contains(UInt8(ascii: "\n")) {
            datagram.append(UInt8(ascii: "\n"))
            datagram += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(bytes.count) >> (8 * $0)) }
        } else {
            datagram.append(UInt8(ascii: "="))
        }
        datagram += bytes
        datagram.append(UInt8(ascii: "\n"))
    }
}

/// The socket of systemd's journal, kept open for as long as the program runs.
final class JournaldSocket: Sendable {
    private let descriptor: Int32

    init?(path: String) {
        guard path.utf8.count < 108 else { return nil }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var name = sockaddr_un(path: path)
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Without waiting: a log that stands still must not stop cards. False when it was not taken.
    func send(_ datagram: [UInt8]) -> Bool {
        unsafe Glibc.send(descriptor, datagram, datagram.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) == datagram.count
    }
}
