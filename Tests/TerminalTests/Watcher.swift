import Foundation
import Glibc
import Platform

/// An event as the terminal streams it.
struct KioskEvent: Decodable, Sendable {
    let event: String
    let at: Int64
    let tap: UInt64?
    let reader: String?
    let what: String?
    let detail: String?
    let code: String?
    let sequence: UInt64?
    let apdus: Int?

    /// Whether it says that the condition `code` was `what`, `raised` or `cleared`.
    func isCondition(_ code: String, _ what: String) -> Bool {
        event == "condition" && self.code == code && self.what == what
    }
}

/// Watches a terminal on its control socket.
final class Watcher {
    /// Everything taken so far, in order.
    private(set) var seen: [KioskEvent] = []
    private let coming = Mailbox<KioskEvent>()

    /// How long anything may take: for a machine under load, not a measurement.
    private static let patienceMilliseconds: Int64 = 60_000

    /// Connects to the socket at `path`, which is there.
    init(path: String) throws {
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8.prefix(107)) }
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let coming = self.coming
        _ = DedicatedThread(name: "watcher") {
            Self.read(socket, into: coming)
            close(socket)
            coming.close()
        }
    }

    private static func read(_ socket: Int32, into coming: Mailbox<KioskEvent>) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            for byte in buffer.prefix(count) {
                guard byte == UInt8(ascii: "\n") else {
                    line.append(byte)
                    continue
                }
                if let event = try? JSONDecoder().decode(KioskEvent.self, from: Data(line)) { coming.send(event) }
                line = []
            }
        }
    }

    /// Takes events until one matches, which is returned.
    @discardableResult
    func next(_ what: String, where matches: (KioskEvent) -> Bool) throws -> KioskEvent {
        let deadline = SystemTime().now().advanced(milliseconds: Self.patienceMilliseconds)
        while let event = coming.receive(until: deadline) {
            seen.append(event)
            if matches(event) { return event }
        }
        throw Missing(what: what, last: seen.suffix(20).map { "\($0)" })
    }

    /// Takes events until one matches, unless one of those since `first` does already.
    func ensure(_ what: String, since first: Int = 0, where matches: (KioskEvent) -> Bool) throws {
        if !seen[first...].contains(where: matches) { try next(what, where: matches) }
    }

    /// Takes everything until the terminal closes the socket.
    func readToEnd() {
        let deadline = SystemTime().now().advanced(milliseconds: Self.patienceMilliseconds)
        while let event = coming.receive(until: deadline) { seen.append(event) }
    }

    /// An event that did not come.
    struct Missing: Error {
        let what: String
        let last: [String]
    }
}
