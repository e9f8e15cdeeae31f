import CLinux
import FoundationEssentials
import Glibc
public import Platform

/// Asks a running daemon on its control socket.
public struct ControlQuestion: Sendable {
    private static let lineMost = 64 << 10

    private struct Head: Decodable { let answer: String }

    private let path: String
    private let time: any TimeSource

    /// Questions to the daemon whose control socket is at `path`.
    public init(path: String, time: any TimeSource = SystemTime()) {
        self.path = path
        self.time = time
    }

    /// Asks `name` and waits for its answer, for `milliseconds` at most.
    ///
    /// - Returns: the answer's line, JSON.
    public func ask(_ name: String, milliseconds: Int64 = 3000) throws(ControlQuestionError) -> [UInt8] {
        try ask(ControlRequest(name), milliseconds: milliseconds) { line, isAnswer in isAnswer ? line : nil }
    }

    /// Asks `request` and reads on, for `milliseconds` at most.
    ///
    /// - Parameter take: is given every line and whether it is the answer, until it finds in one what is wanted.
    public func ask<Found>(
        _ request: ControlRequest, milliseconds: Int64, until take: (_ line: [UInt8], _ isAnswer: Bool) -> Found?
    ) throws(ControlQuestionError) -> Found {
        let descriptor = try connected()
        defer { close(descriptor) }
        return try ask(request, on: descriptor, milliseconds: milliseconds, until: take)
    }

    /// The same on a connection that stays.
    func ask<Found>(
        _ request: ControlRequest, on descriptor: Int32, milliseconds: Int64,
        until take: (_ line: [UInt8], _ isAnswer: Bool) -> Found?
    ) throws(ControlQuestionError) -> Found {
        guard let encoded = try? JSONEncoder().encode(request) else { throw .notUnderstood }
        let question = [UInt8](encoded) + [UInt8(ascii: "\n")]
        guard unsafe send(descriptor, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else {
            throw .noAnswer
        }
        let deadline = time.now().advanced(milliseconds: milliseconds)
        var rest: [UInt8] = []
        while let bytes = received(from: descriptor, until: deadline), rest.count <= Self.lineMost {
            rest += bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(rest[..<end])
                rest.removeSubrange(...end)
                // The events of the terminal go by on the same connection.
                let head = try? JSONDecoder().decode(Head.self, from: Data(line))
                if head?.answer == "error" { throw .notUnderstood }
                if let found = take(line, head?.answer == request.ask) { return found }
            }
        }
        throw .noAnswer
    }

    func connected() throws(ControlQuestionError) -> Int32 {
        guard path.utf8.count < 108 else { throw .notThere("\(path) is longer than 107 bytes") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .notThere(unsafe String(cString: strerror(errno))) }
        var name = sockaddr_un(path: path)
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            if code == EACCES { throw .forbidden }
            throw .notThere(unsafe String(cString: strerror(code)))
        }
        return descriptor
    }

    /// What came; `nil` at the end of the connection, or when nothing came by `deadline`.
    private func received(from descriptor: Int32, until deadline: Instant) -> [UInt8]? {
        while true {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = deadline.milliseconds(since: time.now())
            guard left > 0 else { return nil }
            let ready = unsafe poll(&wait, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }
}

/// Why a daemon could not be asked.
public enum ControlQuestionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No daemon listens there; with the system's words.
    case notThere(String)
    /// The socket is the daemon's user's and group's alone.
    case forbidden
    /// A daemon is there and does not answer.
    case noAnswer
    /// A daemon is there and does not know the question.
    case notUnderstood

    /// For people.
    public var description: String {
        switch self {
        case .notThere(let why): "no daemon listens: \(why)"
        case .forbidden: "the control socket is the daemon's alone"
        case .noAnswer: "no answer"
        case .notUnderstood: "the daemon is of another version"
        }
    }
}
