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
        /// read, another sync succeeds, and after a power cut they are there or not.
        case failure(Int32)
        /// A write puts down only its first half, then fails with `EIO`.
        case short
    }

    /// The disk as an operation left it.
    public struct Moment: Sendable {
        /// The number of that operation.
        public let operation: Int
        /// What it left.
        public let disk: SimulatedDisk
    }

    private struct State {
        var disk: SimulatedDisk
        var operations = 0
        var plan: [Int: Fault] = [:]
        var powerIsOff = false
        var locked = false
        var moments: [Moment]?
        var failure: StorageError?
        var generator: SplitMix64
    }

    private let state: Mutex<State>

    /// An empty disk.
    public convenience init(seed: UInt64) { self.init(disk: SimulatedDisk(), seed: seed) }

    /// A running system on `disk`, as a reboot after a power cut would find it.
    public init(disk: SimulatedDisk, seed: UInt64) {
        state = Mutex(State(disk: disk, generator: SplitMix64(seed: seed)))
    }

    private init(state: State) { self.state = Mutex(state) }

    /// Operations carried out so far.
    public var operations: Int { state.withLock { $0.operations } }

    /// What the disk holds now.
    public var disk: SimulatedDisk { state.withLock { $0.disk } }

    /// The names of all files, ascending.
    public var names: [String] { state.withLock { $0.disk.names.keys.sorted() } }

    /// How the last operation that a fault was planned for failed.
    public var failure: StorageError? { state.withLock { $0.failure } }

    /// Plans `fault` for the operation of this number.
    public func plan(_ fault: Fault, atOperation number: Int) { state.withLock { $0.plan[number] = fault } }

    /// Lets files take at most this many bytes together; more is `ENOSPC`.
    public func limit(toBytes capacity: Int) { state.withLock { $0.disk.capacity = capacity } }

    /// Keeps the disk as it is now, and from now on after every operation that changes it.
    public func keepMoments() {
        state.withLock { state in
            if state.moments == nil { state.moments = [Moment(operation: state.operations, disk: state.disk)] }
        }
    }

    /// The disks kept since ``keepMoments()``, in order.
    public var moments: [Moment] { state.withLock { $0.moments ?? [] } }

    /// Turns bits of a file over, on the medium and in memory: what `mask` has set, in the byte at `offset`.
    public func damage(_ name: String, at offset: Int, mask: UInt8) {
        state.withLock { state in
            guard let number = state.disk.names[name] else { return }
            state.disk.files[number].flip(mask, at: offset)
        }
    }

    /// Lets a sector of 512 bytes go bad: reads that touch it fail with `EIO`, and writes of a part of it, until it is
    /// wholly written anew.
    public func makeUnreadable(_ name: String, sector: Int) {
        state.withLock { state in
            guard let number = state.disk.names[name] else { return }
            state.disk.files[number].makeUnreadable(sector)
        }
    }

    /// The same disk for the next process after this one ended: memory intact, lock released, no more faults planned.
    ///
    /// Operations are counted from the start again, unless moments are kept: these go on.
    public func afterProcessEnd() -> SimulatedStorage {
        var copy = state.withLock { $0 }
        copy.locked = false
        copy.plan = [:]
        if copy.moments == nil { copy.operations = 0 }
        return SimulatedStorage(state: copy)
    }

    /// What the medium holds when the power comes back, by chance; see ``PowerCut`` for all it can be.
    ///
    /// Of the unsynced sectors some are torn inside. The same disk may be asked again for another outcome.
    public func afterPowerCut() -> SimulatedStorage {
        state.withLock { state in
            let outcome = PowerCut(state.disk).outcome(&state.generator)
            return SimulatedStorage(disk: outcome, seed: state.generator.next())
        }
    }

    /// Takes the exclusive lock; it is held as long as this storage lives.
    public func lock() throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            guard !state.locked else { throw StorageError(call: "flock", code: EWOULDBLOCK, path: "lock") }
            state.locked = true
        }
    }

    /// The names of all files, in no order.
    public func list() throws(StorageError) -> [String] { state.withLock { Array($0.disk.names.keys) } }

    /// Makes a file of `size` written zeros, or empties the one there is first.
    public func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile {
        let number = try perform("openat", name) { $0.create(name) }
        let file = File(storage: self, number: number, name: name)
        if size > 0 { try file.write([UInt8](repeating: 0, count: size), at: 0) }
        return file
    }

    /// Opens a file for reading and writing.
    public func open(_ name: String) throws(StorageError) -> any JournalFile {
        let number = try perform("openat", name, changes: false) { (disk) throws(StorageError) in
            try disk.number(of: name, call: "openat")
        }
        return File(storage: self, number: number, name: name)
    }

    /// Gives a file another name at one stroke, replacing what had it.
    public func rename(_ name: String, to newName: String) throws(StorageError) {
        try perform("renameat", name) { (disk) throws(StorageError) in try disk.rename(name, to: newName) }
    }

    /// Removes a file.
    public func remove(_ name: String) throws(StorageError) {
        try perform("unlinkat", name) { (disk) throws(StorageError) in try disk.remove(name) }
    }

    /// Makes all names, as they are now, durable.
    public func syncDirectory() throws(StorageError) {
        try perform("fsync", ".", isSync: true) { $0.syncNames() }
    }

    /// Counts an operation and carries it out, unless a fault is planned for it.
    ///
    /// When the power goes during it, it is carried out and not synced: ``PowerCut`` makes any part of that.
    private func perform<R: Sendable>(
        _ call: String, _ name: String, changes: Bool = true, isSync: Bool = false,
        _ body: (inout SimulatedDisk) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try state.withLock { (state) throws(StorageError) in
            let fault = try Self.begin(&state, call, name)
            defer { if changes { Self.keepMoment(&state) } }
            switch fault {
            case nil: return try body(&state.disk)
            case .powerCut:
                if !isSync { _ = try body(&state.disk) }
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
        if let fault {
            var code = EIO
            if case .failure(let planned) = fault { code = planned }
            state.failure = StorageError(call: call, code: code, path: name)
        }
        return fault
    }

    private static func keepMoment(_ state: inout State) {
        state.moments?.append(Moment(operation: state.operations, disk: state.disk))
    }

    fileprivate func size(of file: Int) -> Int { state.withLock { $0.disk.files[file].bytes.count } }

    fileprivate func read(_ file: Int, _ name: String, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        try state.withLock { (state) throws(StorageError) in
            guard !state.powerIsOff, state.disk.files[file].canRead(count, at: offset) else {
                throw StorageError(call: "pread", code: EIO, path: name)
            }
            return state.disk.files[file].read(count, at: offset)
        }
    }

    fileprivate func write(_ file: Int, _ name: String, _ bytes: [UInt8], at offset: Int) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            let fault = try Self.begin(&state, "pwrite", name)
            defer { Self.keepMoment(&state) }
            if case .failure(let code) = fault { throw StorageError(call: "pwrite", code: code, path: name) }
            let part = fault == .short ? bytes.count / 2 : bytes.count
            try state.disk.write(bytes[..<part], to: file, at: offset, name: name)
            if fault != nil { throw StorageError(call: "pwrite", code: EIO, path: name) }
        }
    }

    fileprivate func sync(_ file: Int, _ name: String) throws(StorageError) {
        try state.withLock { (state) throws(StorageError) in
            let fault = try Self.begin(&state, "fdatasync", name)
            defer { Self.keepMoment(&state) }
            switch fault {
            case nil: state.disk.files[file].sync()
            case .powerCut: throw StorageError(call: "fdatasync", code: EIO, path: name)
            case .failure(let code):
                state.disk.files[file].failSync()
                throw StorageError(call: "fdatasync", code: code, path: name)
            case .short:
                state.disk.files[file].failSync()
                throw StorageError(call: "fdatasync", code: EIO, path: name)
            }
        }
    }

    private final class File: JournalFile {
        let storage: SimulatedStorage
        let number: Int
        let name: String

        init(storage: SimulatedStorage, number: Int, name: String) {
            self.storage = storage
            self.number = number
            self.name = name
        }

        func size() throws(StorageError) -> Int { storage.size(of: number) }

        func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
            try storage.read(number, name, at: offset, count: count)
        }

        func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
            try storage.write(number, name, bytes, at: offset)
        }

        func sync() throws(StorageError) { try storage.sync(number, name) }
    }
}
