import CLinux
import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// A Unix socket on which whoever may connect sees this terminal's events as they happen, one JSON object a line.
///
/// Only the daemon's user and group may connect. A reader who is too slow is disconnected: nothing waits for it.
final class ControlSocket: Sendable {
    private let listener: Int32
    private let path: String
    private let clients = Mutex<[Int32]>([])

    /// Listens at `path`.
    ///
    /// - Throws: what failed and why.
    init(path: String) throws(ControlSocketError) {
        guard path.utf8.count < 108 else { throw ControlSocketError(path: path, problem: "longer than 107 bytes") }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw ControlSocketError(path: path, problem: "socket: \(Self.reason())") }
        // What a daemon that was killed has left; a living one holds the journal's lock and we do not get here.
        unsafe unlink(path)
        var name = sockaddr_un(path: path)
        let bound = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, unsafe chmod(path, 0o660) == 0, listen(listener, 8) == 0 else {
            let reason = Self.reason()
            close(listener)
            throw ControlSocketError(path: path, problem: reason)
        }
        self.listener = listener
        self.path = path
    }

    /// Accepts connections on a thread of its own until ``stop()``.
    ///
    /// - Parameter greeting: what whoever connects is told first: how the terminal stands now. What changes while it is
    ///   being told follows.
    func start(greeting: @escaping @Sendable () -> [TerminalEvent]) -> DedicatedThread {
        DedicatedThread(name: "yika-control") {
            while true {
                let client = yika_accept(self.listener)
                if client < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                self.clients.withLock { clients in
                    if greeting().allSatisfy({ Self.send($0, to: client) }) {
                        clients.append(client)
                    } else {
                        close(client)
                    }
                }
            }
        }
    }

    /// Sends `event` to everybody who watches.
    func publish(_ event: TerminalEvent) {
        clients.withLock { clients in
            clients.removeAll { client in
                guard !Self.send(event, to: client) else { return false }
                close(client)
                return true
            }
        }
    }

    /// Sends `event` whole and without waiting. False: the client is to be disconnected, as a part of a line would garble
    /// the stream.
    private static func send(_ event: TerminalEvent, to client: Int32) -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(event) else { return true }
        let line = Array(json) + [UInt8(ascii: "\n")]
        return unsafe Glibc.send(client, line, line.count, Int32(MSG_NOSIGNAL)) == line.count
    }

    /// Disconnects everybody and removes the socket.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unsafe unlink(path)
        clients.withLock { clients in
            clients.forEach { close($0) }
            clients = []
        }
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}

/// The control socket cannot be made.
struct ControlSocketError: Error {
    let path: String
    let problem: String
}
