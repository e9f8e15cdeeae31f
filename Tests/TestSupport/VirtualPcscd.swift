import Foundation
import Glibc

/// A real pcscd with vpcd's virtual reader, in a mount namespace of its own: nothing of the machine's own pcscd is touched.
///
/// For clients in the test's own process there can be one at a time: the client library reads the socket's name once.
/// Programs started by a test are told the folder, so each can have its own.
public final class VirtualPcscd: @unchecked Sendable {
    /// The port of the first slot's card side; the second slot's is the next one.
    public let port: UInt16
    /// The folder that pcscd sees as /run/pcscd.
    public let folder: String
    private var process: Process?

    /// Where this process's PC/SC client library looks, whichever pcscd runs there at the moment.
    private static let socketFolder: String = {
        let path = NSTemporaryDirectory() + "yika-pcscd-\(getpid())"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            fatalError("no folder for pcscd: \(error)")
        }
        unsafe setenv("PCSCLITE_CSOCK_NAME", path + "/pcscd.comm", 1)
        return path
    }()

    /// Writes pcscd's configuration into a folder; nothing runs yet.
    ///
    /// - Parameter otherFolder: for programs that are told so by `PCSCLITE_CSOCK_NAME=<folder>/pcscd.comm`; `nil`: for
    ///   clients in this process.
    public init(folder otherFolder: String? = nil) throws {
        folder = otherFolder ?? Self.socketFolder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try Self.freePorts()
        let drivers = "/usr/lib/pcsc/drivers/serial"
        guard
            let driver = try FileManager.default.contentsOfDirectory(atPath: drivers).first(where: {
                $0.hasPrefix("libifdvpcd.so")
            })
        else { throw CocoaError(.fileNoSuchFile) }
        let text = """
            FRIENDLYNAME "Virtual PCD"
            DEVICENAME /dev/null:0x\(String(port, radix: 16))
            LIBPATH \(drivers)/\(driver)
            CHANNELID 0x\(String(port, radix: 16))

            """
        try text.write(toFile: folder + "/reader.conf", atomically: true, encoding: .utf8)
    }

    deinit { stop() }

    /// Starts pcscd and returns when it listens.
    public func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        let inner = """
            mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind \(folder) /run/pcscd && \
            exec pcscd --foreground --config \(folder)/reader.conf
            """
        process.arguments = [getuid() == 0 ? "-m" : "-rm", "sh", "-c", inner]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: folder + "/pcscd.comm") { usleep(20_000) }
    }

    /// Ends pcscd, and waits for it; `hard` as a crash does, leaving its socket behind.
    public func stop(hard: Bool = false) {
        guard let process else { return }
        kill(process.processIdentifier, hard ? SIGKILL : SIGTERM)
        process.waitUntilExit()
        self.process = nil
        for name in ["pcscd.comm", "pcscd.pid"] { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
    }

    /// The first of two free neighbouring TCP ports on the loopback address.
    private static func freePorts() throws -> UInt16 {
        for _ in 0..<100 {
            let first = UInt16.random(in: 20_000..<60_000)
            if isFree(first) && isFree(first + 1) { return first }
        }
        throw CocoaError(.featureUnsupported)
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
