import LedgerProtocol
import Platform
import Simulator
import Sync

@testable import Journal

/// A terminal: its disk, its clock and the programs on them until their next end.
final class Box: @unchecked Sendable {
    /// What an append answered for.
    struct Answered: Hashable {
        let type: UInt8
        let payload: [UInt8]
        let wall: Int64
    }

    /// What the uploader was told.
    struct Told: Hashable {
        let sequence: UInt64
        let head: String
    }

    let number: UInt16
    let epoch: UInt32
    unowned let fleet: Fleet
    let clock: SkewedClock
    private(set) lazy var wire = Wire(fleet: fleet, box: self)
    private(set) var storage: SimulatedStorage
    private(set) var journal: JournalWriter?
    private(set) var uploader: Uploader?
    private var faultAt: (operation: Int, isPowerCut: Bool)?

    /// Records of this epoch that must come to the ledger.
    private(set) var answered: [UInt64: Answered] = [:]
    private(set) var told: [Told] = []
    /// Records that lay in a sector when it rotted.
    private(set) var rotten: Set<UInt64> = []
    /// The disk was put back from a copy in this epoch: there may be two histories.
    private(set) var wasRestored = false
    /// Why uploading stands still, if it does.
    private(set) var stop: SyncStop?
    /// Set aside after a fork: its last records wait for a person.
    var isAside = false
    /// Nothing is written here any more; what is there is still brought to the ledger.
    var isRetired = false
    private var made: [Trade.Made] = []
    private var image: (disk: SimulatedDisk, last: UInt64, made: [Trade.Made])?

    init(fleet: Fleet, number: UInt16, epoch: UInt32, clock: SkewedClock) {
        self.fleet = fleet
        self.number = number
        self.epoch = epoch
        self.clock = clock
        storage = SimulatedStorage(seed: fleet.random.next())
    }

    var place: Expectation.Place { .init(terminal: number, epoch: epoch) }
    var isOn: Bool { !(faultAt.map { $0.isPowerCut && storage.operations >= $0.operation } ?? false) }
    var hasFailed: Bool { faultAt.map { storage.operations >= $0.operation } ?? false }
    var isDone: Bool { journal.map { $0.cursor.acknowledged == $0.lastSequence } ?? false }

    // MARK: Life

    /// Plans a power cut or a failed call within the next operations on the disk.
    func planFault() {
        guard faultAt == nil else { return }
        let operation = storage.operations + fleet.random.number(1...30)
        let isPowerCut = !fleet.random.oneIn(4)
        // EIO or ENOSPC.
        storage.plan(isPowerCut ? .powerCut : .failure(fleet.random.pick([5, 28])), atOperation: operation)
        faultAt = (operation, isPowerCut)
    }

    /// Ends what runs and starts again on what the disk kept.
    func restart() {
        for _ in 0..<6 {
            journal = nil
            uploader = nil
            if isOn {
                if hasFailed { fleet.tally.count(.diskFailure) } else { fleet.tally.count(.processEnd) }
                storage = storage.afterProcessEnd()
            } else {
                fleet.tally.count(.powerCut)
                clock.boot()
                storage = storage.afterPowerCut()
            }
            faultAt = nil
            if fleet.isStormy, fleet.random.oneIn(4) { planFault() }
            if start() { return }
        }
    }

    /// Whether it runs, with a journal or without.
    func start() -> Bool {
        do throws(JournalError) {
            let opened = try JournalWriter.open(
                storage: storage, terminal: number, key: ChainKey(bytes: House.journalKey(number)), time: clock,
                options: JournalOptions(
                    slotsPerSegment: 16, epoch: epoch,
                    acknowledgedSegmentsKept: fleet.theme.restoresLedger ? 10_000 : 2, recordsPerKey: 20))
            journal = opened
            if !opened.recovery.findings.allSatisfy(isHarmless), !hasRotted, !wasRestored {
                fleet.violate("\(place): nothing rotted, and recovery found \(opened.recovery.findings)")
            }
            uploader = Uploader(
                feed: Feed(journal: opened), client: wire, time: clock,
                settings: .init(
                    batch: fleet.random.pick([1, 3, 7, 20, 64]), batchMost: 64,
                    backoff: Backoff(generator: SplitMix64(seed: fleet.random.next())))
            ) { [unowned self] in self.heard($0) }
            fleet.note("\(place): runs from \(opened.lastSequence), acknowledged \(opened.cursor.acknowledged)")
            for finding in opened.recovery.findings { fleet.note("\(place): found \(finding)") }
            return true
        } catch {
            fleet.note("\(place): journal not opened: \(error)")
            if !hasFailed { fleet.violate("\(place): journal not opened: \(error)") }
            return !hasFailed
        }
    }

    /// What power cuts alone can leave: a tail cut short, and damage to what was never answered for.
    private func isHarmless(_ finding: RecoveryFinding) -> Bool {
        switch finding {
        case .tornTail: true
        case .damage(let from, let to, _, _): (from...to).allSatisfy { answered[$0] == nil }
        default: false
        }
    }

