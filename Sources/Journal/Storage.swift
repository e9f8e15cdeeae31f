import Glibc

/// What went wrong between us and the disk: the call, its `errno`, and the file.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call that failed, by its C name.
    public let call: String
    /// The `errno` it left.
    public let code: Int32
    /// The file or directory it was about.
    public let path: String

    /// The failure `code` of `call` on `path`.
    public init(call: String, code: Int32, path: String) {
        self.call = call
        self.code = code
        self.path = path
    }

    /// The disk, or our share of it, is full.
    public var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// The storage may be read but not written.
    public var isReadOnly: Bool { code == EROFS || code == EACCES || code == EPERM }

    /// What it is, in words for a technician.
    public var description: String {
        let meaning = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return "\(call) \(path): \(meaning)"
    }
}

/// The storage seam: one flat directory of files, with every durability step spelled out.
///
/// The real one is ``FileStorage``; the simulated one forgets what was not synced. Both may be used from many threads.
public protocol JournalStorage: Sendable {
    /// Keeps every other process, and every other user in this one, out until this storage is released.
    ///
    /// - Throws: `EWOULDBLOCK` when somebody else has it.
    func lock() throws(StorageError)

    /// The names of all files, in no order.
    func list() throws(StorageError) -> [String]

    /// Makes a file of `size` zero bytes that are really written, or empties the one there is first.
    ///
    /// Neither the bytes nor the name are durable yet.
    func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile

    /// Opens a file for reading and writing.
    func open(_ name: String) throws(StorageError) -> any JournalFile

    /// Gives a file another name at one stroke, replacing what had it.
    func rename(_ name: String, to newName: String) throws(StorageError)

    /// Removes a file.
    func remove(_ name: String) throws(StorageError)

    /// Makes all names, as they are now, durable.
    func syncDirectory() throws(StorageError)
}

/// An open file of a ``JournalStorage``; closed when the last reference goes.
public protocol JournalFile: AnyObject, Sendable {
    /// The file's length in bytes.
    func size() throws(StorageError) -> Int

    /// The bytes from `offset` on: `count` of them, fewer only where the file ends.
    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8]

    /// Writes all of `bytes` from `offset` on, or throws, having written any part of them. Not durable yet.
    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError)

    /// Makes what was written durable. After a failure nothing is known about it, and asking again proves nothing:
    /// Linux reports a lost page once.
    func sync() throws(StorageError)
}

extension JournalStorage {
    /// Puts `bytes` durably under `name`: whoever opens it finds the old contents or the new, whole.
    public func replace(_ name: String, with bytes: [UInt8]) throws(StorageError) {
        let temporary = name + temporarySuffix
        do throws(StorageError) {
            // Left over from a power cut, it may be the very file that has `name` now: not to be emptied.
            try remove(temporary)
        } catch {
            guard error.code == ENOENT else { throw error }
        }
        let file = try create(temporary, size: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(temporary, to: name)
        try syncDirectory()
    }

    /// The whole contents of `name`; `nil` when there is no such file.
    public func contents(of name: String) throws(StorageError) -> [UInt8]? {
        do {
            let file = try open(name)
            return try file.read(at: 0, count: try file.size())
        } catch  where error.code == ENOENT {
            return nil
        }
    }
}

/// Ends the names of files that are not finished; whoever finds one at start may remove it.
let temporarySuffix = ".tmp"
