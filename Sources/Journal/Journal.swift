public import Platform

/// The terminal's append log: what was appended when ``append(type:payload:)`` returned survives whatever happens next.
///
/// One thread owns the file. Callers from any thread wait for it; those who come while a sync is under way share the
/// next one.
public final class Journal: RecordSink, JournalFeed, Sendable {
    private enum Request: Sendable {
        case append(JournalWriter.Draft, Answer<Result<AppendedRecord, JournalError>>)
        case repair(UInt64, Answer<Result<RecoveryFinding?, JournalError>>)
    }

    /// How long the thread waits at most between two ticks, in milliseconds.
    private static let tickMilliseconds: Int64 = 1000

    private let writer: JournalWriter
    private let requests = Mailbox<Request>()
    private let thread: DedicatedThread

    private let damaged: @Sendable (RecoveryFinding) -> Void

    private init(
        writer: JournalWriter, tick: @escaping @Sendable () -> Void,
        damaged: @escaping @Sendable (RecoveryFinding) -> Void
    ) {
        self.writer = writer
        self.damaged = damaged
        thread = DedicatedThread(name: "yika-journal") { [requests] in
            Self.serve(requests, with: writer, tick: tick)
        }
    }

    deinit { requests.close() }

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
        let answer = Answer<Result<AppendedRecord, JournalError>>()
        let draft = JournalWriter.Draft(type: type, payload: payload)
        guard requests.send(.append(draft, answer)), let result = answer.wait() else { throw .closed }
        return try result.get()
    }

    /// The durable records from `sequence` on, at most `limit`, ascending.
    ///
    /// What can no longer be read is set aside, reported to `damaged`, and replaced by stand-ins.
    public func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        do throws(JournalError) {
            return try writer.records(from: sequence, limit: limit)
        } catch {
            guard case .damaged(let lost) = error else { throw error }
            let answer = Answer<Result<RecoveryFinding?, JournalError>>()
            guard requests.send(.repair(lost, answer)), let result = answer.wait() else { throw .closed }
            if let finding = try result.get() { damaged(finding) }
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
        requests.close()
        return thread.join(until: deadline)
    }

    private static func serve(
        _ requests: Mailbox<Request>, with writer: JournalWriter, tick: @Sendable () -> Void
    ) {
        let clock = SystemTime()
        while true {
            tick()
            let group = requests.receiveAll(until: clock.now().advanced(milliseconds: tickMilliseconds))
            if group.isEmpty && requests.isClosed { return writer.close() }
            answer(group, with: writer)
            // After the answers: nobody waits while the next segment is filled with zeros.
            writer.maintain()
        }
    }

    private static func answer(_ group: [Request], with writer: JournalWriter) {
        var drafts: [JournalWriter.Draft] = []
        var waiting: [Answer<Result<AppendedRecord, JournalError>>] = []
        for case .append(let draft, let answer) in group {
            drafts.append(draft)
            waiting.append(answer)
        }
        for (answer, result) in zip(waiting, writer.append(drafts)) { answer.give(result) }
        for case .repair(let sequence, let answer) in group {
            answer.give(Result { () throws(JournalError) in try writer.repair(at: sequence) })
        }
    }
}
