import CLinux
import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// A Unix socket on which whoever may connect sees this terminal's events as they happen, one JSON object a line, and may
/// ask questions: a line `{"ask":NAME,…}` is answered by one line `{"answer":NAME,…}` among the events.
///
/// Only the daemon's user and group may connect. Nothing waits for a client: one who reads too slowly, asks too much or
/// sends what is no question's length is disconnected.
final class ControlSocket: Sendable {
    /// Answers a question with one line, without its end; `nil`: there is no such question.
    typealias Answering = @Sendable (ControlRequest) -> [UInt8]?

    /// Clients at a time; more are turned away.
    private static let clientsMost = 32
    /// How long the thread may take to notice that it is to end, in milliseconds.
    private static let stopMilliseconds: Int64 = 500

    private let listener: Int32
    private let path: String
    private let time: any TimeSource
    /// Descriptors are closed by the thread that polls them alone: elsewhere their numbers might be others' by then.
    private let clients = Mutex<[ControlClient]>([])
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Listens at `path`.
    ///
    /// - Throws: what failed and why.
    init(path: String, time: any TimeSource = SystemTime()) throws(ControlSocketError) {
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
        self.time = time
    }

    /// Accepts connections and answers questions on a thread of its own until ``stop()``.
    ///
    /// - Parameters:
    ///   - greeting: what whoever connects is told first: how the terminal stands now. What changes while it is being
    ///     told follows.
    ///   - answering: called on that thread; it must not wait.
    func start(greeting: @escaping @Sendable () -> [TerminalEvent], answering: @escaping Answering = { _ in nil }) {
        thread.withLock { thread in
            thread = DedicatedThread(name: "yika-control") { [self] in
                while serveOnce(greeting, answering) {}
            }
        }
    }

    /// Sends `event` to everybody who watches.
    func publish(_ event: TerminalEvent) {
        guard let line = Self.line(event) else { return }
        clients.withLock { clients in
            for index in clients.indices { clients[index].say(line) }
        }
    }

    /// Disconnects everybody and removes the socket.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        let ended = thread.withLock { $0 }?.join(
            until: SystemTime().now().advanced(milliseconds: Self.stopMilliseconds))
        unsafe unlink(path)
        clients.withLock { clients in
            for index in clients.indices { clients[index].dismiss() }
            // A thread that still runs may be about to use these numbers.
            guard ended ?? true else { return }
            clients.forEach { close($0.descriptor) }
            clients = []
            close(listener)
        }
    }

    /// Waits for something to do and does it; false: the socket is closed.
    private func serveOnce(_ greeting: @Sendable () -> [TerminalEvent], _ answering: Answering) -> Bool {
        var waits = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        waits += clients.withLock { clients in
            clients.map { pollfd(fd: $0.descriptor, events: $0.isListenedTo ? Int16(POLLIN) : 0, revents: 0) }
        }
        guard unsafe poll(&waits, nfds_t(waits.count), -1) >= 0 else { return errno == EINTR }
        for wait in waits.dropFirst() where wait.revents != 0 { serve(wait.fd, answering) }
        return waits[0].revents == 0 || accept(greeting)
    }

    private func accept(_ greeting: @Sendable () -> [TerminalEvent]) -> Bool {
        let descriptor = yika_accept(listener)
        guard descriptor >= 0 else { return [EINTR, ECONNABORTED, EAGAIN].contains(errno) }
        clients.withLock { clients in
            guard clients.count < Self.clientsMost else {
                close(descriptor)
                return
            }
            var client = ControlClient(descriptor: descriptor)
            for event in greeting() {
                if let line = Self.line(event) { client.say(line) }
            }
            clients.append(client)
        }
        return true
    }

    private func serve(_ descriptor: Int32, _ answering: Answering) {
        let questions = change(descriptor) { $0.hear(at: time.now()) } ?? []
        for question in questions {
            let answer = question.flatMap(answering) ?? Self.noSuchQuestion
            change(descriptor) { $0.say(answer + [UInt8(ascii: "\n")]) }
        }
        clients.withLock { clients in
            clients.removeAll { client in
                guard client.isGone else { return false }
                close(client.descriptor)
                return true
            }
        }
    }

    @discardableResult
    private func change<R: Sendable>(_ descriptor: Int32, _ body: (inout ControlClient) -> R) -> R? {
        clients.withLock { clients in
            clients.firstIndex { $0.descriptor == descriptor }.map { body(&clients[$0]) }
        }
    }

    private static let noSuchQuestion = Array(
        #"{"answer":"error","detail":"expected {\"ask\":\"sync-status\"} or {\"ask\":\"sync-now\"}"}"#.utf8)

    /// `value` as one line of JSON, without its end.
    static func json(_ value: any Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) }
    }

    private static func line(_ event: TerminalEvent) -> [UInt8]? { json(event).map { $0 + [UInt8(ascii: "\n")] } }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}

/// The control socket cannot be made.
struct ControlSocketError: Error {
    let path: String
    let problem: String
}
