import CLinux
import FoundationEssentials
import Glibc

/// A new directory on the disk to be measured, removed at the end.
package struct Scratch {
    package let path: String

    package init(below parent: String) throws {
        guard try Self.kind(of: parent) != "tmpfs" else {
            throw Failure("\(parent) is in memory, not on a disk: give --directory a place on the disk to be measured")
        }
        path = "\(parent)/.measure-\(getpid())"
        guard unsafe mkdir(path, 0o700) == 0 else { throw Failure.errno("mkdir", path) }
    }

    /// The kind of file system that `path` is on, as the kernel lists it; `nil` where it does not tell.
    private static func kind(of path: String) throws -> Substring? {
        let device = try Device(of: path)
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        let mount = mounts.split(separator: "\n").first {
            $0.split(separator: " ").dropFirst(2).first ?? "" == device.name
        }
        return mount?.firstRange(of: " - ").flatMap { mount?[$0.upperBound...].split(separator: " ").first }
    }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }
}

package func openForReading(_ path: String) -> Int32 { unsafe yika_open(path, O_RDONLY | O_CLOEXEC, 0) }

package func openForWriting(_ path: String) -> Int32 {
    unsafe yika_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
}

/// The device that a file is on.
package struct Device {
    /// As below `/sys/dev/block`.
    package let name: String

    package init(of path: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw Failure.errno("stat", path) }
        let number = status.st_dev
        name = "\(number >> 8 & 0xFFF):\(number & 0xFF | number >> 12 & 0xFFF00)"
    }
}
