import Foundation
import Glibc

/// A connection to the screen's server that says what it likes and reads what comes, without a browser's good manners.
final class Browser {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func say(_ text: String) { _ = unsafe send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// The next line without its end; `nil` at the end of the connection.
    func line() -> String? {
        while true {
            if let end = unread.firstIndex(of: 10) {
                let line = unread[..<end].filter { $0 != 13 }
                unread.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard more() else { return nil }
        }
    }

    private func bytes(_ count: Int) -> [UInt8]? {
        while unread.count < count { guard more() else { return nil } }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    private func more() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        unread += buffer[..<count]
        return true
    }

    /// What came back: status, headers in lower case, body where its length was told.
    struct Answer {
        var status = 0
        var headers: [String: String] = [:]
        var body = ""
    }

    /// Reads the head of an answer, and the body where the head says how long it is.
    func answer(hasBody: Bool = true) -> Answer? {
        guard let first = line(), let status = Int(first.split(separator: " ").dropFirst().first ?? "") else {
            return nil
        }
        var answer = Answer(status: status)
        while let line = line(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        if hasBody, status != 304, let length = answer.headers["content-length"].flatMap(Int.init) {
            answer.body = bytes(length).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        return answer
    }

    /// One request of one's own page's, with `headers` besides or instead.
    func ask(
        _ method: String, _ path: String, host: String, headers: [String: String] = [:], body: String? = nil
    ) -> Answer? {
        var all = ["Host": host]
        if method == "POST" {
            all["Origin"] = "http://\(host)"
            all["Content-Type"] = "application/json"
        }
        if let body { all["Content-Length"] = "\(body.utf8.count)" }
        all.merge(headers) { $1 }
        let lines = all.filter { !$0.value.isEmpty }.map { "\($0.key): \($0.value)\r\n" }.joined()
        say("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")")
        return answer(hasBody: method != "HEAD")
    }

    /// An event of a stream: its kind, its id, its data.
    struct Event {
        var kind = "message"
        var id = ""
        var data = ""
    }

    private var text: [UInt8] = []

    /// The next event, out of the chunks that it may be spread over; `nil` at the end.
    func event() -> Event? {
        while true {
            if let end = text.firstRange(of: Array("\n\n".utf8)) {
                let block = String(decoding: text[..<end.lowerBound], as: UTF8.self)
                text.removeFirst(end.upperBound)
                return Self.event(of: block)
            }
            guard let length = line().flatMap({ Int($0, radix: 16) }), length > 0, let chunk = bytes(length + 2) else {
                return nil
            }
            text += chunk.dropLast(2)
        }
    }

    /// The next state that comes, beats and others passed over.
    func state() -> Event? {
        while let event = event() { if event.kind == "message" { return event } }
        return nil
    }

    private static func event(of block: String) -> Event {
        var event = Event()
        for line in block.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            switch parts.first {
            case "event": event.kind = parts[1]
            case "id": event.id = parts[1]
            case "data": event.data += parts[1]
            default: break
            }
        }
        return event
    }
}
