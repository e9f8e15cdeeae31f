import Foundation
import Glibc
import Platform
import Testing

@testable import Terminal

@Suite("Control socket")
struct ControlSocketTests {
    private let path = NSTemporaryDirectory() + "yk-\(UInt32.random(in: 0...UInt32.max)).sock"
    private static let greeting = TerminalEvent(
        "condition", at: Instant(nanoseconds: 0), what: "raised", code: "YK-T01")

    private func serving(_ body: (ControlSocket) throws -> Void) throws {
        let socket = try ControlSocket(path: path)
        socket.start {
            [Self.greeting]
        } answering: { question, _ in
            question.ask == "sync-status" ? Array(#"{"answer":"sync-status","n":7}"#.utf8) : nil
        }
        defer { socket.stop() }
        try body(socket)
    }

    /// A connection that says what it likes.
    private final class Peer {
        let descriptor: Int32

        init(_ path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var name = sockaddr_un(path: path)
            let status = unsafe withUnsafePointer(to: &name) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            var patience = timeval(tv_sec: 30, tv_usec: 0)
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        }

        deinit { close(descriptor) }

        @discardableResult
        func say(_ text: String) -> Bool {
            unsafe send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count
        }

        /// The next line; `nil` at the end of the connection.
        func line() -> String? {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while unsafe recv(descriptor, &byte, 1, 0) == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
            }
            return nil
        }

        /// Takes lines until the connection ends: how many there were.
        func rest() -> Int {
            var count = 0
            while line() != nil { count += 1 }
            return count
        }
    }

    @Test("a question gets one answer among the events; who only watches sees events alone")
    func answers() throws {
        try serving { socket in
            let watcher = try Peer(path)
            #expect(watcher.line()?.contains("YK-T01") == true)
            let line = try ControlQuestion(path: path).ask("sync-status")
            #expect(String(decoding: line, as: UTF8.self) == #"{"answer":"sync-status","n":7}"#)
            #expect(throws: ControlQuestionError.notUnderstood) { try ControlQuestion(path: path).ask("sync-later") }
            socket.publish(TerminalEvent("ready", at: Instant(nanoseconds: 0)))
            #expect(watcher.line()?.contains("\"ready\"") == true)
        }
        #expect(throws: ControlQuestionError.self) { try ControlQuestion(path: path).ask("sync-status") }
    }

    @Test("a question may come in pieces or several at once, and one that is none is told so")
    func pieces() throws {
        try serving { _ in
            let peer = try Peer(path)
            _ = peer.line()
            for part in [
                #"{"ask""#, #":"sync-"#, "status\"}\n{\"ask\":\"sync-status\"}\n", "nonsense\n", "{\"ask\":7}\n",
            ] {
                peer.say(part)
                SystemTime().sleep(milliseconds: 20)
            }
            let answers = (0..<4).map { _ in peer.line() ?? "" }
            #expect(answers.map { $0.contains(#""answer":"sync-status""#) } == [true, true, false, false])
            #expect(answers[2].contains(#""answer":"error""#) && answers[3].contains(#""answer":"error""#))
        }
    }

    @Test(
        "who closes his half watches on; who babbles, asks without end or does not read is cut off; nobody else notices"
    )
    func limits() throws {
        try serving { socket in
            let half = try Peer(path)
            _ = half.line()
            shutdown(half.descriptor, Int32(SHUT_WR))
            let babbler = try Peer(path)
            babbler.say(String(repeating: "x", count: 600))
            #expect(babbler.rest() <= 1)
            let asker = try Peer(path)
            asker.say(String(repeating: "{\"ask\":\"sync-status\"}\n", count: 200))
            #expect(asker.rest() < 200)
            let deaf = try Peer(path)
            let good = try Peer(path)
            _ = good.line()
            let long = String(repeating: "y", count: 10_000)
            for _ in 0..<100 {
                socket.publish(TerminalEvent("step", at: Instant(nanoseconds: 0), detail: long))
                #expect(good.line()?.contains("yyy") == true)
                _ = half.line()
            }
            #expect(deaf.rest() < 100)
            socket.publish(TerminalEvent("ready", at: Instant(nanoseconds: 0)))
            #expect(half.line()?.contains("ready") == true)
            #expect(good.line()?.contains("ready") == true)
            let crowd = try (0..<40).map { _ in try Peer(path) }
            #expect(crowd.count { $0.line() != nil } < 40)
        }
    }
}
