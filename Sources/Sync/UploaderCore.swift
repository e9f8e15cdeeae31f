import Journal
import LedgerProtocol
import Platform

/// The uploader's state and its one step, without thread or waiting.
struct UploaderCore: Sendable {
    /// Gaps that the ledger may name in a row before we stop believing that following it leads anywhere.
    private static let gapsFollowed = 3
    /// When to look again without a nudge, in milliseconds, when everything is sent.
    private static let idleMilliseconds: Int64 = 60_000
    /// The least time between two attempts that people ask for, in milliseconds.
    private static let hurryMilliseconds: Int64 = 1000

    private let feed: any JournalFeed
    private let client: any LedgerClient
    private let time: any TimeSource
    private let settings: Uploader.Settings
    private let board: UploaderBoard
    private let onEvent: @Sendable (SyncEvent) -> Void

    private var next: UInt64
    private var batch: BatchSize
    private var attempted: Instant?
    private var uploadDue: Instant
    private var uploadBackoff: Backoff
    private var gaps = 0
    private var trouble: LedgerClientError.Kind?
    private var stop: SyncStop?
    private var journalTrouble: JournalError?

    init(
        feed: any JournalFeed, client: any LedgerClient, time: any TimeSource, settings: Uploader.Settings,
        board: UploaderBoard, onEvent: @escaping @Sendable (SyncEvent) -> Void
    ) {
        self.feed = feed
        self.client = client
        self.time = time
        self.settings = settings
        self.board = board
        batch = BatchSize(first: settings.batch, most: settings.batchMost)
        self.onEvent = onEvent
        next = Self.start(of: feed)
        uploadDue = time.now()
        uploadBackoff = settings.backoff
    }

    /// The first record that the ledger is not known to have.
    ///
    /// Only acknowledged ones are ever removed, so what lies before the oldest kept counts as acknowledged, also when
    /// the cursor was lost.
    private static func start(of feed: any JournalFeed) -> UInt64 {
        max(feed.cursor.acknowledged + 1, feed.firstSequence)
    }

    /// Ends the wait under way.
    mutating func hurry() {
        let earliest = attempted?.advanced(milliseconds: Self.hurryMilliseconds) ?? time.now()
        uploadDue = min(uploadDue, max(earliest, time.now()))
    }

    mutating func step() -> Int64 {
        if time.now() >= uploadDue { upload() }
        noteQueue()
        let now = time.now()
        if next <= feed.lastSequence || uploadDue > now { return max(0, uploadDue.milliseconds(since: now)) }
        return Self.idleMilliseconds
    }

    // MARK: Upload

    private mutating func upload() {
        let batch: [StoredRecord]
        do throws(JournalError) {
            batch = try feed.records(from: next, limit: self.batch.current)
            report(journal: nil)
        } catch {
            report(journal: error)
            return retryUpload()
        }
        guard let first = batch.first else { return }
        guard first.slot.sequence == next else {
            return halt(.cannotGoBack(expected: next, oldest: first.slot.sequence))
        }
        // Below the cursor damaged records are left out; a batch must not jump over them.
        let whole = Array(zip(batch, next...).prefix { $0.slot.sequence == $1 }.map(\.0))
        do throws(LedgerClientError) {
            take(try send(whole), for: whole)
        } catch {
            self.batch.failed(sent: whole.count, error)
            report(trouble: error)
            retryUpload()
        }
        board.change { [size = self.batch.current, stop] status in
            status.batch = size
            status.stop = stop
            status.attempts += 1
        }
    }

    private mutating func send(_ records: [StoredRecord]) throws(LedgerClientError) -> UploadResult {
        let start = time.now()
        attempted = start
        board.change { $0.isSending = true }
        defer { board.change { $0.isSending = false } }
        let result = try client.upload(
            terminal: feed.terminal, epoch: feed.epoch, first: next, bytes: records.flatMap(\.bytes))
        let now = time.now()
        batch.answered(sent: records.count, after: now.milliseconds(since: start))
        board.change { $0.note(isConnected: true, at: now) }
        return result
    }

    private mutating func take(_ result: UploadResult, for batch: [StoredRecord]) {
        switch result {
        case .acknowledged(let acknowledgement): take(acknowledgement, for: batch)
        case .gap(let expected): goTo(expected)
        case .fork(let message): halt(.fork(message: message))
        case .frozen(let message): halt(.frozenByLedger(message: message))
        case .epochNotRegistered(let message): halt(.epochNotRegistered(epoch: feed.epoch, message: message))
        }
    }

