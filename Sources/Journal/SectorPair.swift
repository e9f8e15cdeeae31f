import Glibc
import Platform
import Synchronization

/// A file of two 512-byte sectors written in turn, so that a torn write leaves the state before: `cursor` and `head`.
final class SectorPair: Sendable {
    static let sectorSize = 512
    private static let version: UInt16 = 1

    /// What one sector says; `rest` is what follows the fields that both files have.
    struct State {
        var epoch: UInt32
        var sequence: UInt64
        var chainHead: ChainMAC
        var rest: [UInt8] = []
    }

    private enum Offset {
        static let version = 8, terminal = 10, epoch = 12, sequence = 16, generation = 24, chainHead = 32, rest = 40
        static let checksum = 508
    }

    private struct Progress {
        var generation: UInt64
        var failure: StorageError?
    }

    private let file: any JournalFile
    private let magic: [UInt8]
    private let terminal: UInt16
    private let progress: Mutex<Progress>

    private init(file: any JournalFile, magic: [UInt8], terminal: UInt16, generation: UInt64) {
        self.file = file
        self.magic = magic
        self.terminal = terminal
        progress = Mutex(Progress(generation: generation))
    }

    /// Opens the pair `name`, making it first where there is none.
    ///
    /// - Returns: the state found, `nil` when it is new or both sectors are damaged.
    static func open(
        _ name: String, magic: String, storage: any JournalStorage, terminal: UInt16
    ) throws(JournalError) -> (pair: SectorPair, found: State?) {
        let (file, bytes) = try guarded { () throws(StorageError) in try opened(name, storage) }
        let best = try newest(in: bytes, name: name, magic: magic, terminal: terminal)
        let pair = SectorPair(
            file: file, magic: Array(magic.utf8), terminal: terminal, generation: best?.generation ?? 0)
        return (pair, best?.state)
    }

    /// The newer of the sound sectors in the file's bytes.
    static func newest(
        in bytes: [UInt8], name: String, magic: String, terminal: UInt16
    ) throws(JournalError) -> (generation: UInt64, state: State)? {
        var best: (generation: UInt64, state: State)?
        for start in stride(from: 0, to: bytes.count, by: sectorSize) {
            let sector = Array(bytes[start...].prefix(sectorSize))
            guard let entry = try decode(sector, name: name, magic: magic, terminal: terminal) else { continue }
            if entry.generation > best?.generation ?? 0 { best = entry }
        }
        return best
    }

    private static func opened(
        _ name: String, _ storage: any JournalStorage
    ) throws(StorageError) -> (file: any JournalFile, bytes: [UInt8]) {
        if try !storage.list().contains(name) {
            try storage.replace(name, with: [UInt8](repeating: 0, count: 2 * sectorSize))
        }
        let file = try storage.open(name)
        let (bytes, unreadable) = try file.readAround(at: 0, count: 2 * sectorSize)
        guard !unreadable.isEmpty || bytes.count < 2 * sectorSize else { return (file, bytes) }
        // A sector that cannot be read cannot be written in part either; the file moves to others.
        let padding = [UInt8](repeating: 0, count: 2 * sectorSize - bytes.count)
        try storage.replace(name, with: bytes + padding)
        return (try storage.open(name), bytes)
    }

    /// Makes `state` durable.
    ///
    /// After one failure it refuses for good: what the disk holds is unknown.
    func store(_ state: State) throws(StorageError) {
        try progress.withLock { (progress) throws(StorageError) in
            if let failure = progress.failure { throw failure }
            let generation = progress.generation + 1
            do throws(StorageError) {
                try file.write(encoded(state, generation), at: Int(generation % 2) * Self.sectorSize)
                try file.sync()
            } catch {
                progress.failure = error
                throw error
            }
            progress.generation = generation
        }
    }

    private func encoded(_ state: State, _ generation: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.sectorSize)
        bytes.replaceSubrange(0..<magic.count, with: magic)
        bytes.store(Self.version, at: Offset.version)
        bytes.store(terminal, at: Offset.terminal)
        bytes.store(state.epoch, at: Offset.epoch)
        bytes.store(state.sequence, at: Offset.sequence)
        bytes.store(generation, at: Offset.generation)
        bytes.replaceSubrange(Offset.chainHead..<Offset.rest, with: state.chainHead.bytes)
        bytes.replaceSubrange(Offset.rest..<Offset.rest + state.rest.count, with: state.rest)
        bytes.store(CRC32C.checksum(bytes[..<Offset.checksum]), at: Offset.checksum)
        return bytes
    }

    private static func decode(
        _ bytes: [UInt8], name: String, magic: String, terminal: UInt16
    ) throws(JournalError) -> (generation: UInt64, state: State)? {
        guard bytes.count == sectorSize, bytes[..<8].elementsEqual(magic.utf8),
            bytes.integer(at: Offset.checksum, as: UInt32.self) == CRC32C.checksum(bytes[..<Offset.checksum])
        else { return nil }
        let found = bytes.integer(at: Offset.version, as: UInt16.self)
        guard found > 0 else { return nil }
        guard found == version else { throw .unknownFormat(file: name, version: Int(found)) }
        let owner = bytes.integer(at: Offset.terminal, as: UInt16.self)
        guard owner == terminal else { throw .otherTerminal(file: name, found: owner, expected: terminal) }
        let state = State(
            epoch: bytes.integer(at: Offset.epoch), sequence: bytes.integer(at: Offset.sequence),
            chainHead: ChainMAC(bytes: Array(bytes[Offset.chainHead..<Offset.rest])),
            rest: Array(bytes[Offset.rest..<Offset.checksum]))
        let generation: UInt64 = bytes.integer(at: Offset.generation)
        guard state.sequence == 0 || Slot.sequences.contains(state.sequence), Slot.sequences.contains(generation) else {
            return nil
        }
        return (generation, state)
    }
}

extension JournalFile {
    /// The bytes from `offset` on, with zeros for the sectors that the disk cannot read.
    ///
    /// - Parameter offset: a multiple of 512.
    /// - Returns: the bytes, and the unreadable sectors counted from `offset`.
    func readAround(at offset: Int, count: Int) throws(StorageError) -> (bytes: [UInt8], unreadable: Set<Int>) {
        do throws(StorageError) {
            return (try read(at: offset, count: count), [])
        } catch {
            guard error.code == EIO else { throw error }
        }
        var bytes: [UInt8] = []
        var unreadable: Set<Int> = []
        let end = min(offset + count, try size())
        for start in stride(from: offset, to: end, by: SectorPair.sectorSize) {
            let length = min(SectorPair.sectorSize, end - start)
            do throws(StorageError) {
                bytes += try read(at: start, count: length)
            } catch {
                guard error.code == EIO else { throw error }
                bytes += [UInt8](repeating: 0, count: length)
                unreadable.insert((start - offset) / SectorPair.sectorSize)
            }
        }
        return (bytes, unreadable)
    }
}
