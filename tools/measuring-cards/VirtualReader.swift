import FoundationEssentials
import Glibc
import Measuring
import Platform
package import SmartCard

/// A pcscd of our own with vpcd's reader, in a mount namespace of its own: the machine's own pcscd is not touched.
package final class VirtualReader {
    /// What pcscd calls the first slot.
    package static let name = "Virtual PCD 00 00"
    /// Where vpcd waits for the card.
    package let port: UInt16
    private let folder: String
    private let pcscd: Child

    private static let drivers = "/usr/lib/pcsc/drivers/serial"
    private static let patienceMilliseconds: Int64 = 10_000

    /// Starts it, for this process's PC/SC library too, which must not have been used before: it reads the name once.
    package init() throws {
        folder = try Self.newFolder()
        port = try Self.freePorts()
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.drivers)
        guard let driver = names.first(where: { $0.hasPrefix("libifdvpcd.so") }) else {
            throw Failure("vsmartcard-vpcd is not installed; run tools/setup")
        }
        let text = """
            FRIENDLYNAME "Virtual PCD"
            DEVICENAME /dev/null:\(port)
            LIBPATH \(Self.drivers)/\(driver)
            CHANNELID \(port)

            """
        try Data(text.utf8).write(to: URL(filePath: folder + "/reader.conf"))
        let inner = """
            mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$0" /run/pcscd && \
            exec setpriv --pdeathsig TERM pcscd --foreground --config "$0/reader.conf" >/dev/null 2>&1
            """
        pcscd = try Child(["unshare", getuid() == 0 ? "-m" : "-rm", "sh", "-c", inner, folder])
        let socket = folder + "/pcscd.comm"
        unsafe setenv("PCSCLITE_CSOCK_NAME", socket, 1)
        let time = SystemTime()
        let deadline = time.now().advanced(milliseconds: Self.patienceMilliseconds)
        while !FileManager.default.fileExists(atPath: socket) {
            guard time.now() < deadline else { throw Failure("pcscd does not start; try tools/setup") }
            time.sleep(milliseconds: 20)
        }
    }

    deinit {
        pcscd.end()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Waits until pcscd has noticed the card.
    package static func firstConnection() throws -> PCSCTransport {
        let time = SystemTime()
        let deadline = time.now().advanced(milliseconds: patienceMilliseconds)
        while true {
            do {
                return try PCSCTransport(reader: name)
            } catch {
                guard time.now() < deadline else { throw error }
                time.sleep(milliseconds: 50)
            }
        }
    }

    private static func newFolder() throws -> String {
        var template = Array("/tmp/yika-bench-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Failure("mkdtemp", code: errno) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The first of two free neighbouring TCP ports on the loopback address: vpcd takes one for each of its two slots.
    private static func freePorts() throws -> UInt16 {
        for _ in 0..<100 {
            let first = UInt16.random(in: 20_000..<60_000)
            if isFree(first), isFree(first + 1) { return first }
        }
        throw Failure("no two free neighbouring TCP ports")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
