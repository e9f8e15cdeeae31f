public import Platform

/// The terminal's append log: what was appended when ``append(type:payload:)`` returned survives whatever happens next.
///
/// Callers from any thread wait for the disk; those who come while a sync is under way share the next one. What can be
/// done while nobody waits, a thread of its own does.
public final class Journal: RecordSink, JournalFeed, Sendable {
    /// How long the thread waits at most between two ticks, in milliseconds.
    private static let tickMilliseconds: Int64 = 1000

    private let writer: JournalWriter
    private let queue = AppendQueue()
    private let work = Mailbox<Void>()
    private let thread: DedicatedThread
    private let damaged: @Sendable (RecoveryFinding) -> Void

    private init(
        writer: JournalWriter, tick: @escaping @Sendable () -> Void,
        damaged: @escaping @Sendable (RecoveryFinding) -> Void
    ) {
        self.writer = writer
        self.damaged = damaged
        thread = DedicatedThread(name: "yika-journal") { [work, queue] in
            Self.maintain(writer, when: work, tick: tick)
            queue.waitUntilDrained()
            writer.close()
        }
    }

    deinit {
        queue.close()
        work.close()
    }

    /// Opens the journal in `storage`, which must be locked by nobody else, and starts its thread.
    ///
    /// - Parameters:
    ///   - terminal: whose journal it is; another terminal's is refused.
    ///   - key: the root key of its chain; needed only to begin a journal or to replace a lost `head`.
    ///   - tick: called by the thread at least every second while it is alive, for the watchdog.
    ///   - damaged: called when records that were sound at opening turn out to be lost, on the reader's thread.
    public static func open(
        storage: any JournalStorage, terminal: UInt16, key: ChainKey?, time: any TimeSource,
        options: JournalOptions = JournalOptions(), tick: @escaping @Sendable () -> Void = {},
        damaged: @escaping @Sendable (RecoveryFinding) -> Void = { _ in }
    ) throws(JournalError) -> Journal {
        let writer = try JournalWriter.open(
            storage: storage, terminal: terminal, key: key, time: time, options: options)
        return Journal(writer: writer, tick: tick, damaged: damaged)
    }

    /// What opening it found.
    public var recovery: RecoveryReport { writer.recovery }
    /// How many more records are sure to find room, on the disk as it is now.
    public var freeSlots: Int { status.freeSlots }
    /// How the journal stands.
    public var status: JournalStatus { writer.status }

    /// The terminal's number.
    public var terminal: UInt16 { writer.terminal }
    /// The journal's epoch.
    public var epoch: UInt32 { writer.epoch }
    /// The oldest record that is still kept.
    public var firstSequence: UInt64 { writer.firstSequence }
    /// The last durable record; 0 when there is none.
    public var lastSequence: UInt64 { writer.lastSequence }
    /// How far the ledger has taken it.
    public var cursor: AckCursor { writer.cursor }

    /// Writes a record and returns when it is durable.
    public func append(type: RecordType, payload: [UInt8]) throws(JournalError) -> AppendedRecord {
        try queue.append(JournalWriter.Draft(type: type, payload: payload)) { drafts in
            let outcomes = writer.append(drafts)
            // Asked by who has the file, for all: the others would wait for the next sync to learn it.
            if !writer.isMaintained { work.send(()) }
            return outcomes
        }
    }

    /// Whether all is done that is done while nobody waits.
    public var isMaintained: Bool { writer.isMaintained }

    /// The durable records from `sequence` on, at most `limit`, ascending.
    ///
    /// What can no longer be read is set aside, reported to `damaged`, and replaced by stand-ins.
    public func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        do throws(JournalError) {
            return try writer.records(from: sequence, limit: limit)
        } catch {
            guard case .damaged(let lost) = error else { throw error }
            if let finding = try writer.repair(at: lost) { damaged(finding) }
            return try writer.records(from: sequence, limit: limit)
        }
    }

    /// Stores durably that the ledger has everything up to `sequence`, then removes segments no longer needed.
    public func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError) {
        try writer.acknowledge(through: sequence, chainHead: chainHead)
    }

    /// Refuses further records, writes those already asked for, and ends the thread.
    ///
    /// - Returns: whether it ended before `deadline`.
    @discardableResult
    public func close(deadline: Instant) -> Bool {
        queue.close()
        work.close()
        return thread.join(until: deadline)
    }

    /// Comes round at least every second: one that waits for a sync that never ends does not tick.
    private static func maintain(
        _ writer: JournalWriter, when work: Mailbox<Void>, tick: @Sendable () -> Void
    ) {
        let clock = SystemTime()
        while !work.isClosed {
            tick()
            _ = work.receiveAll(until: clock.now().advanced(milliseconds: tickMilliseconds))
            writer.maintain()
        }
    }
}
