import CLinux
import Glibc
import Platform

/// The folder in which requests for resets and their outcomes lie, used by two programs of which neither trusts the other.
///
/// A request is called after its port; names with a dot in front are everything else, and systemd's `DirectoryNotEmpty=`
/// does not look at them.
struct ResetFolder: ~Copyable {
    private let folder: Descriptor

    /// A file of it as it is.
    struct File {
        let bytes: [UInt8]
        /// When it was written, in milliseconds since 1970.
        let written: Int64
    }

    init(path: String) throws(USBError) {
        let number = unsafe yika_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0)
        guard number >= 0 else { throw Self.failure("open") }
        folder = Descriptor(adopting: number)
    }

    /// The files' names without those with a dot in front, in their order.
    borrowing func names() throws(USBError) -> [String] {
        let copy = dup(folder.number)
        guard copy >= 0 else { throw Self.failure("dup") }
        guard let stream = unsafe fdopendir(copy) else { throw Self.failure("fdopendir") }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// The file called `name`; `nil` when there is none, when it is longer than `limit`, or no plain file.
    borrowing func read(_ name: String, limit: Int) -> File? {
        // Not waiting: whoever may write here could put a pipe.
        let number = unsafe yika_openat(folder.number, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { return nil }
        let file = Descriptor(adopting: number)
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard (0...limit).contains(count) else { return nil }
        let written = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        return File(bytes: Array(bytes[..<count]), written: written)
    }

    /// Makes the file called `name`, or takes the place of the old one, as a whole. The folder's group may read it.
    borrowing func write(_ name: String, _ bytes: [UInt8]) throws(USBError) {
        let new = ".new-\(getpid())-\(name)"
        _ = unsafe unlinkat(folder.number, new, 0)
        let number = unsafe yika_openat(
            folder.number, new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
        guard number >= 0 else { throw Self.failure("open") }
        let file = Descriptor(adopting: number)
        // The umask is not asked: both programs are in the folder's group, and the helper has no right beyond it.
        guard fchmod(file.number, 0o640) == 0 else { throw Self.failure("fchmod") }
        guard unsafe Glibc.write(file.number, bytes, bytes.count) == bytes.count else {
            throw Self.failure("write", else: EIO)
        }
        guard unsafe renameat(folder.number, new, folder.number, name) == 0 else { throw Self.failure("rename") }
    }

    /// Takes the file called `name` away, whatever it is. False when there is none or it cannot be.
    @discardableResult
    borrowing func remove(_ name: String) -> Bool {
        unsafe unlinkat(folder.number, name, 0) == 0 || unlinkat(folder.number, name, AT_REMOVEDIR) == 0
    }

    static func outcome(of name: String) -> String { ".\(name).done" }

    private static func failure(_ call: String, else code: Int32 = 0) -> USBError {
        USBError(call: call, code: .init(rawValue: errno != 0 ? errno : code))
    }
}
