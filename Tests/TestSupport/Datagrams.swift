import Foundation
import Glibc

/// A Unix socket that takes datagrams, as systemd's notification socket does.
public final class Datagrams: @unchecked Sendable {
    private let socket: Int32
    private let path: String

    /// Listens at `path`.
    public init(path: String) throws {
        self.path = path
        unsafe unlink(path)
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < 108, "\(path) is too long for a socket")
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard socket >= 0, bound == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(socket)
        unsafe unlink(path)
    }

    /// The next datagram's text; `nil` when none comes within `milliseconds`.
    public func next(milliseconds: Int32) -> String? {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard unsafe Glibc.poll(&poll, 1, milliseconds) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(socket, &buffer, buffer.count, 0)
        return count >= 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
