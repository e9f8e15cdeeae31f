import CLinux
import Glibc
import Platform
import Synchronization

/// Tells systemd how we are: one datagram to `$NOTIFY_SOCKET` (sd_notify(3)); silent when nobody listens.
struct ServiceManager: Sendable {
    private let address: String?
    /// How often loops go round and the main thread looks whether they did, in milliseconds.
    ///
    /// A quarter of what systemd waits for (systemd.service(5), WatchdogSec=): a loop that has just missed one look is
    /// seen at the next, and systemd hears of it in half its time.
    let loopMilliseconds: Int64

    /// When systemd does not watch, or waits long.
    private static let longestLoop: Int64 = 5000

    init(environment: [String: String]) {
        address = environment["NOTIFY_SOCKET"]
        let watchdog = environment["WATCHDOG_USEC"].flatMap(Int64.init).map { $0 / 4000 }
        loopMilliseconds = min(max(watchdog ?? Self.longestLoop, 1), Self.longestLoop)
    }

    func ready() { send("READY=1\nSTATUS=waiting for cards") }
    func stopping() { send("STOPPING=1") }
    func alive() { send("WATCHDOG=1") }

    private func send(_ text: String) {
        guard let address, address.utf8.count < 108 else { return }
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var name = sockaddr_un(path: address)
        let bytes = Array(text.utf8)
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.utf8.count)
        _ = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}

extension sockaddr_un {
    /// The address of the Unix socket at `path`, at most 107 bytes; a leading `@` stands for the abstract namespace.
    init(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &sun_path) { target in
            for (index, byte) in path.utf8.prefix(107).enumerated() {
                unsafe target[index] = index == 0 && byte == UInt8(ascii: "@") ? 0 : byte
            }
        }
    }
}

/// Gathers proofs of life from the loops that must not stand still. systemd is told that we live only if each gave one.
final class Watchdog: Sendable {
    /// The loops that count.
    enum Loop: CaseIterable, Hashable {
        /// The wait for cards.
        case readers
        /// The journal's writer.
        case journal
        /// The upload.
        case sync
        /// Heartbeats and feeds.
        case feeds
        /// The till's keys, codes and results.
        case till
    }

    private let seen = Mutex<Set<Loop>>([])

    /// `loop` went round.
    func tick(_ loop: Loop) { _ = seen.withLock { $0.insert(loop) } }

    /// Whether every loop went round since the last time this was true.
    func takeProof() -> Bool {
        seen.withLock { seen in
            guard seen.count == Loop.allCases.count else { return false }
            seen = []
            return true
        }
    }
}
