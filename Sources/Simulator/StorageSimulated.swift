import Glibc
public import Journal
import Synchronization

/// A disk in memory that keeps its promises and not one more: what was not synced may be lost, torn or reordered when
/// the power goes.
///
/// Faults are planned by the number of the operation (creates, opens, writes, syncs, renames, removes, directory syncs,
/// counted from 1), so that a test can try every one of them. Everything random comes from the seed.
public final class SimulatedStorage: JournalStorage {
    /// What happens at a planned operation.
    public enum Fault: Hashable, Sendable {
        /// The power goes during it: this and all later operations fail. See ``afterPowerCut()``.
        case powerCut
        /// It fails with this `errno`. A failed sync forgets which sectors were unsynced, as Linux does: they can be
        /// read, another sync succeeds, and they are gone after a power cut.
        case failure(Int32)
        /// A write puts down only its first half, then fails with `EIO`.
        case short
    }

    private static let sectorSize = 512

    /// A file's bytes as the running system sees them and as the medium holds them.
    private struct Inode {
        var cached: [UInt8] = []
        var durable: [UInt8] = []
        var dirty: Set<Int> = []
    }

    private struct State {
        var inodes: [Int: Inode] = [:]
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var nextInode = 1
        var operations = 0
        var plan: [Int: Fault] = [:]
        var powerIsOff = false
        var locked = false
        var capacity = Int.max
        var generator: SplitMix64
    }

    private let state: Mutex<State>

    /// An empty disk.
    public init(seed: UInt64) { state = Mutex(State(generator: SplitMix64(seed: seed))) }

    private init(state: State) { self.state = Mutex(state) }

    /// Operations carried out so far.
    public var operations: Int { state.withLock { $0.operations } }

    /// Plans `fault` for the operation of this number.
    public func plan(_ fault: Fault, atOperation number: Int) { state.withLock { $0.plan[number] = fault } }

    /// Lets files take at most this many bytes together; more is `ENOSPC`.
    public func limit(toBytes capacity: Int) { state.withLock { $0.capacity = capacity } }

    /// Turns bits of a file over, on the medium and in memory: what `mask` has set, in the byte at `offset`.
    public func damage(_ name: String, at offset: Int, mask: UInt8) {
        state.withLock { state in
            guard let number = state.names[name], var inode = state.inodes[number] else { return }
            if offset < inode.cached.count { inode.cached[offset] ^= mask }
            if offset < inode.durable.count { inode.durable[offset] ^= mask }
            state.inodes[number] = inode
        }
    }

    /// The names of all files, ascending.
    public var names: [String] { state.withLock { $0.names.keys.sorted() } }

    /// The same disk for the next process after this one ended: memory intact, lock released, no more faults planned.
    public func afterProcessEnd() -> SimulatedStorage {
        var copy = state.withLock { $0 }
        copy.locked = false
        copy.plan = [:]
        copy.operations = 0
        return SimulatedStorage(state: copy)
    }

    /// What the medium holds when the power comes back.
    ///
    /// Each unsynced sector is there as it was, as it was to be, or torn inside; of the names changed since the last
    /// directory sync each is the old or the new one. The same disk may be asked again for another outcome.
    public func afterPowerCut() -> SimulatedStorage {
        let survivor = state.withLock { state -> State in
            var after = State(generator: SplitMix64(seed: state.generator.next()))
            after.nextInode = state.nextInode
            after.capacity = state.capacity
            for (number, inode) in state.inodes.sorted(by: { $0.key < $1.key }) {
                let bytes = Self.settle(inode, &state.generator)
                after.inodes[number] = Inode(cached: bytes, durable: bytes)
            }
            var names = state.durableNames
            let changed = Set(state.names.keys).union(state.durableNames.keys).sorted()
            for name in changed where state.names[name] != state.durableNames[name] {
                if state.generator.next() & 1 == 0 { names[name] = state.names[name] }
            }
            after.names = names
            after.durableNames = names
            return after
        }
        return SimulatedStorage(state: survivor)
    }

    private static func settle(_ inode: Inode, _ generator: inout SplitMix64) -> [UInt8] {
        var bytes = inode.durable
        for sector in inode.dirty.sorted() {
            let start = sector * sectorSize
            let end = min(start + sectorSize, inode.cached.count)
            let choice = generator.next() % 8
            guard choice > 2, end > start else { continue }
            // Half of the sectors get through whole; one in eight is torn at some byte.
            let cut = choice == 3 ? start + Int(generator.next() % UInt64(end - start)) : end
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(start..<cut, with: inode.cached[start..<cut])
        }
        return bytes
    }

