import Glibc

/// Bytes that each record costs each of the writers.
package let recordSize = 128

/// The floor: `pwrite` and `fdatasync` of as many bytes, onward through a file of written zeros.
package final class BareFile {
    private static let size = 32 << 20
    package let descriptor: Int32
    private let path: String
    private var offset = 0
    private let bytes = [UInt8](repeating: 0xA5, count: 64 * recordSize)

    package init(directory: String) throws {
        path = directory + "/bare"
        descriptor = openForWriting(path)
        guard descriptor >= 0 else { throw Failure.errno("open", path) }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for start in stride(from: 0, to: Self.size, by: zeros.count) {
            let written = unsafe zeros.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, start) }
            guard written == zeros.count else { throw Failure.errno("pwrite", path) }
        }
        guard fsync(descriptor) == 0 else { throw Failure.errno("fsync", path) }
    }

    deinit { close(descriptor) }

    /// Makes `count` records durable at one stroke.
    package func append(_ count: Int) throws {
        let length = count * recordSize
        let offset = reserve(count)
        let written = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, length, offset) }
        guard written == length else { throw Failure.errno("pwrite", path) }
        guard fdatasync(descriptor) == 0 else { throw Failure.errno("fdatasync", path) }
    }

    /// Where the next `count` records go, for who writes them into ``descriptor`` itself.
    package func reserve(_ count: Int) -> Int {
        let length = count * recordSize
        if offset + length > Self.size { offset = 0 }
        defer { offset += length }
        return offset
    }
}
