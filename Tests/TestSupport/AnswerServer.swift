public import Foundation
import Glibc
import Platform
import Synchronization

/// An HTTP server on this machine that answers every request by a function of its body.
public final class AnswerServer: Sendable {
    /// What it answers to a request with this body: a status as in `200 OK`, and JSON.
    public typealias Answering = @Sendable (Data) -> (status: String, body: String)

    /// Where it listens.
    public let port: UInt16
    private let listener: Int32
    private let requests = Mutex(0)

    /// Requests so far.
    public var count: Int { requests.withLock { $0 } }
    /// Its address.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// A server on a free port.
    public init(_ answering: @escaping Answering) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) | listen(descriptor, 8)
                    | getsockname(descriptor, pointer, &length)
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        _ = DedicatedThread(name: "answers") { [listener, weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let self else { return }
                self.serve(connection, answering)
                close(connection)
            }
        }
    }

    /// Ends it.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32, _ answering: Answering) {
        guard let body = Self.body(from: connection) else { return }
        requests.withLock { $0 += 1 }
        let (status, text) = answering(body)
        let answer =
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(text)"
        _ = unsafe send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
    }

    private static func body(from connection: Int32) -> Data? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
                let field = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                let length = field.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if bytes.count >= end.upperBound + length { return Data(bytes[end.upperBound...].prefix(length)) }
            }
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}
