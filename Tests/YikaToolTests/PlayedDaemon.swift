import Foundation
import Glibc
import Platform

/// A control socket on which no daemon listens, but somebody who has an answer ready for each question.
final class PlayedDaemon: Sendable {
    private struct Question: Decodable { let ask: String }

    private let listener: Int32
    private let path: String

    /// - Parameter answers: lines of JSON by the question they answer; others are not understood.
    init(path: String, answers: [String: [String]]) throws {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        precondition(path.utf8.count < 108, "\(path) is too long for a socket")
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) | listen(listener, 8)
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = DedicatedThread(name: "played-daemon") { [listener] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Self.serve(connection, answers)
                close(connection)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func serve(_ connection: Int32, _ answers: [String: [String]]) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            for line in buffer.prefix(count).split(separator: UInt8(ascii: "\n")) {
                let question = try? JSONDecoder().decode(Question.self, from: Data(line))
                let lines = question.flatMap { answers[$0.ask] } ?? [#"{"answer":"error"}"#]
                let text = lines.map { $0 + "\n" }.joined()
                _ = unsafe send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
