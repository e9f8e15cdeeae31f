import Platform
import Synchronization

/// The journal without a thread: whoever calls ``append(type:payload:)`` writes and waits for the disk itself.
///
/// ``Journal`` lets callers share syncs and does the upkeep; simulations use the writer directly. It may be shared between
/// threads, which then wait for one another.
public final class JournalWriter: RecordSink, JournalFeed, Sendable {
    /// Records made durable by one sync at most.
    ///
    /// Recovery writes this many anew: see ``settleTail``.
    static let largestBatch = 64
    static let spareName = "spare"

    /// What is to be written.
    struct Draft: Sendable {
        var type: RecordType
        var payload: [UInt8]
    }

    struct State: Sendable {
        var active: Segment?
        var file: (any JournalFile)?
        var next: UInt64
        var chain: ChainMAC
        var keys: ChainKeys
        /// The key step of the last record.
        var lastStep: UInt32
        /// Records written under the present key.
        var usedUnderKey = 0
        /// When the present key was taken.
        var keyTaken: Instant
        var poison: StorageError?
        /// Why there is no spare segment; not asked for again until something was removed or the room is needed.
        var spareRefusal: StorageError?
    }

    /// The terminal's number.
    public let terminal: UInt16
    /// What opening it found.
    public let recovery: RecoveryReport
    let reader: JournalReader
    let storage: any JournalStorage
    let time: any TimeSource
    let options: JournalOptions
    let boot: UInt32
    let state: Mutex<State>
    private let headFile: HeadFile
    private let keyIdentifier: [UInt8]

    init(
        terminal: UInt16, recovery: RecoveryReport, reader: JournalReader, time: any TimeSource,
        options: JournalOptions, headFile: HeadFile, head: JournalHead, lastStep: UInt32?,
        active: (segment: Segment, file: any JournalFile)?
    ) {
        self.terminal = terminal
        self.recovery = recovery
        self.reader = reader
        storage = reader.storage
        self.time = time
        self.options = options
        self.headFile = headFile
        keyIdentifier = head.keyIdentifier
        boot = head.boot
        state = Mutex(
            State(
                active: active?.segment, file: active?.file, next: head.sequence + 1, chain: head.chainMAC,
                keys: head.keys,
                // Where it is lost with the last record, the lower of the two that it can be keeps the key from going
                // forward twice in a row.
                lastStep: lastStep ?? max(head.keys.present, 1) - 1, keyTaken: time.now()))
    }

    /// The journal's epoch.
    public var epoch: UInt32 { reader.epoch }
    /// The oldest record that is still kept.
    public var firstSequence: UInt64 { reader.current().first ?? lastSequence + 1 }
    /// The last durable record; 0 when there is none.
    public var lastSequence: UInt64 { reader.current().last }
    /// How far the ledger has taken it.
    public var cursor: AckCursor { reader.current().cursor }

    /// How many more records are sure to find room, on the disk as it is now.
    public var freeSlots: Int { status.freeSlots }
    /// How the journal stands.
    public var status: JournalStatus {
        let view = reader.current()
        let left = view.segments.last.map { Int(clamping: $0.end - min($0.end, view.last + 1)) } ?? 0
        return JournalStatus(
            lastSequence: view.last, acknowledged: view.cursor.acknowledged,
            freeSlots: left + (view.hasSpare ? options.slotsPerSegment : 0), hasSpare: view.hasSpare,
            poison: view.poison)
    }

