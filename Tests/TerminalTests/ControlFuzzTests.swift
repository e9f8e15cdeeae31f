import Glibc
import Platform
import Simulator
import TestSupport
import Testing

@testable import Terminal

/// Questions that somebody got wrong, on purpose or not.
struct WrongQuestions {
    private var random: SplitMix64

    private static let right = [
        #"{"ask":"status"}"#, #"{"ask":"metrics"}"#, #"{"ask":"monitor"}"#, #"{"ask":"lend"}"#,
        #"{"ask":"lend","reader":"Virtual PCD 00 00"}"#, #"{"ask":"close-day"}"#, #"{"ask":"sync-status"}"#,
        #"{"ask":"say","prompt":"paid-amount","amountFen":1250}"#, #"{"ask":"say","prompt":"x","count":3}"#,
    ]
    private static let pieces = [
        "9223372036854775807", "-1", "1e999", "null", "true", "[]", "{}", "\"", "\\u0000", "\\ud800", "\u{0}",
        "\u{FFFD}",
        "{\"ask\":", "}}}}", "[[[[[[[[[[[[[[[[", "\"reader\":\"\"", ",", "18446744073709551616", "\t", "每",
    ]

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// One line, without its end.
    mutating func next() -> [UInt8] {
        var bytes = Array(Self.right[Int.random(in: 0..<Self.right.count, using: &random)].utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1:
                bytes.insert(
                    contentsOf: Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)].utf8, at: place)
            case 2 where place < bytes.count:
                bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...8, using: &random)))
            default: bytes += bytes.prefix(Int.random(in: 0...40, using: &random))
            }
        }
        return bytes
    }

    /// Connects to `path`, asks `count` of them and leaves, as often as not in the middle of one. Whether it could connect.
    mutating func ask(_ count: Int, at path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var name = sockaddr_un(path: path)
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { return false }
        for _ in 0..<count {
            var line = next()
            if Bool.random(using: &random) { line.append(UInt8(ascii: "\n")) }
            _ = unsafe send(descriptor, line, line.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
        return true
    }
}

@Suite("Control socket, fuzzed")
struct ControlFuzzTests {
    @Test("whatever is asked on a thousand connections, the next question gets its answer")
    func anything() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var wrong = WrongQuestions(seed: seed)
        let path = "/tmp/yk-fuzz-\(UInt32.random(in: 0...UInt32.max)).sock"
        let socket = try ControlSocket(path: path)
        socket.start {
            []
        } answering: { question, _ in
            ControlSocket.json(question)
        }
        defer { socket.stop() }
        for round in 0..<1_000 {
            while !wrong.ask(20, at: path) { SystemTime().sleep(milliseconds: 1) }
            guard round % 100 == 99 else { continue }
            var answer: [UInt8]?
            // The socket is full of clients that have just left; they go as soon as the thread gets to them.
            for _ in 0..<100 where answer == nil {
                answer = try? ControlQuestion(path: path).ask(ControlRequest("status"), milliseconds: 3000) { line, _ in
                    line
                }
                if answer == nil { SystemTime().sleep(milliseconds: 10) }
            }
            #expect(answer.map { String(decoding: $0, as: UTF8.self) } == #"{"ask":"status"}"#, "seed \(seed)")
        }
        print("20,000 wrong questions on 1,000 connections, seed \(seed)")
    }
}

extension RealPrograms {
    @Suite("Nonsense on the control socket of a running terminal")
    struct Nonsense {
        @Test("stops nothing: the terminal is asked, lends its readers and takes them back, and serves the next card")
        func running() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            let seed = UInt64.random(in: 0...UInt64.max)
            var wrong = WrongQuestions(seed: seed)
            let path = kiosk.folder + "/run/control.sock"
            for _ in 0..<200 {
                while !wrong.ask(20, at: path) { SystemTime().sleep(milliseconds: 1) }
            }
            var report: StatusReport?
            for _ in 0..<200 where report?.readers.allSatisfy({ $0.state != .lent }) != true {
                report = try? StatusReport.ask(path)
                SystemTime().sleep(milliseconds: 20)
            }
            #expect(report?.readers.count == 2, "seed \(seed)")
            #expect(try kiosk.tap(try kiosk.card(of: kiosk.people[0])).code == "YK-A00", "seed \(seed)")
            #expect(try kiosk.stopDaemon().status == 0)
            print("4,000 wrong questions to a running terminal, seed \(seed)")
        }
    }
}
