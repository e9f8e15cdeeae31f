import Platform

/// A record that is durable now.
public struct AppendedRecord: Hashable, Sendable {
    /// The journal's epoch.
    public let epoch: UInt32
    /// The record's position in it.
    public let sequence: UInt64
    /// The wall time that the record carries, in milliseconds since 1970-01-01 UTC.
    public let wallMilliseconds: Int64
}

/// A durable record as it was read back.
public struct StoredRecord: Hashable, Sendable {
    /// What the record says.
    public let slot: Slot
    /// Its 128 bytes as uploaded.
    public let bytes: [UInt8]

    /// The record `slot`, encoded as `bytes`.
    public init(slot: Slot, bytes: [UInt8]) {
        self.slot = slot
        self.bytes = bytes
    }

    /// The record's chain MAC.
    public var mac: ChainMAC { Slot.mac(of: bytes) }
}

/// Where the business puts what must never be lost.
public protocol RecordSink: Sendable {
    /// How many more records are sure to find room, on the disk as it is now.
    var freeSlots: Int { get }

    /// Writes a record and returns when it is durable.
    ///
    /// - Throws: ``JournalError``; the record then counts as not written, although it may turn up after a restart.
    func append(type: RecordType, payload: [UInt8]) throws(JournalError) -> AppendedRecord
}

/// What the uploader and the replay at start read: durable records only, while the writer goes on.
public protocol JournalFeed: Sendable {
    /// The terminal's number.
    var terminal: UInt16 { get }
    /// The journal's epoch.
    var epoch: UInt32 { get }
    /// The oldest record that is still kept.
    var firstSequence: UInt64 { get }
    /// The last durable record; 0 when there is none.
    var lastSequence: UInt64 { get }
    /// How far the ledger has taken it.
    var cursor: AckCursor { get }

    /// The durable records from `sequence` on, at most `limit`, ascending.
    ///
    /// Records above the cursor come without a hole: a ``GapRecord`` stands in for each one lost. Damaged records that
    /// the ledger has are left out.
    func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord]

    /// Stores durably that the ledger has everything up to `sequence`, then removes segments no longer needed.
    func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError)
}

extension JournalFeed {
    /// Calls `body` with every durable record from `sequence` on, in order; memory stays constant.
    public func forEachRecord(
        from sequence: UInt64 = 1, _ body: (StoredRecord) -> Void
    ) throws(JournalError) {
        var next = sequence
        while true {
            let batch = try records(from: next, limit: 512)
            guard let last = batch.last else { return }
            for record in batch { body(record) }
            next = last.slot.sequence + 1
        }
    }
}

/// What ``JournalWriter`` may be told.
public struct JournalOptions: Sendable {
    /// Records per segment: 8192 make a file of 1 MiB and a sector.
    public var slotsPerSegment: Int
    /// The journal's epoch; `nil`: that of the journal there, and for a new one a random one, so that a wiped box never
    /// repeats an old one's sequences.
    public var epoch: UInt32?
    /// Segments kept at least although the ledger has all of them, for a ledger that must be fed again; one more waits to
    /// be recycled.
    public var acknowledgedSegmentsKept: Int
    /// Records written under one key of the chain; whoever takes the box can alter no others.
    public var recordsPerKey: Int

    /// Options with these values.
    public init(
        slotsPerSegment: Int = 8192, epoch: UInt32? = nil, acknowledgedSegmentsKept: Int = 2, recordsPerKey: Int = 256
    ) {
        precondition(slotsPerSegment > 0, "a segment holds at least one record")
        precondition(recordsPerKey > 0, "a key is used for at least one record")
        self.slotsPerSegment = slotsPerSegment
        self.epoch = epoch
        self.acknowledgedSegmentsKept = acknowledgedSegmentsKept
        self.recordsPerKey = recordsPerKey
    }
}

/// How the journal stands, for the health registry.
public struct JournalStatus: Hashable, Sendable {
    /// The last durable record; 0 when there is none.
    public var lastSequence: UInt64
    /// The last record the ledger has; 0 when none.
    public var acknowledged: UInt64
    /// Records that surely fit: the rest of the segment in use and the spare one.
    ///
    /// Take no new card near 0: a card whose intent fits but whose outcome does not is in doubt.
    public var freeSlots: Int
    /// Whether the next segment lies ready.
    public var hasSpare: Bool
    /// The failure that stopped the writer for good.
    public var poison: StorageError?

    /// Records that the ledger does not have yet.
    public var unacknowledged: UInt64 { lastSequence - min(lastSequence, acknowledged) }
}