    private func heard(_ event: SyncEvent) {
        fleet.note("\(place): \(event)")
        switch event {
        case .acknowledged(let answer): told.append(Told(sequence: answer.acknowledged, head: answer.chainHead))
        case .frozen(let why):
            stop = why
            for record in (try? journal?.records(from: 1, limit: 12)) ?? [] where record.slot.type == .gap {
                let gap = GapRecord(decoding: record.slot.payload)
                fleet.note("\(place): \(record.slot.sequence) is of the gap \(gap.map { "\($0)" } ?? "?")")
            }
            // A batch of an older epoch with two histories freezes the whole terminal.
            switch why {
            case .frozenByLedger, .epochNotRegistered: return
            default: break
            }
            if !wasRestored { fleet.violate("\(place): uploading stopped: \(why)") }
        case .back: stop = nil
        default: break
        }
    }

    // MARK: Work

    func trade() {
        guard isOn, journal != nil, !isRetired else { return }
        for _ in 0..<fleet.random.number(1...4) {
            Trade.happen(&fleet.random, made: &made) { append($0) }
        }
    }

    /// Appends one more record that means nothing, after which there is something to send.
    ///
    /// A ledger that was put back asks again for what it lost only when something is sent.
    func touch() {
        if !isRetired || fleet.wasLedgerRestored { _ = append(Trade.Draft(type: 0x7E, payload: [])) }
    }

    private func append(_ draft: Trade.Draft) -> UInt64? {
        guard let journal else { return nil }
        do throws(JournalError) {
            let record = try journal.append(type: RecordType(rawValue: draft.type), payload: draft.payload)
            answered[record.sequence] = Answered(
                type: draft.type, payload: draft.payload, wall: record.wallMilliseconds)
            return record.sequence
        } catch {
            return nil
        }
    }

    func upload() {
        for _ in 0..<3 {
            guard isOn, let uploader, uploader.step() == 0 else { return }
        }
    }

    // MARK: Damage

    private var hasRotted = false

    func rot() {
        let names = storage.names.filter { $0.hasSuffix(".seg") }
        guard isOn, let journal, let name = names.randomElement(using: &fleet.random),
            let segment = Segment(name: name)
        else { return }
        fleet.tally.count(.rot)
        hasRotted = true
        if fleet.random.oneIn(8) {
            // The files that tell how far it goes: one sector of two, or both.
            let file = fleet.random.pick(["cursor", "head"])
            for sector in fleet.random.oneIn(2) ? [fleet.random.number(0...1)] : [0, 1] {
                storage.damage(file, at: sector * 512 + fleet.random.number(0...511), mask: 0x10)
            }
            return fleet.note("\(place): \(file) rots")
        }
        let slots = 16
        var lost: ClosedRange<UInt64>
        if fleet.random.oneIn(2) {
            let slot = fleet.random.number(0...slots - 1)
            let offset = Segment.offset(ofSlot: slot) + fleet.random.number(0...127)
            storage.damage(name, at: offset, mask: UInt8(1 << fleet.random.number(0...7)))
            lost = segment.first + UInt64(slot)...segment.first + UInt64(slot)
        } else {
            let sector = fleet.random.number(0...slots / 4)
            storage.makeUnreadable(name, sector: sector)
            guard sector > 0 else { return }
            lost = segment.first + UInt64(sector * 4 - 4)...segment.first + UInt64(sector * 4 - 1)
        }
        fleet.note("\(place): \(lost) rot")
        for sequence in lost where sequence <= journal.lastSequence { rotten.insert(sequence) }
    }

    /// Both sectors of the cursor rot, and the last record's slot.
    func loseCursorAndLastRecord() {
        guard let last = journal?.lastSequence,
            let segment = storage.names.compactMap({ Segment(name: $0) }).filter({ $0.first <= last }).max(by: {
                $0.first < $1.first
            })
        else { return }
        hasRotted = true
        rotten.insert(last)
        for sector in 0...1 { storage.damage("cursor", at: sector * 512 + 100, mask: 0x10) }
        storage.damage(segment.name, at: Segment.offset(ofSlot: Int(last - segment.first)) + 40, mask: 0x10)
    }

    /// Keeps a copy of the disk, as somebody does who wants to be careful.
    func takeImage() {
        guard isOn, let journal, journal.lastSequence > 0 else { return }
        image = (storage.afterProcessEnd().disk, journal.lastSequence, made)
    }

    /// Somebody puts the copy back; what was written since is gone with the disk.
    func restoreImage() {
        guard let image, isOn, !isRetired else { return }
        fleet.tally.count(.terminalRestored)
        fleet.note("\(place): put back to \(image.last)")
        wasRestored = true
        journal = nil
        uploader = nil
        storage = SimulatedStorage(disk: image.disk, seed: fleet.random.next())
        faultAt = nil
        made = image.made
        answered = answered.filter { $0.key <= image.last }
        _ = start()
    }
}

/// The journal as the uploader reads it in the terminal: what can no longer be read is set aside and reported first.
struct Feed: JournalFeed {
    let journal: JournalWriter

    var terminal: UInt16 { journal.terminal }
    var epoch: UInt32 { journal.epoch }
    var firstSequence: UInt64 { journal.firstSequence }
    var lastSequence: UInt64 { journal.lastSequence }
    var cursor: AckCursor { journal.cursor }

    func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        do throws(JournalError) {
            return try journal.records(from: sequence, limit: limit)
        } catch {
            guard case .damaged(let lost) = error else { throw error }
            _ = try journal.repair(at: lost)
            return try journal.records(from: sequence, limit: limit)
        }
    }

    func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError) {
        try journal.acknowledge(through: sequence, chainHead: chainHead)
    }
}
