import CLinux
import Glibc

/// Small writes past the page cache, onto a file whose bytes are there already.
///
/// Only the way to the disk is shorter, measured by a fifth of a durable append: the sync has no pages to look for.
/// Durability rests on the sync as ever, and where this does not work the caller writes as usual. Guarded by the mutex
/// of the file it belongs to.
@safe final class DirectWindow: @unchecked Sendable {
    /// What every disk takes, and no slot crosses.
    private static let sector = 512
    private static let capacity = 1 << 16

    private let descriptor: Int32
    /// The file's bytes from `start` on, `valid` of them: a write covers whole sectors, with what they hold already.
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 4096)
    private var start = 0
    private var valid = 0

    /// A window onto the file open as `buffered`; `nil` where the file system is on no disk of its own or refuses.
    init?(of buffered: Int32) {
        var status = stat()
        // Major number 0: in memory, on the network or in another program, whose direct writes promise nothing.
        guard unsafe fstat(buffered, &status) == 0, status.st_dev >> 8 & 0xFFF != 0 else { return nil }
        // Not by its name, which may have become another file's.
        descriptor = unsafe yika_open("/proc/self/fd/\(buffered)", O_RDWR | O_CLOEXEC | yika_direct(), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        unsafe memory.deallocate()
    }

    /// What others wrote is not in here: the next write reads it.
    func forget() { valid = 0 }

    /// Writes `bytes`; false when it is not the place or the size for it, and nothing was written.
    func write(_ bytes: [UInt8], at offset: Int, buffered: Int32) throws(WindowError) -> Bool {
        let low = offset / Self.sector * Self.sector
        let high = (offset + bytes.count + Self.sector - 1) / Self.sector * Self.sector
        guard high - low <= Self.capacity else { return false }
        if low < start || high > start + valid { load(from: low, buffered) }
        guard high <= start + valid else { return false }
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe (memory + (offset - start)).copyMemory(from: base, byteCount: source.count)
        }
        while true {
            let written = unsafe pwrite(descriptor, memory + (low - start), high - low, low)
            if written == high - low { return true }
            if written < 0 && errno == EINTR { continue }
            valid = 0
            if written < 0 && errno == EINVAL { return false }
            throw WindowError(call: "pwrite", code: written < 0 ? errno : EIO)
        }
    }

    /// As far as the disk can be read: a bad sector further on is nobody's concern yet, and one right here is met by the
    /// write through the page cache, which says so.
    private func load(from offset: Int, _ buffered: Int32) {
        start = offset
        valid = 0
        while valid < Self.capacity {
            let count = unsafe pread(buffered, memory + valid, Self.capacity - valid, start + valid)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            valid += count
        }
    }
}

/// A call on a ``DirectWindow`` that failed, and its `errno`.
struct WindowError: Error {
    let call: String
    let code: Int32
}
