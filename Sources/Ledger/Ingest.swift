import Crypto
import Journal
import LedgerProtocol
import Platform

/// Taking an upload, within one transaction: each authentic record is stored and posted exactly once.
///
/// A resend at or below the cursor is success, because the terminal may have lost our answer; what contradicts the
/// stored bytes, or does not continue the chain, freezes the terminal.
struct Ingest {
    /// What a transaction ends with: also a refusal may have something to commit, namely the freeze.
    enum Verdict {
        case taken(Acknowledgement)
        case refused(LedgerRefused)
    }

    let transaction: any LedgerTransaction
    let now: Int64

    func take(_ upload: Upload) throws -> Verdict {
        guard let terminal = try transaction.terminal(upload.terminal) else {
            return .refused(.unknownTerminal(upload.terminal))
        }
        if let reason = terminal.frozenReason { return .refused(.frozen(reason)) }
        let cursor = try transaction.cursor(terminal: upload.terminal, epoch: upload.epoch)
        let acknowledged = cursor?.acknowledged ?? 0
        guard upload.first <= acknowledged + 1 else { return .refused(.gap(expected: acknowledged + 1)) }

        if let sequence = try firstContradiction(in: upload, through: acknowledged) {
            let reason = "record \(sequence) of epoch \(upload.epoch) differs from the one stored"
            return .refused(try freeze(upload, reason))
        }
        let fresh = upload.records.drop { $0.slot.sequence <= acknowledged }
        var verifier = ChainVerifier(
            key: terminal.journalKey, epoch: upload.epoch, at: try position(of: upload, at: acknowledged))
        let verdicts = fresh.map { verifier.take($0.slot, raw: $0.raw) }
        for (record, verdict) in zip(fresh, verdicts) where verdict == .foreign {
            let reason = "record \(record.slot.sequence) of epoch \(upload.epoch) does not continue the chain"
            return .refused(try freeze(upload, reason))
        }
        if cursor == nil { try transaction.addCursor(terminal: upload.terminal, epoch: upload.epoch) }
        for (record, verdict) in zip(fresh, verdicts) {
            try store(record, of: upload, isVerified: verdict == .verified)
        }
        return .taken(try acknowledge(upload, cursor: cursor ?? (0, .start)))
    }

    private func acknowledge(
        _ upload: Upload, cursor: (acknowledged: UInt64, head: ChainMAC)
    ) throws -> Acknowledgement {
        var (end, head) = cursor
        if let last = upload.records.last {
            // A terminal that has only stand-ins left for what we hold compares the chain head with its own.
            let isOverlappingStandIn = last.slot.sequence <= end && ChainVerifier.standIn(last.slot) != nil
            if last.slot.sequence > end || isOverlappingStandIn {
                (end, head) = (last.slot.sequence, Slot.mac(of: last.raw))
            }
        }
        if end > cursor.acknowledged {
            try transaction.advanceCursor(
                terminal: upload.terminal, epoch: upload.epoch, from: cursor.acknowledged, to: end, head: head)
        }
        return Acknowledgement(
            acknowledged: end, chainHead: head.bytes.hex(), timeMilliseconds: now,
            rosterVersion: try transaction.rosterVersion())
    }

    private func position(of upload: Upload, at acknowledged: UInt64) throws -> ChainVerifier.Position? {
        guard acknowledged > 0 else { return nil }
        let last = try record(acknowledged, of: upload)
        var kept: Slot? = last.slot
        while let slot = kept, let gap = ChainVerifier.standIn(slot) {
            kept = gap.from > 1 ? try record(gap.from - 1, of: upload).slot : nil
        }
        return ChainVerifier.Position(last: last, lastKept: kept)
    }

    private func record(_ sequence: UInt64, of upload: Upload) throws -> (slot: Slot, raw: [UInt8]) {
        let name = RecordName(terminal: upload.terminal, epoch: upload.epoch, sequence: sequence)
        let row = try transaction.first(
            "SELECT raw FROM records WHERE terminal = ? AND epoch = ? AND sequence = ?", name.values)
        guard let raw = try row?.blob(0), let slot = try? Slot(decoding: raw) else {
            throw LedgerDamage("record \(name) is missing or damaged")
        }
        return (slot, raw)
    }

