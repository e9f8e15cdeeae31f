import Platform
import Simulator
import Synchronization
import Testing

@testable import Journal

@Suite("Journals that decay while they are read")
struct RepairTests {
    private let end = SystemTime().now().advanced(milliseconds: 60_000)

    private func filled(_ storage: any JournalStorage, records: UInt64) throws -> JournalWriter {
        let journal = try JournalWriter.open(
            storage: storage, terminal: 3, key: Rig.key, time: SimulatedTime(), options: Rig.options)
        for number in 1...records { _ = try journal.append(type: Rig.sale, payload: Rig.payload(number)) }
        return journal
    }

    @Test("records that rot while the terminal runs are set aside and reported, and those after them are delivered")
    func rot() throws {
        let storage = SimulatedStorage(seed: 1)
        let findings = Mailbox<RecoveryFinding>()
        let journal = try Journal.open(
            storage: storage, terminal: 3, key: Rig.key, time: SystemTime(), options: Rig.options,
            damaged: { findings.send($0) })
        for number in 1...40 as ClosedRange<UInt64> {
            _ = try journal.append(type: Rig.sale, payload: Rig.payload(number))
        }
        for record in [5, 6, 30] {
            let first = UInt64((record - 1) / 16 * 16 + 1)
            let name = Segment(epoch: 5, first: first, slots: 0).name
            storage.damage(name, at: 512 + (record - Int(first)) * Slot.size + 50, mask: 4)
        }
        var records: [StoredRecord] = []
        while let next = Optional(try journal.records(from: UInt64(records.count) + 1, limit: 10)), !next.isEmpty {
            records += next
        }
        #expect(records.map(\.slot.sequence) == Array(1...42))
        #expect(records.filter { $0.slot.type == .gap }.map(\.slot.sequence) == [5, 6, 30, 41, 42])
        let found = findings.drain()
        #expect(found.count == 2)
        guard case .damage(5, 6, .damaged, _?) = found.first, case .damage(30, 30, .damaged, _?) = found.last else {
            Issue.record("\(found)")
            return
        }
        #expect(journal.close(deadline: end))
        let again = try Rig.open(storage.afterProcessEnd())
        #expect(again.recovery.findings == [], "what is reported once is not reported again")
        #expect(try again.records(from: 1, limit: 100) == records)
    }

    @Test("a sector that the disk cannot read is damage, not the end: the others are delivered and the writer goes on")
    func unreadableSector() throws {
        for (sector, lost) in [(2, 5...8), (4, 13...16), (0, nil)] as [(Int, ClosedRange<UInt64>?)] {
            let storage = SimulatedStorage(seed: 1)
            _ = try filled(storage, records: 40)
            let disk = storage.afterProcessEnd()
            disk.makeUnreadable(Segment(epoch: 5, first: 1, slots: 0).name, sector: sector)
            let journal = try Rig.open(disk)
            let records = try journal.records(from: 1, limit: 100)
            #expect(records.map(\.slot.sequence) == Array(1...(lost == nil ? 40 : 41)))
            let standIns = records.dropLast(lost == nil ? 0 : 1).filter { $0.slot.type == .gap }
            #expect(standIns.map(\.slot.sequence) == lost.map(Array.init) ?? [])
            #expect(try journal.append(type: Rig.sale, payload: [1]).sequence == journal.lastSequence)
        }
    }

    @Test("where the next record's own page cannot be read, the journal goes on in another segment")
    func unreadableEnd() throws {
        let storage = SimulatedStorage(seed: 1)
        _ = try filled(storage, records: 22)
        let disk = storage.afterProcessEnd()
        let name = Segment(epoch: 5, first: 17, slots: 0).name
        disk.makeUnreadable(name, sector: 2)
        let journal = try Rig.open(disk)
        #expect(journal.recovery.findings.contains(.segmentLeft(file: name)))
        #expect(try journal.append(type: Rig.sale, payload: [9]).sequence == journal.lastSequence)
        let records = try journal.records(from: 1, limit: 100)
        #expect(records.map(\.slot.sequence) == Array(1...journal.lastSequence))
        #expect(records.prefix(20).allSatisfy { $0.slot.type == Rig.sale })
        let again = try Rig.open(disk.afterProcessEnd())
        #expect(try again.records(from: 1, limit: 100) == records)
    }

    @Test("a reader overtaken by an acknowledgement and the recycling of what it reads does not call that damage")
    func overtaken() throws {
        let disk = OvertakingStorage(SimulatedStorage(seed: 1))
        let journal = try filled(disk, records: 44)
        let first = Segment(epoch: 5, first: 1, slots: 0).name
        let last = try #require(try journal.records(from: 40, limit: 1).first)
        disk.beforeReading(first) {
            try? journal.acknowledge(through: 40, chainHead: last.mac)
            // Into the next segment: the spare is used, and the first one made the new spare.
            for _ in 0..<8 { _ = try? journal.append(type: Rig.sale, payload: []) }
        }
        #expect(try journal.records(from: 1, limit: 16).map(\.slot.sequence) == Array(17...32))
        #expect(journal.firstSequence == 17, "the first segment was recycled")
        #expect(try journal.records(from: 41, limit: 100).map(\.slot.sequence) == Array(41...52))
    }
}

/// Calls somebody when a file is opened: what happens between a reader's look at the list and its look at the file.
final class OvertakingStorage: JournalStorage {
    private let disk: SimulatedStorage
    private let planned = Mutex<(name: String, body: @Sendable () -> Void)?>(nil)

    init(_ disk: SimulatedStorage) { self.disk = disk }

    func beforeReading(_ name: String, _ body: @escaping @Sendable () -> Void) {
        planned.withLock { $0 = (name, body) }
    }

    func open(_ name: String) throws(StorageError) -> any JournalFile {
        let file = try disk.open(name)
        let body = planned.withLock { planned in
            guard let due = planned, due.name == name else { return nil as (@Sendable () -> Void)? }
            planned = nil
            return due.body
        }
        body?()
        return file
    }

    func lock() throws(StorageError) { try disk.lock() }
    func list() throws(StorageError) -> [String] { try disk.list() }
    func create(_ name: String, size: Int) throws(StorageError) -> any JournalFile { try disk.create(name, size: size) }
    func rename(_ name: String, to newName: String) throws(StorageError) { try disk.rename(name, to: newName) }
    func remove(_ name: String) throws(StorageError) { try disk.remove(name) }
    func syncDirectory() throws(StorageError) { try disk.syncDirectory() }
}