    private mutating func take(_ acknowledgement: Acknowledgement, for batch: [StoredRecord]) {
        let sequence = acknowledgement.acknowledged
        guard sequence <= feed.lastSequence else {
            return halt(.ledgerAhead(ledger: sequence, ours: feed.lastSequence))
        }
        guard sequence >= next else {
            return retryUpload(nonsense: "\(sequence) acknowledged after records from \(next) on were sent")
        }
        do throws(JournalError) {
            var ours = batch.first { $0.slot.sequence == sequence }
            if ours == nil { ours = try feed.records(from: sequence, limit: 1).first }
            guard let ours, ours.slot.sequence == sequence, ours.mac.bytes.hex() == acknowledgement.chainHead else {
                if let ours, let last = batch.last, Self.isStandIn(ours), last.slot.sequence < sequence {
                    return goOn(after: last)
                }
                return halt(.chainDiffers(at: sequence))
            }
            settled()
            next = sequence + 1
            try feed.acknowledge(through: sequence, chainHead: ours.mac)
        } catch {
            // The ledger has the records all the same; only what could be removed here is not.
            report(journal: error)
            uploadDue = time.now().advanced(milliseconds: uploadBackoff.next())
        }
        board.change { [wall = time.wallMilliseconds()] in $0.lastSuccessWallMilliseconds = wall }
        onEvent(.acknowledged(acknowledgement))
    }

    /// The ledger stands at a record of which only the stand-in is left here, so there is nothing to compare its head
    /// with yet: it answers with the stand-in's when that is sent, and until then nothing counts as acknowledged.
    private mutating func goOn(after last: StoredRecord) {
        uploadBackoff.reset()
        gaps = 0
        next = last.slot.sequence + 1
    }

    private static func isStandIn(_ record: StoredRecord) -> Bool {
        record.slot.type == .gap
            && GapRecord(decoding: record.slot.payload)?.standsIn(for: record.slot.sequence) == true
    }

    /// The ledger wants to go on elsewhere: back, when it was restored; forward, when our cursor was lost.
    private mutating func goTo(_ expected: UInt64) {
        gaps += 1
        guard expected > 0, expected != next, gaps <= Self.gapsFollowed else {
            return retryUpload(nonsense: "a gap before \(expected) named after records from \(next) on were sent")
        }
        let last = feed.lastSequence
        guard expected <= last + 1 else { return halt(.ledgerAhead(ledger: expected - 1, ours: last)) }
        guard expected >= feed.firstSequence else {
            return halt(.cannotGoBack(expected: expected, oldest: feed.firstSequence))
        }
        if let stop, case .cannotGoBack = stop { self.stop = nil }
        // At the very end there would be nothing to send, and so no chain head to compare: send the last one again.
        next = min(expected, last)
    }

    private mutating func retryUpload(nonsense message: String? = nil) {
        if let message { report(trouble: LedgerClientError(kind: .nonsense, code: "answer", message: message)) }
        gaps = 0
        uploadDue = time.now().advanced(milliseconds: uploadBackoff.next())
    }

    private mutating func halt(_ reason: SyncStop) {
        if stop != reason { onEvent(.frozen(reason)) }
        stop = reason
        gaps = 0
        // What is believed about the ledger's position is what led here: the next try starts from what is certain.
        next = min(Self.start(of: feed), max(feed.lastSequence, 1))
        uploadDue = time.now().advanced(milliseconds: settings.stoppedRetryMilliseconds)
    }

    /// The ledger took records: whatever was wrong is over.
    private mutating func settled() {
        gaps = 0
        uploadBackoff.reset()
        if stop != nil || trouble != nil { onEvent(.back) }
        stop = nil
        trouble = nil
    }

    // MARK: Reports

    private func noteQueue() {
        let isWaiting = uploadDue > time.now()
        let known = board.current.oldestUnsent
        var oldest = known?.sequence == next ? known : nil
        if oldest == nil, next <= feed.lastSequence, let record = try? feed.records(from: next, limit: 1).first {
            oldest = UploaderStatus.Unsent(
                sequence: record.slot.sequence, wallMilliseconds: record.slot.wallMilliseconds)
        }
        board.change { [uploadDue] status in
            status.due = isWaiting ? uploadDue : nil
            status.oldestUnsent = oldest
        }
    }

    private mutating func report(trouble error: LedgerClientError) {
        board.change { [now = time.now(), wall = time.wallMilliseconds()] status in
            status.note(isConnected: false, at: now)
            status.lastFailure = UploaderStatus.Failure(error: error, wallMilliseconds: wall)
        }
        if trouble != error.kind { onEvent(.unreachable(error)) }
        trouble = error.kind
    }

    private mutating func report(journal error: JournalError?) {
        if let error, journalTrouble != error { onEvent(.journal(error)) }
        journalTrouble = error
    }
}
