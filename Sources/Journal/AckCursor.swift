import Platform
import Synchronization

/// How far the ledger has taken the journal: what may be removed, and from where to upload.
public struct AckCursor: Hashable, Sendable {
    /// The epoch that `acknowledged` counts in.
    public var epoch: UInt32
    /// The last record that the ledger has stored for good; 0 when none.
    public var acknowledged: UInt64
    /// That record's chain MAC.
    public var chainHead: ChainMAC

    /// A cursor with these fields.
    public init(epoch: UInt32, acknowledged: UInt64, chainHead: ChainMAC) {
        self.epoch = epoch
        self.acknowledged = acknowledged
        self.chainHead = chainHead
    }
}

/// The cursor's two sectors, written in turn, so that a torn write leaves the one before.
final class CursorFile: Sendable {
    static let name = "cursor"
    static let sectorSize = 512
    private static let magic = Array("YIKACURS".utf8)
    private static let version: UInt16 = 1

    private enum Offset {
        static let version = 8, terminal = 10, epoch = 12, acknowledged = 16, generation = 24, chainHead = 32
        static let checksum = 508
    }

    private struct State {
        var generation: UInt64
        var failure: StorageError?
    }

    private let file: any JournalFile
    private let terminal: UInt16
    private let state: Mutex<State>

    private init(file: any JournalFile, terminal: UInt16, generation: UInt64) {
        self.file = file
        self.terminal = terminal
        state = Mutex(State(generation: generation))
    }

    /// Opens the cursor, making it first where there is none.
    ///
    /// - Returns: the cursor found, `nil` when it is new or both sectors are unreadable.
    static func open(
        storage: any JournalStorage, terminal: UInt16
    ) throws(JournalError) -> (file: CursorFile, found: AckCursor?) {
        let (file, bytes) = try opened(storage)
        var best: (generation: UInt64, cursor: AckCursor)?
        for start in stride(from: 0, to: bytes.count, by: sectorSize) {
            let sector = Array(bytes[start...].prefix(sectorSize))
            guard let entry = try decode(sector, terminal: terminal) else { continue }
            if entry.generation > best?.generation ?? 0 { best = entry }
        }
        return (CursorFile(file: file, terminal: terminal, generation: best?.generation ?? 0), best?.cursor)
    }

    private static func opened(
        _ storage: any JournalStorage
    ) throws(JournalError) -> (file: any JournalFile, bytes: [UInt8]) {
        do throws(StorageError) {
            if try !storage.list().contains(name) {
                try storage.replace(name, with: [UInt8](repeating: 0, count: 2 * sectorSize))
            }
            let file = try storage.open(name)
            return (file, try file.read(at: 0, count: 2 * sectorSize))
        } catch {
            throw JournalError(opening: error)
        }
    }

    /// Makes `cursor` durable.
    ///
    /// After one failure it refuses for good: what the disk holds is unknown.
    func store(_ cursor: AckCursor) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            if let failure = state.failure { throw failure }
            let generation = state.generation + 1
            var bytes = [UInt8](repeating: 0, count: Self.sectorSize)
            bytes.replaceSubrange(0..<8, with: Self.magic)
            bytes.store(Self.version, at: Offset.version)
            bytes.store(terminal, at: Offset.terminal)
            bytes.store(cursor.epoch, at: Offset.epoch)
            bytes.store(cursor.acknowledged, at: Offset.acknowledged)
            bytes.store(generation, at: Offset.generation)
            bytes.replaceSubrange(Offset.chainHead..<Offset.chainHead + ChainMAC.size, with: cursor.chainHead.bytes)
            bytes.store(CRC32C.checksum(bytes[..<Offset.checksum]), at: Offset.checksum)
            do throws(StorageError) {
                try file.write(bytes, at: Int(generation % 2) * Self.sectorSize)
                try file.sync()
            } catch {
                state.failure = error
                throw error
            }
            state.generation = generation
        }
    }

    private static func decode(
        _ bytes: [UInt8], terminal: UInt16
    ) throws(JournalError) -> (generation: UInt64, cursor: AckCursor)? {
        guard bytes.count == sectorSize, Array(bytes[..<8]) == magic,
            bytes.integer(at: Offset.checksum, as: UInt32.self) == CRC32C.checksum(bytes[..<Offset.checksum])
        else { return nil }
        let found = bytes.integer(at: Offset.version, as: UInt16.self)
        guard found == version else { throw .unknownFormat(file: name, version: Int(found)) }
        let owner = bytes.integer(at: Offset.terminal, as: UInt16.self)
        guard owner == terminal else { throw .otherTerminal(file: name, found: owner, expected: terminal) }
        let head = ChainMAC(bytes: Array(bytes[Offset.chainHead..<Offset.chainHead + ChainMAC.size]))
        let cursor = AckCursor(
            epoch: bytes.integer(at: Offset.epoch), acknowledged: bytes.integer(at: Offset.acknowledged),
            chainHead: head)
        return (bytes.integer(at: Offset.generation), cursor)
    }
}