    /// The durable records from `sequence` on, at most `limit`, ascending.
    public func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        try reader.records(from: sequence, limit: limit)
    }

    /// Stores durably that the ledger has everything up to `sequence`, then removes segments no longer needed.
    public func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError) {
        let before = reader.current().segments.count
        defer {
            if reader.current().segments.count < before { state.withLock { $0.spareRefusal = nil } }
        }
        try reader.acknowledge(through: sequence, chainHead: chainHead)
    }

    /// Writes a record and returns when it is durable.
    public func append(type: RecordType, payload: [UInt8]) throws(JournalError) -> AppendedRecord {
        let result = append([Draft(type: type, payload: payload)])[0]
        maintain()
        return try result.get()
    }

    /// Writes `drafts` in order with as few syncs as can be, and answers for each.
    func append(_ drafts: [Draft]) -> [Result<AppendedRecord, JournalError>] {
        state.withLock { state in
            var results: [Result<AppendedRecord, JournalError>] = []
            while results.count < drafts.count {
                let draft = drafts[results.count]
                guard draft.payload.count <= Slot.payloadCapacity else {
                    results.append(.failure(.payloadTooLong(draft.payload.count)))
                    continue
                }
                do throws(JournalError) {
                    let room = try makeRoom(&state)
                    let group = drafts[results.count...].prefix(min(room, Self.largestBatch)).prefix {
                        $0.payload.count <= Slot.payloadCapacity
                    }
                    results += try write(Array(group), &state).map { .success($0) }
                } catch {
                    // What follows a failure fails with it: records keep the order in which they were asked for.
                    while results.count < drafts.count { results.append(.failure(error)) }
                }
            }
            return results
        }
    }

    private func write(_ drafts: [Draft], _ state: inout State) throws(JournalError) -> [AppendedRecord] {
        guard let active = state.active, let file = state.file else { throw .closed }
        var bytes: [UInt8] = []
        var appended: [AppendedRecord] = []
        var chain = state.chain
        let wall = time.wallMilliseconds()
        let sinceBoot = UInt64(clamping: time.now().milliseconds)
        for draft in drafts {
            let sequence = state.next + UInt64(appended.count)
            let slot = Slot(
                type: draft.type, epoch: epoch, sequence: sequence, wallMilliseconds: wall,
                bootMilliseconds: sinceBoot, boot: boot, keyStep: state.keys.present, payload: draft.payload)
            let encoded = slot.encoded(after: chain, keys: &state.keys)
            chain = Slot.mac(of: encoded)
            bytes += encoded
            appended.append(AppendedRecord(epoch: epoch, sequence: sequence, wallMilliseconds: wall))
        }
        do throws(StorageError) {
            try file.write(bytes, at: Segment.offset(ofSlot: Int(state.next - active.first)))
            try file.sync()
        } catch {
            throw poisoned(by: error, &state)
        }
        state.next += UInt64(drafts.count)
        state.chain = chain
        state.lastStep = state.keys.present
        state.usedUnderKey += drafts.count
        let last = state.next - 1
        reader.view.withLock { $0.last = last }
        return appended
    }

    /// The slots left in the segment in use, after beginning the next one if there were none.
    private func makeRoom(_ state: inout State) throws(JournalError) -> Int {
        if let poison = state.poison { throw .poisoned(poison) }
        if let active = state.active, active.contains(state.next) { return Int(active.end - state.next) }
        if !reader.current().hasSpare {
            do throws(StorageError) {
                try makeSpare()
            } catch {
                // The log itself is untouched: when room is made it can go on.
                throw error.isFull ? .full(error) : .storage(error)
            }
        }
        try rotate(&state)
        return options.slotsPerSegment
    }

    /// Turns the spare segment into the one in use.
    private func rotate(_ state: inout State) throws(JournalError) {
        let segment = Segment(epoch: epoch, first: state.next, slots: options.slotsPerSegment)
        let header = SegmentHeader(
            terminal: terminal, epoch: epoch, firstSequence: state.next, previous: state.chain,
            keyIdentifier: keyIdentifier, slots: UInt32(options.slotsPerSegment), boot: boot,
            previousStep: state.lastStep)
        do throws(StorageError) {
            let file = try storage.open(Self.spareName)
            try file.write(header.encoded, at: 0)
            try file.sync()
            try storage.rename(Self.spareName, to: segment.name)
            try storage.syncDirectory()
            // Opened by its new name, so that an error names the segment.
            state.file = try storage.open(segment.name)
        } catch {
            throw poisoned(by: error, &state)
        }
        state.active = segment
        reader.view.withLock { view in
            view.segments.removeAll { $0.first == segment.first }
            // One that was left early ends where this one begins.
            if let last = view.segments.indices.last { view.segments[last].end(before: segment.first) }
            view.segments.append(segment)
            view.hasSpare = false
        }
    }

    /// Does while nobody waits what would otherwise make somebody wait: lays the next segment ready, and takes a new key
    /// when the present one has been used long enough.
    func maintain() {
        state.withLock { state in
            guard state.poison == nil else { return }
            if !reader.current().hasSpare && state.spareRefusal == nil {
                do throws(StorageError) {
                    try makeSpare()
                } catch {
                    // A full disk is not a failure yet: the status shows it.
                    state.spareRefusal = error
                }
            }
            if isKeyDue(state) { takeNextKey(&state) }
        }
    }

    /// Whether ``maintain()`` would find nothing to do.
    var isMaintained: Bool {
        state.withLock { state in
            state.poison != nil || (reader.current().hasSpare || state.spareRefusal != nil) && !isKeyDue(state)
        }
    }

    /// Stores how far the journal goes, so that the next opening knows it whatever becomes of the last record.
    ///
    /// To be called once, after the last append.
    public func close() {
        state.withLock { state in
            guard state.poison == nil else { return }
            storeHead(&state)
        }
    }

    private static let millisecondsPerDay: Int64 = 86_400_000

    /// A key that no record was written under yet has nothing to protect, and a reader allows one step per record.
    private func isKeyDue(_ state: State) -> Bool {
        guard state.usedUnderKey > 0 else { return false }
        return state.usedUnderKey >= options.recordsPerKey
            || time.now().milliseconds(since: state.keyTaken) >= Self.millisecondsPerDay
    }

    private func takeNextKey(_ state: inout State) {
        guard state.keys.move(to: state.keys.present + 1) else { return }
        state.usedUnderKey = 0
        state.keyTaken = time.now()
        storeHead(&state)
    }

    private func storeHead(_ state: inout State) {
        do throws(StorageError) {
            try headFile.store(
                JournalHead(
                    epoch: epoch, sequence: state.next - 1, chainMAC: state.chain, boot: boot,
                    keyIdentifier: keyIdentifier, keys: state.keys))
        } catch {
            _ = poisoned(by: error, &state)
        }
    }

    private func makeSpare() throws(StorageError) {
        let temporary = Self.spareName + temporarySuffix
        do throws(StorageError) {
            let file: any JournalFile
            if let old = reader.takeRecyclable(slots: options.slotsPerSegment) {
                file = try recycle(old, as: temporary)
            } else {
                file = try storage.create(temporary, size: Segment.offset(ofSlot: options.slotsPerSegment))
            }
            try file.sync()
        } catch {
            // Half a spare would hold the room that others need; if it cannot be removed now, opening removes it.
            try? storage.remove(temporary)
            throw error
        }
        try storage.rename(temporary, to: Self.spareName)
        try storage.syncDirectory()
        reader.view.withLock { $0.hasSpare = true }
    }

    /// Fills an acknowledged segment with zeros: its blocks are allocated, so this needs no room.
    private func recycle(_ segment: Segment, as temporary: String) throws(StorageError) -> any JournalFile {
        try storage.rename(segment.name, to: temporary)
        // Before its bytes change, its old name must be gone for good: it would look like a damaged segment.
        try storage.syncDirectory()
        let file = try storage.open(temporary)
        let size = Segment.offset(ofSlot: options.slotsPerSegment)
        for offset in stride(from: 0, to: size, by: Self.zeroPiece) {
            try file.write([UInt8](repeating: 0, count: min(Self.zeroPiece, size - offset)), at: offset)
        }
        return file
    }

    static let zeroPiece = 1 << 16

    private func poisoned(by error: StorageError, _ state: inout State) -> JournalError {
        state.poison = error
        reader.view.withLock { $0.poison = error }
        return .poisoned(error)
    }
}
