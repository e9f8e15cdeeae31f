import CMicroHTTP
import Glibc
import Platform
import Synchronization

/// The terminal's screen: a page at `http://127.0.0.1:PORT/`, its events, and the keys pressed on it.
///
/// Only this machine can connect, and only the server's own pages are answered: see ``ScreenSite``. One thread serves all
/// of it; whoever publishes never waits for it.
public final class ScreenServer: Sendable {
    /// How long the thread may take to notice that it is to end, in milliseconds.
    private static let stopMilliseconds: Int64 = 1000

    /// The port that it listens on.
    public let port: UInt16
    private let shelf: ScreenShelf
    private let thread: DedicatedThread

    /// Serves the screen's pages.
    ///
    /// - Parameters:
    ///   - port: on the loopback address; 0: any that is free.
    ///   - metrics: what the terminal counts, for `/metrics`; called on the screen's thread; it must not wait.
    ///   - keys: gets what is pressed, in order, on the screen's thread; it must not wait.
    /// - Throws: what failed and why; mostly that somebody else has the port.
    public init(
        port: UInt16, metrics: @escaping @Sendable () -> String = { "" }, keys: @escaping @Sendable (ScreenKey) -> Void
    ) throws(ScreenError) {
        let (listener, port) = try Self.listen(port)
        let shelf: ScreenShelf
        do throws(ScreenError) {
            shelf = try ScreenShelf()
        } catch {
            close(listener)
            throw error
        }
        let started = Answer<ScreenError?>()
        // libmicrohttpd lives and dies on this thread, so that nothing of it is ever shared.
        let thread = DedicatedThread(name: "yika-screen") {
            guard let loop = ScreenLoop(listener: listener, port: port, shelf: shelf, metrics: metrics, keys: keys)
            else {
                close(listener)
                started.give(ScreenError(call: "MHD_start_daemon", code: ENOMEM))
                return
            }
            started.give(nil)
            loop.run()
        }
        if let answer = started.wait(), let error = answer { throw error }
        self.port = port
        self.shelf = shelf
        self.thread = thread
    }

    deinit { stop() }

    /// Shows `state`, as soon as the screen's thread gets to it. Returns at once; of several states in quick succession
    /// only the last may be seen.
    public func publish(_ state: ScreenState) { shelf.put(state) }

    /// Disconnects everybody and gives the port back. Returns within a second, whatever the clients do.
    public func stop() {
        shelf.shut()
        _ = thread.join(until: SystemTime().now().advanced(milliseconds: Self.stopMilliseconds))
    }

    /// A socket of this machine's own, and the port that it got.
    private static func listen(_ port: UInt16) throws(ScreenError) -> (Int32, UInt16) {
        let listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard listener >= 0 else { throw ScreenError(call: "socket", code: errno) }
        // After a crash the old connections linger, and the page is to come back on the same port at once.
        set(listener, SO_REUSEADDR, to: 1)
        // Connections inherit it: who does not read has a few old states before him, and not a megabyte of them.
        set(listener, SO_SNDBUF, to: 16 * 1024)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isBound else {
            let code = errno
            close(listener)
            throw ScreenError(call: "bind 127.0.0.1:\(port)", code: code)
        }
        return (listener, UInt16(bigEndian: name.sin_port))
    }

    private static func set(_ socket: Int32, _ option: Int32, to value: Int32) {
        var value = value
        _ = unsafe setsockopt(socket, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
