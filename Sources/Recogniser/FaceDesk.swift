import CLinux
import Glibc
public import Platform
import Synchronization

/// Who may connect as a recogniser, as the kernel sees it: its user or its main group has to be one of these.
public struct FacePeers: Hashable, Sendable {
    /// Users' numbers.
    public let users: Set<UInt32>
    /// Groups' numbers.
    public let groups: Set<UInt32>

    /// Those users and groups. With neither, nobody may.
    public init(users: Set<UInt32> = [], groups: Set<UInt32> = []) {
        self.users = users
        self.groups = groups
    }
}

/// A program that has connected, as the kernel saw it then.
public struct FacePeer: Hashable, Sendable {
    /// Its process's number.
    public let process: Int32
    /// Its user's number.
    public let user: UInt32
    /// Its main group's number.
    public let group: UInt32
}

/// What happens at the face's desk.
public enum FaceEvent: Hashable, Sendable {
    /// A recogniser is there.
    case connected(FacePeer)
    /// The recogniser is gone; with what it did wrong when it was cut off.
    case disconnected(FacePeer, FaceMistake?)
    /// Somebody who may not connect, or a second recogniser, was turned away.
    case turnedAway(FacePeer, FaceMistake)
    /// A face pays: the till makes the sale, or not, and calls ``FaceDesk/conclude(_:refusal:)``.
    case matched(FaceMatch, order: UInt64)
    /// A match that does not pay.
    case refused(FaceMatch, FaceRefusal)
    /// A line was none; how many that were since the start.
    case malformed(total: Int)
}

/// Where an external recogniser connects, on a Unix socket with a thread of its own; `PROTOCOL.md` describes what is said.
///
/// It takes a match and never more than a match: the recogniser learns that somebody is waited for, and what became of it,
/// neither whose account is how full nor what was bought.
public final class FaceDesk: Sendable {
    private struct State {
        var conversation: FaceConversation
        /// What is still to be said, in order.
        var outbox: [FaceLine.Reply] = []
    }

    private let listener: Descriptor
    private let path: String
    private let peers: FacePeers
    private let time: any TimeSource
    private let report: @Sendable (FaceEvent) -> Void
    private let state: Mutex<State>
    private let stopping = Signal()
    private let waker = Waker()

    /// How long nobody is let in after somebody was cut off or turned away, in milliseconds: who comes back at once, and
    /// for ever, shall not keep this thread busy.
    private static let pauseMilliseconds: Int64 = 1000
    private static let atOnce = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