    /// Takes the exclusive lock; it is held as long as this storage lives.
    public func lock() throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            guard !state.locked else { throw StorageError(call: "flock", code: EWOULDBLOCK, path: "lock") }
            state.locked = true
        }
    }

    /// The names of all files, in no order.
    public func list() throws(StorageError) -> [String] { names }

    /// Makes a file of `size` written zeros, or empties the one there is first.
    public func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile {
        let number = try perform("openat", name) { (state) throws(StorageError) in
            let number = state.names[name] ?? state.nextInode
            if number == state.nextInode { state.nextInode += 1 }
            var inode = state.inodes[number] ?? Inode()
            inode.cached = []
            inode.dirty = []
            state.inodes[number] = inode
            state.names[name] = number
            return number
        }
        let file = File(storage: self, inode: number, name: name)
        if size > 0 { try file.write([UInt8](repeating: 0, count: size), at: 0) }
        return file
    }

    /// Opens a file for reading and writing.
    public func open(_ name: String) throws(StorageError) -> any JournalFile {
        let number = try perform("openat", name) { (state) throws(StorageError) in
            guard let number = state.names[name] else {
                throw StorageError(call: "openat", code: ENOENT, path: name)
            }
            return number
        }
        return File(storage: self, inode: number, name: name)
    }

    /// Gives a file another name at one stroke, replacing what had it.
    public func rename(_ name: String, to newName: String) throws(StorageError) {
        try perform("renameat", name) { (state) throws(StorageError) in
            guard let number = state.names.removeValue(forKey: name) else {
                throw StorageError(call: "renameat", code: ENOENT, path: name)
            }
            state.names[newName] = number
        }
    }

    /// Removes a file.
    public func remove(_ name: String) throws(StorageError) {
        try perform("unlinkat", name) { (state) throws(StorageError) in
            guard state.names.removeValue(forKey: name) != nil else {
                throw StorageError(call: "unlinkat", code: ENOENT, path: name)
            }
        }
    }

    /// Makes all names, as they are now, durable.
    public func syncDirectory() throws(StorageError) {
        try perform("fsync", ".") { (state) throws(StorageError) in state.durableNames = state.names }
    }

    /// Counts an operation and carries it out, unless a fault is planned for it.
    ///
    /// When the power goes during it, `body` may have happened or not.
    private func perform<R: Sendable>(
        _ call: String, _ name: String, _ body: (inout State) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try state.withLock { (state) throws(StorageError) in
            switch try Self.begin(&state, call, name) {
            case nil: return try body(&state)
            case .powerCut:
                if state.generator.next() & 1 == 0 { _ = try body(&state) }
                throw StorageError(call: call, code: EIO, path: name)
            case .failure(let code): throw StorageError(call: call, code: code, path: name)
            case .short: throw StorageError(call: call, code: EIO, path: name)
            }
        }
    }

    private static func begin(
        _ state: inout State, _ call: String, _ name: String
    ) throws(StorageError) -> Fault? {
        guard !state.powerIsOff else { throw StorageError(call: call, code: EIO, path: name) }
        state.operations += 1
        let fault = state.plan[state.operations]
        if fault == .powerCut { state.powerIsOff = true }
        return fault
    }

    fileprivate func size(of inode: Int) -> Int { state.withLock { $0.inodes[inode]?.cached.count ?? 0 } }

    fileprivate func read(_ inode: Int, _ name: String, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        try state.withLock { (state) throws(StorageError) in
            guard !state.powerIsOff else { throw StorageError(call: "pread", code: EIO, path: name) }
            guard let bytes = state.inodes[inode]?.cached, offset < bytes.count else { return [] }
            return Array(bytes[offset..<min(offset + count, bytes.count)])
        }
    }

    fileprivate func write(_ inode: Int, _ name: String, _ bytes: [UInt8], at offset: Int) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            let fault = try Self.begin(&state, "pwrite", name)
            if case .failure(let code) = fault { throw StorageError(call: "pwrite", code: code, path: name) }
            let used = state.names.values.reduce(0) { $0 + (state.inodes[$1]?.cached.count ?? 0) }
            let growth = max(0, offset + bytes.count - (state.inodes[inode]?.cached.count ?? 0))
            guard growth == 0 || used + growth <= state.capacity else {
                throw StorageError(call: "pwrite", code: ENOSPC, path: name)
            }
            let part: Int
            switch fault {
            case .short: part = bytes.count / 2
            case .powerCut: part = Int(state.generator.next() % UInt64(bytes.count + 1))
            default: part = bytes.count
            }
            Self.store(bytes[..<part], at: offset, in: &state.inodes[inode, default: Inode()])
            if fault != nil { throw StorageError(call: "pwrite", code: EIO, path: name) }
        }
    }

    private static func store(_ bytes: ArraySlice<UInt8>, at offset: Int, in inode: inout Inode) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if inode.cached.count < end { inode.cached += [UInt8](repeating: 0, count: end - inode.cached.count) }
        inode.cached.replaceSubrange(offset..<end, with: bytes)
        inode.dirty.formUnion(offset / sectorSize...(end - 1) / sectorSize)
    }

    /// Only sectors that are still marked unsynced reach the medium; the length always does.
    private static func settleSynced(_ inode: inout Inode) {
        let count = inode.cached.count
        if inode.durable.count > count { inode.durable.removeLast(inode.durable.count - count) }
        if inode.durable.count < count {
            inode.durable += [UInt8](repeating: 0, count: count - inode.durable.count)
        }
        for sector in inode.dirty {
            let range = sector * sectorSize..<min((sector + 1) * sectorSize, count)
            if !range.isEmpty { inode.durable.replaceSubrange(range, with: inode.cached[range]) }
        }
        inode.dirty = []
    }

    fileprivate func sync(_ inode: Int, _ name: String) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            switch try Self.begin(&state, "fdatasync", name) {
            case nil:
                Self.settleSynced(&state.inodes[inode, default: Inode()])
            case .powerCut:
                throw StorageError(call: "fdatasync", code: EIO, path: name)
            case .failure(let code):
                state.inodes[inode]?.dirty = []
                throw StorageError(call: "fdatasync", code: code, path: name)
            case .short:
                throw StorageError(call: "fdatasync", code: EIO, path: name)
            }
        }
    }

    private final class File: JournalFile {
        let storage: SimulatedStorage
        let inode: Int
        let name: String

        init(storage: SimulatedStorage, inode: Int, name: String) {
            self.storage = storage
            self.inode = inode
            self.name = name
        }

        func size() throws(StorageError) -> Int { storage.size(of: inode) }

        func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
            try storage.read(inode, name, at: offset, count: count)
        }

        func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
            try storage.write(inode, name, bytes, at: offset)
        }

        func sync() throws(StorageError) { try storage.sync(inode, name) }
    }
}
