import CLinux
import Glibc
import Synchronization

/// A directory of the file system, reached by its descriptor so that renaming its path changes nothing under us.
public final class FileStorage: JournalStorage {
    /// What may be done to the directory.
    public enum Access: Sendable {
        /// Anything.
        case readWrite
        /// Nothing is changed, nor made: whatever would is refused with `EROFS`, the lock too, since it is a file.
        case readOnly
    }

    private let path: String
    private let access: Access
    private let directory: Descriptor
    private let lockFile = Mutex<Descriptor?>(nil)

    /// The storage in the directory `path`, which must exist.
    public init(directory path: String, access: Access = .readWrite) throws(StorageError) {
        self.path = path
        self.access = access
        let number = unsafe yika_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard number >= 0 else { throw StorageError(call: "open", code: errno, path: path) }
        directory = Descriptor(number)
    }

    /// Takes the exclusive lock; it is held as long as this storage lives.
    public func lock() throws(StorageError) {
        try permit("flock", "lock")
        let descriptor = try openFile("lock", O_RDWR | O_CREAT)
        guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else { throw failure("flock", "lock") }
        lockFile.withLock { $0 = descriptor }
    }

    /// The names of all files, in no order.
    public func list() throws(StorageError) -> [String] {
        // fdopendir takes the descriptor over and moves its position, so it gets one of its own.
        let own = unsafe yika_openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard own >= 0 else { throw failure("openat", ".") }
        guard let stream = unsafe fdopendir(own) else {
            let error = failure("fdopendir", ".")
            close(own)
            throw error
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw failure("readdir", ".") }
        return names
    }

    /// Makes a file of `size` written zeros, or empties the one there is first.
    public func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile {
        try permit("openat", name)
        let file = OpenFile(descriptor: try openFile(name, O_RDWR | O_CREAT | O_TRUNC), path: "\(path)/\(name)")
        // Written zeros, not fallocate: unwritten extents would cost a second write of metadata at every first sync.
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        var offset = 0
        while offset < size {
            let count = min(zeros.count, size - offset)
            try file.write(count == zeros.count ? zeros : Array(zeros[..<count]), at: offset)
            offset += count
        }
        return file
    }

    /// Opens a file for reading and writing, or for reading only when no more is allowed.
    public func open(_ name: String) throws(StorageError) -> any JournalFile {
        let flags = access == .readOnly ? O_RDONLY : O_RDWR
        return OpenFile(descriptor: try openFile(name, flags), path: "\(path)/\(name)")
    }

    /// Gives a file another name at one stroke, replacing what had it.
    public func rename(_ name: String, to newName: String) throws(StorageError) {
        try permit("renameat", name)
        guard unsafe renameat(directory.number, name, directory.number, newName) == 0 else {
            throw failure("renameat", name)
        }
    }

    /// Removes a file.
    public func remove(_ name: String) throws(StorageError) {
        try permit("unlinkat", name)
        guard unsafe unlinkat(directory.number, name, 0) == 0 else { throw failure("unlinkat", name) }
    }

    /// Makes all names, as they are now, durable.
    public func syncDirectory() throws(StorageError) {
        guard fsync(directory.number) == 0 else { throw failure("fsync", ".") }
    }

    private func openFile(_ name: String, _ flags: Int32) throws(StorageError) -> Descriptor {
        // Records name cards and accounts: nobody but the terminal's own user reads them.
        let number = unsafe yika_openat(directory.number, name, flags | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw failure("openat", name) }
        return Descriptor(number)
    }

    private func permit(_ call: String, _ name: String) throws(StorageError) {
        guard access == .readWrite else { throw StorageError(call: call, code: EROFS, path: "\(path)/\(name)") }
    }

    private func failure(_ call: String, _ name: String) -> StorageError {
        StorageError(call: call, code: errno, path: name == "." ? path : "\(path)/\(name)")
    }
}

/// A file descriptor with one owner, closed with it.
private final class Descriptor: Sendable {
    let number: Int32
    init(_ number: Int32) { self.number = number }
    deinit { close(number) }
}

private final class OpenFile: JournalFile {
    private enum Direct: Sendable {
        case untried, impossible
        case window(DirectWindow)
    }

    private let descriptor: Descriptor
    private let path: String
    private let direct = Mutex(Direct.untried)

    init(descriptor: Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func size() throws(StorageError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw failure("fstat") }
        return Int(status.st_size)
    }

    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(descriptor.number, buffer.baseAddress?.advanced(by: done), count - done, offset + done)
            }
            if result < 0 {
                if errno == EINTR { continue }
                throw failure("pread")
            }
            if result == 0 { break }
            done += result
        }
        bytes.removeLast(count - done)
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        guard try !writeDirectly(bytes, at: offset) else { return }
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor.number, buffer.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
            }
            if result < 0 && errno == EINTR { continue }
            guard result > 0 else { throw failure("pwrite", code: result == 0 ? EIO : errno) }
            done += result
        }
    }

    /// False when the bytes are to be written through the page cache.
    private func writeDirectly(_ bytes: [UInt8], at offset: Int) throws(StorageError) -> Bool {
        try direct.withLock { (direct) throws(StorageError) in
            if case .untried = direct {
                direct = DirectWindow(of: descriptor.number).map { .window($0) } ?? .impossible
            }
            guard case .window(let window) = direct else { return false }
            do throws(WindowError) {
                if try window.write(bytes, at: offset, buffered: descriptor.number) { return true }
            } catch {
                throw failure(error.call, code: error.code)
            }
            window.forget()
            return false
        }
    }

    func sync() throws(StorageError) {
        // EINTR too counts as a failure: whether the data got out is unknown, and asking again proves nothing.
        guard fdatasync(descriptor.number) == 0 else { throw failure("fdatasync") }
    }

    private func failure(_ call: String, code: Int32 = errno) -> StorageError {
        StorageError(call: call, code: code, path: path)
    }
}
