import Foundation
import Glibc
import LedgerProtocol
import Platform
import Sync
import Synchronization

/// A ``FakeLedger`` behind a real socket, which answers each request as a ledger should or as the field's networks do.
final class WireLedger: Sendable {
    /// What becomes of a request.
    enum Manner: Sendable {
        /// The ledger's own answer.
        case proper
        /// The ledger never hears of it; somebody else answers with these bytes, and closes.
        case instead(String)
        /// The ledger never hears of it; somebody else answers with these bytes, and then with others for ever.
        case endlessly(String, then: String, everyMilliseconds: Int64)
        /// Somebody speaks these bytes before anything was asked, and closes.
        case unasked(String)
        /// The connection is closed before the request is read.
        case closed
        /// The ledger takes it; the connection is closed before its answer.
        case takenThenCut
        /// The ledger takes it; the connection is closed in the middle of the body of its answer.
        case cutInBody
        /// The ledger takes it; its answer says another length than it has.
        case wrongLength(Int)
        /// The ledger takes it; its answer is altered on the way.
        case altered(@Sendable (Acknowledgement) -> Acknowledgement)
    }

    let port: UInt16
    let books = FakeLedger()
    private let listener: Int32
    private let manner = Mutex(Manner.proper)
    private let sizes = Mutex<[Int]>([])

    /// Bytes of the bodies received, in order.
    var bodySizes: [Int] { sizes.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)" }

    init() throws {
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
        _ = DedicatedThread(name: "wire") { [listener, weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let self else { return }
                _ = DedicatedThread(name: "wire-peer") { self.serve(connection) }
            }
        }
    }

    /// Ends it: no connection is accepted any more.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// How requests fare from now on.
    func behave(_ manner: Manner) { self.manner.withLock { $0 = manner } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while true {
            switch manner.withLock({ $0 }) {
            case .closed: return
            case .unasked(let text):
                _ = say(text, on: connection)
                return
            default: break
            }
            guard let request = read(connection) else { return }
            sizes.withLock { $0.append(request.body.count) }
            guard answer(request, manner.withLock { $0 }, on: connection) else { return }
        }
    }

    /// Answers; whether the connection stays.
    private func answer(_ request: Request, _ manner: Manner, on connection: Int32) -> Bool {
        switch manner {
        case .proper: return say(whole(take(request)), on: connection)
        case .closed, .unasked: return false
        case .instead(let text):
            _ = say(text, on: connection)
            return false
        case .endlessly(let text, let more, let pause):
            _ = say(text, on: connection)
            while say(more, on: connection) { SystemTime().sleep(milliseconds: pause) }
            return false
        case .takenThenCut:
            _ = take(request)
            return false
        case .cutInBody:
            _ = say(String(whole(take(request)).dropLast(20)), on: connection)
            return false
        case .wrongLength(let more):
            _ = say(whole(take(request), lengthOff: more), on: connection)
            return false
        case .altered(let alter):
            guard case .acknowledged(let acknowledgement) = take(request) else { return false }
            return say(whole(.acknowledged(alter(acknowledgement))), on: connection)
        }
    }

    private func take(_ request: Request) -> UploadResult {
        let path = request.head.split(separator: " ")[1]
        let first = UInt64(path.split(separator: "=").last ?? "") ?? 0
        guard let bytes = try? BatchCompression.decompress(request.body, limit: LedgerPath.uploadLimit),
            let result = try? books.upload(terminal: 3, epoch: 5, first: first, bytes: bytes)
        else { return .frozen(message: "not a batch") }
        return result
    }

    private func whole(_ result: UploadResult, lengthOff: Int = 0) -> String {
        func json(_ value: some Encodable) -> String {
            String(decoding: (try? JSONEncoder().encode(value)) ?? Data(), as: UTF8.self)
        }
        let (status, body) =
            switch result {
            case .acknowledged(let acknowledgement): ("200 OK", json(acknowledgement))
            case .gap(let expected):
                ("409 Conflict", json(LedgerRefusal(code: "L-GAP", message: "gap", expected: expected)))
            case .fork(let message): ("423 Locked", json(LedgerRefusal(code: "L-FORK", message: message)))
            case .frozen(let message): ("423 Locked", json(LedgerRefusal(code: "L-FROZEN", message: message)))
            case .epochNotRegistered(let message):
                ("409 Conflict", json(LedgerRefusal(code: "L-EPOCH", message: message)))
            }
        return "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count + lengthOff)\r\n\r\n\(body)"
    }

    private func say(_ text: String, on connection: Int32) -> Bool {
        unsafe send(connection, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count
    }

    private struct Request {
        let head: String
        let body: [UInt8]
    }

    /// The next request; `nil` when the peer has gone.
    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let field = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                let length = field.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
                if bytes.count >= end.upperBound + length {
                    return Request(head: head, body: Array(bytes[end.upperBound..<end.upperBound + length]))
                }
            }
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}