    /// Listens at `path`, with mode 0660 for this process's user and `group`.
    ///
    /// - Parameters:
    ///   - path: at most 107 bytes; what lies there is removed.
    ///   - group: the socket's group, so that the recogniser's user can be in it; this process's own by default.
    ///   - rule: which matches pay.
    ///   - peers: who may connect.
    ///   - report: called on the desk's thread for each event, in order; must not block. It may call the desk.
    /// - Throws: what failed, and why.
    public init(
        path: String, group: UInt32? = nil, rule: FaceRule, peers: FacePeers, time: any TimeSource = SystemTime(),
        report: @escaping @Sendable (FaceEvent) -> Void
    ) throws(FaceDeskError) {
        guard path.utf8.count < 108 else { throw FaceDeskError(path: path, problem: "longer than 107 bytes") }
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw FaceDeskError(path: path, call: "socket") }
        let listener = Descriptor(adopting: number)
        // What a daemon that was killed has left; a living one holds the journal's lock and we do not get here.
        unsafe unlink(path)
        // On Linux the file gets the socket's mode at bind: nobody gets in before it is as it should be.
        guard fchmod(listener.number, 0o600) == 0 else { throw FaceDeskError(path: path, call: "fchmod") }
        guard Self.bind(listener.number, path) == 0 else { throw FaceDeskError(path: path, call: "bind") }
        if let group, unsafe chown(path, uid_t.max, group) != 0 { throw FaceDeskError(path: path, call: "chown") }
        guard unsafe chmod(path, 0o660) == 0 else { throw FaceDeskError(path: path, call: "chmod") }
        guard listen(listener.number, 4) == 0 else { throw FaceDeskError(path: path, call: "listen") }
        self.listener = listener
        self.path = path
        self.peers = peers
        self.time = time
        self.report = report
        state = Mutex(State(conversation: FaceConversation(rule: rule)))
    }

    /// Runs the desk on a new thread, which ends after ``stop()``.
    public func start() -> DedicatedThread {
        DedicatedThread(name: "faces") { [self] in
            run()
            unsafe unlink(path)
        }
    }

    /// Disconnects the recogniser and removes the socket, soon.
    public func stop() {
        stopping.raise()
        waker.wake()
    }

    /// A sale waits for a face from now on, in place of any before. One that costs more than a face may pay does not, and
    /// the recogniser is not told.
    public func ask(_ order: FaceOrder) { say { $0.ask(order) } }

    /// No sale waits for a face any more: it was paid otherwise, or given up.
    public func withdraw() { say { $0.withdraw() } }

    /// What became of the sale with this number, that a match was taken for. One that is not being served is passed over.
    ///
    /// - Parameter refusal: why it was not made, in the code that the till has for it; `nil`: it was.
    public func conclude(_ order: UInt64, refusal: String? = nil) {
        say { $0.conclude(order, refusal: refusal) }
    }

    /// Lines that were none, since the start.
    public var malformed: Int { state.withLock { $0.conversation.malformed } }

    private func say(_ change: (inout FaceConversation) -> [FaceLine.Reply]) {
        state.withLock { $0.outbox += change(&$0.conversation) }
        waker.wake()
    }

    private func run() {
        var notBefore = time.now()
        while !stopping.isRaised {
            let isShut = time.now() < notBefore
            let isReady = waker.wait(
                for: isShut ? [] : [listener.number], until: isShut ? notBefore : nil, time: time)
            // Nobody is there to hear it.
            state.withLock { $0.outbox = [] }
            guard isReady == [true], let guest = accept() else { continue }
            if let mistake = mistake(of: guest.peer) {
                turnAway(guest, mistake)
                notBefore = time.now().advanced(milliseconds: Self.pauseMilliseconds)
                continue
            }
            report(.connected(guest.peer))
            let mistake = serve(guest.connection)
            report(.disconnected(guest.peer, mistake))
            if mistake != nil { notBefore = time.now().advanced(milliseconds: Self.pauseMilliseconds) }
        }
    }

    /// Talks with one recogniser until it goes or is cut off: what it then did wrong.
    private func serve(_ connection: borrowing Descriptor) -> FaceMistake? {
        state.withLock { $0.outbox = $0.conversation.greet() }
        var notBefore = time.now()
        while !stopping.isRaised {
            guard send(connection) else { return .deaf }
            let isShut = time.now() < notBefore
            let isReady = waker.wait(
                for: isShut ? [connection.number] : [connection.number, listener.number],
                until: isShut ? notBefore : nil, time: time)
            if isReady.count == 2, isReady[1], let second = accept() {
                turnAway(second, mistake(of: second.peer) ?? .busy)
                notBefore = time.now().advanced(milliseconds: Self.pauseMilliseconds)
            }
            guard isReady[0] else { continue }
            guard let bytes = Self.receive(connection.number) else { return nil }
            let reaction = state.withLock { state in
                let reaction = state.conversation.hear(
                    bytes, at: time.now(), wallMilliseconds: time.wallMilliseconds())
                state.outbox += reaction.replies
                return reaction
            }
            reaction.events.forEach(report)
            guard reaction.isOver else { continue }
            _ = send(connection)
            return .tooMany
        }
        return nil
    }

    /// Says what is to be said, whole and without waiting; false when there was no room for it: it is not read.
    private func send(_ connection: borrowing Descriptor) -> Bool {
        let bytes = state.withLock { state in
            defer { state.outbox = [] }
            return state.outbox.flatMap(\.bytes)
        }
        guard !bytes.isEmpty else { return true }
        let count = unsafe Glibc.send(connection.number, bytes, bytes.count, Self.atOnce)
        // One that is gone is no deaf one: the next look at it says so.
        return count == bytes.count || (count < 0 && [EPIPE, ECONNRESET].contains(errno))
    }

    private func mistake(of peer: FacePeer) -> FaceMistake? {
        peers.users.contains(peer.user) || peers.groups.contains(peer.group) ? nil : .notAllowed
    }

    private func turnAway(_ guest: borrowing Guest, _ mistake: FaceMistake) {
        let bytes = FaceLine.Reply.error(mistake).bytes
        _ = unsafe Glibc.send(guest.connection.number, bytes, bytes.count, Self.atOnce)
        report(.turnedAway(guest.peer, mistake))
    }

    private struct Guest: ~Copyable {
        let connection: Descriptor
        let peer: FacePeer
    }

    /// Whoever has connected; `nil` when it is gone again.
    private func accept() -> Guest? {
        let number = yika_accept(listener.number)
        guard number >= 0 else { return nil }
        let connection = Descriptor(adopting: number)
        var peer = yika_peer()
        guard unsafe yika_peer(connection.number, &peer) == 0 else { return nil }
        return Guest(
            connection: connection, peer: FacePeer(process: peer.process, user: peer.user, group: peer.group))
    }

    /// What came; nothing when it was a false alarm, `nil` at the end.
    private static func receive(_ number: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(number, &bytes, bytes.count, Self.atOnce)
        if count > 0 { return Array(bytes[..<count]) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
    }

    private static func bind(_ number: Int32, _ path: String) -> Int32 {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// The face's desk cannot be opened.
public struct FaceDeskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the socket was to be.
    public let path: String
    /// What failed, in the system's words.
    public let problem: String

    init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }

    init(path: String, call: String) {
        self.init(path: path, problem: "\(call): \(unsafe String(cString: strerror(errno)))")
    }

    /// For people.
    public var description: String { "\(path): \(problem)" }
}
