import Journal
import Platform

/// `journal.key` in the state directory: the journal's root key, laid there by the technician who sets the terminal up,
/// used once and destroyed.
///
/// With the root on the box, whoever takes the box could rewrite all that was ever recorded on it; without it, only what
/// was recorded since the key last went forward.
struct JournalKeyFile {
    static let name = "journal.key"

    private let storage: FileStorage

    /// The key file in `stateDirectory`.
    init(stateDirectory: String) throws(StorageError) { storage = try FileStorage(directory: stateDirectory) }

    /// The key: 64 hexadecimal digits; `nil` when there is no such file, or something else is in it.
    func read() throws(StorageError) -> ChainKey? {
        guard let bytes = try storage.contents(of: Self.name) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let key = [UInt8](hex: text), key.count == 32 else { return nil }
        return ChainKey(bytes: key)
    }

    /// Overwrites the file and removes it.
    func destroy() throws(StorageError) {
        guard try storage.list().contains(Self.name) else { return }
        let file = try storage.open(Self.name)
        try file.write([UInt8](repeating: 0, count: try file.size()), at: 0)
        try file.sync()
        try storage.remove(Self.name)
        try storage.syncDirectory()
    }
}