    /// The first record of the overlap whose stored bytes differ from those sent.
    ///
    /// A stand-in is no contradiction: the terminal lost the record after we stored it, and before it heard so.
    private func firstContradiction(in upload: Upload, through acknowledged: UInt64) throws -> UInt64? {
        guard upload.first <= acknowledged else { return nil }
        var index = 0
        var contradiction: UInt64?
        try transaction.forEach(
            """
            SELECT raw FROM records WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ? ORDER BY sequence
            """,
            [
                .number(upload.terminal), .number(upload.epoch), .number(upload.first),
                .number(min(upload.last, acknowledged)),
            ]
        ) { row in
            let record = upload.records[index]
            let isSame = try row.blob(0) == record.raw || ChainVerifier.standIn(record.slot) != nil
            if contradiction == nil, !isSame { contradiction = record.slot.sequence }
            index += 1
        }
        precondition(
            UInt64(index) == min(upload.last, acknowledged) - upload.first + 1,
            "the cursor is ahead of the records stored")
        return contradiction
    }

    /// Nothing is dropped: what was refused lies aside for whoever looks into it.
    private func freeze(_ upload: Upload, _ reason: String) throws -> LedgerRefused {
        try transaction.execute(
            """
            INSERT INTO quarantine (terminal, digest, epoch, first, body, reason, received_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                .number(upload.terminal), .blob(Array(SHA256.hash(data: upload.body))), .number(upload.epoch),
                .number(upload.first), .blob(upload.body), .text(reason), .integer(now),
            ])
        try transaction.execute(
            "UPDATE terminals SET frozen_reason = ?, frozen_ms = ? WHERE number = ?",
            [.text(reason), .integer(now), .number(upload.terminal)])
        return .fork(reason)
    }

    private func store(_ record: Upload.Record, of upload: Upload, isVerified: Bool) throws {
        let name = RecordName(terminal: upload.terminal, epoch: upload.epoch, sequence: record.slot.sequence)
        try transaction.execute(
            "INSERT INTO records (terminal, epoch, sequence, raw, verified, received_ms) VALUES (?, ?, ?, ?, ?, ?)",
            name.values + [.blob(record.raw), .integer(isVerified ? 1 : 0), .integer(now)])
        try Posting(transaction: transaction, now: now).post(record.slot, name: name)
    }
}

extension LedgerTransaction {
    /// How far an epoch has come, and the chain MAC of its last record.
    func cursor(terminal: UInt16, epoch: UInt32) throws -> (acknowledged: UInt64, head: ChainMAC)? {
        let row = try first(
            "SELECT acknowledged, chain_head FROM cursors WHERE terminal = ? AND epoch = ?",
            [.number(terminal), .number(epoch)])
        return try row.map { (try $0.number(0), ChainMAC(bytes: try $0.blob(1))) }
    }

    func addCursor(terminal: UInt16, epoch: UInt32) throws {
        try execute(
            "INSERT INTO cursors (terminal, epoch, acknowledged, chain_head) VALUES (?, ?, 0, ?)",
            [.number(terminal), .number(epoch), .blob(ChainMAC.start.bytes)])
    }

    /// Moves a cursor from where it was seen; where several instances share the books, only one of them can.
    func advanceCursor(
        terminal: UInt16, epoch: UInt32, from old: UInt64, to new: UInt64, head: ChainMAC
    ) throws {
        let changed = try execute(
            "UPDATE cursors SET acknowledged = ?, chain_head = ? WHERE terminal = ? AND epoch = ? AND acknowledged = ?",
            [.number(new), .blob(head.bytes), .number(terminal), .number(epoch), .number(old)])
        guard changed == 1 else { throw LedgerDamage("the cursor of \(terminal)/\(epoch) was moved meanwhile") }
    }
}
