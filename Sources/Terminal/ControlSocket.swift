import CLinux
import FoundationEssentials
import Glibc
import Platform
import Synchronization

/// A Unix socket on which whoever may connect sees this terminal's events as they happen, one JSON object a line, and may
/// ask questions: a line `{"ask":NAME,…}` is answered by one line `{"answer":NAME,…}` among the events.
///
/// Only root, the daemon's user and the members of its group may connect: the socket's mode says so, and so does the kernel
/// of each that has connected. Nothing waits for a client: one who reads too slowly, asks too much or
/// sends what is no question's length is disconnected.
final class ControlSocket: Sendable {
    /// Answers a question of the client with that number with one line, without its end; `nil`: there is no such question.
    typealias Answering = @Sendable (_ question: ControlRequest, _ client: UInt64) -> [UInt8]?

    /// Clients at a time; more are turned away.
    private static let clientsMost = 32
    /// How long the thread may take to notice that it is to end, in milliseconds.
    private static let stopMilliseconds: Int64 = 500

    private let listener: Int32
    private let path: String
    private let time: any TimeSource
    /// Descriptors are closed by the thread that polls them alone: elsewhere their numbers might be others' by then.
    private let clients = Mutex<[ControlClient]>([])
    private let accepted = Mutex<UInt64>(0)
    private let gone = Mutex<(@Sendable (UInt64) -> Void)?>(nil)
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
    ///   - gone: called on that thread for each client that has left.
    func start(
        greeting: @escaping @Sendable () -> [TerminalEvent], answering: @escaping Answering = { _, _ in nil },
        gone: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) {
        self.gone.withLock { $0 = gone }
        thread.withLock { thread in
            thread = DedicatedThread(name: "yika-control") { [self] in
                while serveOnce(greeting, answering) {}
            }
        }
    }

    /// Sends `event` to everybody who watches, or only to those who want to know everything.
    func publish(_ event: TerminalEvent, toMonitors: Bool = false) {
        guard let line = Self.line(event) else { return }
        clients.withLock { clients in
            for index in clients.indices where clients[index].isMonitor || !toMonitors { clients[index].say(line) }
        }
    }

    /// Whether anybody wants to know everything.
    var isMonitored: Bool { clients.withLock { $0.contains(where: \.isMonitor) } }

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
        guard ControlPeer(of: descriptor)?.isWelcome == true else {
            close(descriptor)
            return true
        }
        let number = accepted.withLock { number in
            number += 1
            return number
        }
        clients.withLock { clients in
            guard clients.count < Self.clientsMost else {
                close(descriptor)
                return
            }
            var client = ControlClient(descriptor: descriptor, number: number)
            for event in greeting() {
                if let line = Self.line(event) { client.say(line) }
            }
            clients.append(client)
        }
        return true
    }

    private func serve(_ descriptor: Int32, _ answering: Answering) {
        let heard = change(descriptor) { (questions: $0.hear(at: time.now()), number: $0.number) }
        for question in heard?.questions ?? [] {
            let answer = question.flatMap { answering($0, heard?.number ?? 0) } ?? Self.noSuchQuestion
            change(descriptor) { client in
                if question?.ask == "monitor" { client.isMonitor = true }
                client.say(answer + [UInt8(ascii: "\n")])
            }
        }
        let left = clients.withLock { clients in
            let left = clients.filter(\.isGone)
            for client in left { close(client.descriptor) }
            clients.removeAll(where: \.isGone)
            return left.map(\.number)
        }
        if let gone = gone.withLock({ $0 }) { left.forEach(gone) }
    }

    @discardableResult
    private func change<R: Sendable>(_ descriptor: Int32, _ body: (inout ControlClient) -> R) -> R? {
        clients.withLock { clients in
            clients.firstIndex { $0.descriptor == descriptor }.map { body(&clients[$0]) }
        }
    }

    private static let noSuchQuestion = Array(
        #"{"answer":"error","detail":"expected {\"ask\":\"status\"} or another question that this version knows"}"#.utf8
    )

    /// `value` as one line of JSON, without its end.
    static func json(_ value: any Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { Array($0) }
    }

    private static func line(_ event: TerminalEvent) -> [UInt8]? { json(event).map { $0 + [UInt8(ascii: "\n")] } }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}

/// Who has connected, as the kernel saw it then.
struct ControlPeer: Sendable, Hashable {
    let user: UInt32
    let groups: Set<UInt32>

    init(user: UInt32, groups: Set<UInt32>) {
        self.user = user
        self.groups = groups
    }

    /// `nil`: the kernel does not tell.
    init?(of connection: Int32) {
        var peer = yika_peer()
        var more = [gid_t](repeating: 0, count: 1024)
        guard unsafe yika_peer(connection, &peer) == 0 else { return nil }
        let count = unsafe yika_peer_groups(connection, &more, Int32(more.count))
        self.init(user: peer.user, groups: Set([peer.group] + more.prefix(max(0, Int(count)))))
    }

    /// Whether it is root, the daemon's user, or a member of the daemon's group: a mode that somebody has widened, or a
    /// folder that somebody has put in the socket's place, lets nobody else in.
    var isWelcome: Bool { user == 0 || user == geteuid() || groups.contains(getegid()) }
}

/// The control socket cannot be made.
struct ControlSocketError: Error {
    let path: String
    let problem: String
}
