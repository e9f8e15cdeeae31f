import Platform
import Synchronization

extension JournalWriter {
    /// Reports by gap records that these stretches are lost.
    func report(_ lost: [Damage]) throws(JournalError) {
        for damage in lost {
            let gap = GapRecord(
                from: damage.from, to: damage.to, reason: damage.reason, previous: damage.previous ?? .start,
                resume: damage.resume)
            let appended = try append([Draft(type: .gap, payload: gap.encoded)])[0].get()
            // Stand-ins are made from the report, so it is read back as every later opening will read it.
            guard let record = try reader.records(from: appended.sequence, limit: 1).first else {
                throw .damaged(appended.sequence)
            }
            reader.view.withLock { $0.gaps.append(KnownGap(gap: gap, report: record.slot)) }
        }
    }

    /// Sets aside and reports records that were sound when the journal was opened and cannot be read any more, from
    /// `sequence` on: the records after them are delivered without waiting for a restart.
    ///
    /// - Returns: what was found; `nil` when the record is sound after all, or reported already.
    func repair(at sequence: UInt64) throws(JournalError) -> RecoveryFinding? {
        let view = reader.current()
        guard sequence > view.cursor.acknowledged, view.gap(at: sequence) == nil,
            let segment = view.segments.last(where: { $0.contains(sequence) })
        else {
            return nil
        }
        let end = min(segment.end - 1, view.last)
        var last: UInt64?
        var lastMAC: ChainMAC?
        for candidate in sequence...end {
            let (bytes, isSound) = try reader.slot(at: candidate, in: segment)
            if isSound { break }
            last = candidate
            lastMAC = bytes.map { Slot.mac(of: $0) }.flatMap { $0 == .start ? nil : $0 }
        }
        guard let last else { return nil }
        let copy = try Quarantine(
            storage: storage, epoch: epoch, segments: view.segments,
            present: Set(try guarded { () throws(StorageError) in try storage.list() })
        ).copy(from: sequence, to: last)
        let resume =
            last == view.last ? ChainLink.mac(state.withLock { $0.chain }) : lastMAC.map { .perhaps($0) } ?? .lost
        try report([
            Damage(
                from: sequence, to: last, reason: .damaged, previous: try mac(before: sequence, view), resume: resume)
        ])
        return .damage(from: sequence, to: last, reason: .damaged, quarantine: copy)
    }

    private func mac(before sequence: UInt64, _ view: JournalReader.View) throws(JournalError) -> ChainMAC? {
        if sequence - 1 == view.cursor.acknowledged { return view.cursor.chainHead }
        guard let segment = view.segments.last(where: { $0.contains(sequence - 1) }) else { return nil }
        let (bytes, isSound) = try reader.slot(at: sequence - 1, in: segment)
        return isSound ? bytes.map { Slot.mac(of: $0) } : nil
    }
}
