import Foundation
import Glibc
import Platform
import Synchronization

/// A way to the ledger on which connections are cut, held up and repeated.
final class Meddler: Sendable {
    /// What becomes of a connection.
    enum Mischief: String, CaseIterable, Sendable {
        case cutBeforeAnswer = "cut after the request"
        case cutInAnswer = "cut at the answer's first byte"
        case cutInRequest = "cut in the middle of a body"
        case heldUp = "held up"
        case repeated = "repeated"
        case refused = "refused"
    }

    let port: Int
    private let listener: Int32
    private let target: Int
    private let counts = Mutex<[Mischief: Int]>([:])
    private let calm = Atomic<Bool>(false)

    init(target: Int) throws {
        self.target = target
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = Self.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) | listen(descriptor, 256)
                    | getsockname(descriptor, pointer, &length)
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        listener = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        _ = DedicatedThread(name: "meddler") { [descriptor, weak self] in
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0, let self else { return }
                _ = DedicatedThread(name: "meddler") { self.serve(client) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// From now on nothing goes wrong.
    func calmDown() { calm.store(true, ordering: .relaxed) }

    var line: String {
        counts.withLock { counts in
            Mischief.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        }
    }

    private func serve(_ client: Int32) {
        let mischief =
            calm.load(ordering: .relaxed) || Int.random(in: 0..<3) == 0 ? nil : Mischief.allCases.randomElement()
        if mischief == .refused {
            count(.refused)
            close(client)
            return
        }
        guard let server = connect() else {
            close(client)
            return
        }
        // Some requests pass before it happens.
        var answersLeft = Int.random(in: 0...6)
        var request: [UInt8] = []
        var isOver = false
        while !isOver {
            var polls = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe poll(&polls, 2, 20_000) > 0 else { break }
            if polls[0].revents != 0 {
                guard let bytes = receive(client) else { break }
                request += bytes
                if mischief == .heldUp {
                    count(.heldUp)
                    usleep(UInt32.random(in: 1000...400_000))
                }
                if mischief == .cutInRequest, answersLeft <= 0 {
                    count(.cutInRequest)
                    send(Array(bytes.prefix(Int.random(in: 0..<bytes.count))), to: server)
                    break
                }
                send(bytes, to: server)
            }
            if polls[1].revents != 0 {
                guard let bytes = receive(server) else { break }
                answersLeft -= 1
                if answersLeft < 0, let mischief { isOver = meddle(mischief, bytes, client, request) }
                if !isOver { send(bytes, to: client) }
                request = []
            }
        }
        close(client)
        close(server)
    }

    /// Whether the connection is over.
    private func meddle(_ mischief: Mischief, _ answer: [UInt8], _ client: Int32, _ request: [UInt8]) -> Bool {
        switch mischief {
        case .cutBeforeAnswer:
            count(mischief)
            return true
        case .cutInAnswer:
            count(mischief)
            send(Array(answer.prefix(1)), to: client)
            return true
        case .repeated:
            guard !request.isEmpty, let again = connect() else { return false }
            count(mischief)
            send(request, to: again)
            _ = receive(again)
            close(again)
            return false
        case .cutInRequest, .heldUp, .refused: return false
        }
    }

    private func count(_ mischief: Mischief) { counts.withLock { $0[mischief, default: 0] += 1 } }

    private func connect() -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = Self.address(port: target)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private func receive(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
