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
    let keys: ChainKeyCache

    func take(_ upload: Upload) throws -> Verdict {
        guard let terminal = try transaction.terminal(upload.terminal) else {
            return .refused(.unknownTerminal(upload.terminal))
        }
        if let reason = terminal.frozenReason { return .refused(.frozen(reason)) }
        guard try transaction.knows(epoch: upload.epoch, of: upload.terminal, now: now) else {
            return .refused(.unknownEpoch(upload.epoch))
        }
        let cursor = try transaction.cursor(terminal: upload.terminal, epoch: upload.epoch)
        let acknowledged = cursor?.acknowledged ?? 0
        guard upload.first <= acknowledged + 1 else { return .refused(.gap(expected: acknowledged + 1)) }

        let overlap = try compare(upload, through: acknowledged)
        if let sequence = overlap.contradiction {
            let reason = "record \(sequence) of epoch \(upload.epoch) differs from the one stored"
            return .refused(try freeze(upload, reason))
        }
        if let sequence = overlap.late {
            try setAside(upload, "record \(sequence) arrived after the terminal had reported it lost")
        }
        let fresh = upload.records.drop { $0.slot.sequence <= acknowledged }
        guard let verdicts = try judge(fresh, of: upload, of: terminal, after: acknowledged) else {
            // What comes late may reach into the gap, whose stand-ins are still on their way: it lies aside already.
            if overlap.late != nil, let cursor { return .taken(try answer(acknowledged, cursor.head)) }
            let reason = "a record of epoch \(upload.epoch) after \(acknowledged) does not continue the chain"
            return .refused(try freeze(upload, reason))
        }
        if cursor == nil { try transaction.addCursor(terminal: upload.terminal, epoch: upload.epoch) }
        try post(Array(zip(fresh, verdicts)), of: upload)
        return .taken(try acknowledge(upload, cursor: cursor ?? (0, .start)))
    }

    /// What each of `records` turned out to be; `nil` when one is not of the terminal's chain.
    private func judge(
        _ records: some Sequence<Upload.Record>, of upload: Upload, of terminal: RegisteredTerminal,
        after acknowledged: UInt64
    ) throws -> [ChainVerifier.Verdict]? {
        var verifier = ChainVerifier(
            keys: keys.keys(of: terminal, epoch: upload.epoch), at: try position(of: upload, at: acknowledged))
        var verdicts: [ChainVerifier.Verdict] = []
        for record in records {
            let verdict = verifier.take(record.slot, raw: record.raw)
            if verdict == .foreign { return nil }
            verdicts.append(verdict)
        }
        keys.keep(verifier.keys, of: terminal, epoch: upload.epoch)
        return verdicts
    }

    private func post(_ records: [(Upload.Record, ChainVerifier.Verdict)], of upload: Upload) throws {
        guard !records.isEmpty else { return }
        let businesses = records.map { Business($0.0.slot) }
        var posting = Posting(
            books: try BatchBooks(
                about: businesses, terminal: upload.terminal, epoch: upload.epoch, in: transaction), now: now)
        for ((record, verdict), business) in zip(records, businesses) {
            let name = RecordName(terminal: upload.terminal, epoch: upload.epoch, sequence: record.slot.sequence)
            posting.store(record, as: name, isVerified: verdict == .verified)
            posting.post(business, of: record.slot, name: name)
        }
        try posting.books.changes.write(to: transaction, now: now)
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
        return try answer(end, head)
    }

    private func answer(_ end: UInt64, _ head: ChainMAC) throws -> Acknowledgement {
        let feeds = try transaction.feedState().versions
        return Acknowledgement(
            acknowledged: end, chainHead: head.bytes.hex(), timeMilliseconds: now, rosterVersion: feeds.roster,
            hotlistVersion: feeds.hotlist, settingsVersion: feeds.settings)
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

    /// What the overlap says of a stored record that the stored bytes do not: the first that contradicts them, and the
    /// first that fills a gap.
    ///
    /// A stand-in is no contradiction: the terminal lost the record after we stored it, and before it heard so. Nor is a
    /// record whose stand-in we hold: the network kept it longer than the terminal's disk.
    private func compare(
        _ upload: Upload, through acknowledged: UInt64
    ) throws -> (contradiction: UInt64?, late: UInt64?) {
        guard upload.first <= acknowledged else { return (nil, nil) }
        var index = 0
        var contradiction: UInt64?
        var late: UInt64?
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
            index += 1
            let stored = try row.blob(0)
            guard stored != record.raw, ChainVerifier.standIn(record.slot) == nil else { return }
            if let slot = try? Slot(decoding: stored), ChainVerifier.standIn(slot) != nil {
                late = late ?? record.slot.sequence
            } else {
                contradiction = contradiction ?? record.slot.sequence
            }
        }
        guard UInt64(index) == min(upload.last, acknowledged) - upload.first + 1 else {
            throw LedgerDamage("the cursor of \(upload.terminal)/\(upload.epoch) is ahead of the records stored")
        }
        return (contradiction, late)
    }

    private func freeze(_ upload: Upload, _ reason: String) throws -> LedgerRefused {
        try setAside(upload, reason)
        try transaction.execute(
            "UPDATE terminals SET frozen_reason = ?, frozen_ms = ? WHERE number = ?",
            [.text(reason), .integer(now), .number(upload.terminal)])
        return .fork(reason)
    }

    /// Nothing is dropped: what was not taken lies aside for whoever looks into it.
    private func setAside(_ upload: Upload, _ reason: String) throws {
        try transaction.execute(
            """
            INSERT INTO quarantine (terminal, digest, epoch, first, body, reason, received_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                .number(upload.terminal), .blob(Array(SHA256.hash(data: upload.body))), .number(upload.epoch),
                .number(upload.first), .blob(upload.body), .text(reason), .integer(now),
            ])
    }
}

extension LedgerTransaction {
    /// How far an epoch has come, and the chain MAC of its last record.
    func cursor(terminal: UInt16, epoch: UInt32) throws -> (acknowledged: UInt64, head: ChainMAC)? {
        let row = try first(
            "SELECT acknowledged, chain_head FROM cursors WHERE terminal = ? AND epoch = ?\(forUpdate)",
            [.number(terminal), .number(epoch)])
        return try row.map { (try $0.number(0), ChainMAC(bytes: try $0.blob(1))) }
    }

    /// Whether a terminal may write in `epoch`: its first one registers itself, every other one a technician does, because
    /// a new journal means that the end of the old one may be missing.
    func knows(epoch: UInt32, of terminal: UInt16, now: Int64) throws -> Bool {
        let known = try epochs(of: terminal)
        if !known.isEmpty { return known.contains(epoch) }
        // Of two first ones that come at once, one waits here and then finds the other.
        _ = try first("SELECT number FROM terminals WHERE number = ?\(forUpdate)", [.number(terminal)])
        let meanwhile = try epochs(of: terminal)
        if !meanwhile.isEmpty { return meanwhile.contains(epoch) }
        try register(epoch: epoch, of: terminal, reason: "the first", now: now)
        return true
    }

    private func epochs(of terminal: UInt16) throws -> [UInt32] {
        try rows("SELECT epoch FROM epochs WHERE terminal = ?", [.number(terminal)]).map { try $0.number(0) }
    }

    func register(epoch: UInt32, of terminal: UInt16, reason: String, now: Int64) throws {
        try execute(
            "INSERT INTO epochs (terminal, epoch, registered_ms, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [.number(terminal), .number(epoch), .integer(now), .text(reason)])
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
