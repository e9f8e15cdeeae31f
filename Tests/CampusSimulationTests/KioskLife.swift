import Crypto
import Health
import Journal
import Ledger
import LedgerProtocol
import Platform
import Simulator
import SmartCard
import Sync
import Voice

@testable import Terminal

// How a kiosk starts, ends, and starts again with what its disks kept.
extension Kiosk {
    /// Whether the box has power.
    var isOn: Bool { !journalDisk.isOff && !feedDisk.isOff }

    /// Whether a disk has failed since the start, so that somebody has to restart the program.
    var needsRestart: Bool { journalDisk.hasFailed || feedDisk.hasFailed || running?.journal == nil }

    /// Ends whatever runs and starts again, after the power came back or the program was ended.
    func restart() {
        let isPowerCut = !isOn
        if isPowerCut { campus.counts.powerCuts += 1 } else { campus.counts.processEnds += 1 }
        if isPowerCut {
            clock.boot()
            if campus.isStormy, campus.random.oneIn(4) { clock.isWrong = true }
        }
        campus.note("\(number): restarts after \(isPowerCut ? "a power cut" : "its program's end")")
        replaceDisks(afterPowerCut: isPowerCut)
        if campus.isStormy, campus.random.oneIn(3) { planFault() }
        start()
    }

    /// Plans what will happen to a disk.
    func planFault() {
        guard !journalDisk.hasFaultAhead, !feedDisk.hasFaultAhead else { return }
        let isJournal = !campus.random.oneIn(6)
        let operations = campus.random.number(1...(isJournal ? 40 : 5))
        let isPowerCut = !campus.random.oneIn(4)
        // EIO or ENOSPC.
        let code: Int32 = campus.random.oneIn(3) ? 28 : 5
        campus.note("\(number): \(isPowerCut ? "power cut" : "failure \(code)") planned in \(operations) operations")
        if !isPowerCut { campus.counts.diskFailures += 1 }
        plan(isPowerCut ? nil : code, onJournal: isJournal, in: operations)
    }

    /// Reads the disks and runs, as the terminal's service does; a journal that cannot be opened leaves it without.
    func start() {
        for _ in 0..<5 {
            let journal = openJournal()
            if isOn {
                let feeds = FeedStores(
                    storage: feedDisk.storage, key: Grounds.shared.ledgerKeys.signingKey.publicKey)
                for (kind, error) in feeds.load() where isOn && !feedDisk.hasFailed {
                    campus.violate("\(number): \(kind) not read back: \(error)")
                }
                if isOn { return run(journal, feeds) }
            }
            campus.counts.powerCuts += 1
            campus.note("\(number): power cut while starting")
            clock.boot()
            replaceDisks(afterPowerCut: true)
        }
    }

    private func openJournal() -> JournalWriter? {
        do throws(JournalError) {
            let journal = try Self.open(journalDisk.storage, number, clock)
            try checkKept(journal)
            if !journal.recovery.isClean { campus.violate("\(number): recovery found \(journal.recovery.findings)") }
            return journal
        } catch {
            if isOn, !journalDisk.hasFailed { campus.violate("\(number): journal not opened: \(error)") }
            campus.note("\(number): no journal: \(error)")
            return nil
        }
    }

    /// Every record that was promised and is not removed must be there, word for word.
    private func checkKept(_ journal: JournalWriter) throws(JournalError) {
        var kept: [UInt64: Promise] = [:]
        try journal.forEachRecord { record in
            kept[record.slot.sequence] = Promise(type: record.slot.type, payload: record.slot.payload)
            if let outcome = record.slot.activation { campus.everActivated.insert(outcome.intent.uid) }
        }
        for (sequence, promise) in promises
        where sequence >= journal.firstSequence && kept[sequence] != promise {
            campus.violate("\(number): record \(sequence) was promised and is lost")
        }
    }

    /// What the journal's disk would hold if the power went now, from `sequence` on.
    func survivors(from sequence: UInt64) -> [StoredRecord] {
        campus.counts.checks += 1
        let copy = journalDisk.storage.afterPowerCut()
        do throws(JournalError) {
            return try Self.open(copy, number, clock).records(from: sequence, limit: .max)
        } catch {
            campus.violate("\(number): a copy of the journal cannot be opened: \(error)")
            return []
        }
    }

    private static func open(
        _ storage: any JournalStorage, _ terminal: UInt16, _ clock: BoxClock
    ) throws(JournalError) -> JournalWriter {
        try JournalWriter.open(
            storage: storage, terminal: terminal, key: ChainKey(bytes: Grounds.journalKey(terminal)), time: clock,
            options: JournalOptions(slotsPerSegment: 16, epoch: 1, acknowledgedSegmentsKept: 4))
    }
}

extension Slot {
    /// The outcome that made a card active, if this is one.
    var activation: ActivationOutcome? {
        guard type.rawValue == ActivationRecordType.outcome, let outcome = ActivationOutcome(decoding: payload),
            outcome.result == .activated
        else { return nil }
        return outcome
    }
}
