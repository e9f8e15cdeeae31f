import Platform
import Simulator
import Testing

@testable import Journal

@Suite("Group commit")
struct GroupTests {
    @Test("a payload that does not fit fails alone, and its neighbours in the group are written")
    func misfit() throws {
        let journal = try Rig.open(SimulatedStorage(seed: 1))
        let sizes = [1, 77, 76, 200, 0]
        let results = journal.append(
            sizes.map { JournalWriter.Draft(type: Rig.sale, payload: [UInt8](repeating: 1, count: $0)) })
        #expect(results.map { (try? $0.get())?.sequence } == [1, nil, 2, nil, 3])
    }

    @Test("records from many threads are each answered with a sequence of their own")
    func manyThreads() throws {
        let journal = try Journal.open(
            storage: SimulatedStorage(seed: 1), terminal: 3, key: Rig.key, time: SystemTime(), options: Rig.options)
        let answers = Mailbox<UInt64>()
        let end = SystemTime().now().advanced(milliseconds: 60_000)
        let threads = (0..<8 as Range<UInt8>).map { number in
            DedicatedThread(name: "caller") {
                for _ in 0..<50 {
                    guard let record = try? journal.append(type: Rig.sale, payload: [number]) else { return }
                    answers.send(record.sequence)
                }
            }
        }
        for thread in threads { #expect(thread.join(until: end)) }
        #expect(answers.drain().sorted() == Array(1...400))
        #expect(journal.close(deadline: end))
        #expect(throws: JournalError.closed) { try journal.append(type: Rig.sale, payload: []) }
    }

    @Test("the cursor never goes back, though an older acknowledgement comes from another thread at the same time")
    func acknowledgementsRace() throws {
        let end = SystemTime().now().advanced(milliseconds: 60_000)
        for round in 1...400 as ClosedRange<UInt64> {
            let disk = SimulatedStorage(seed: round)
            let journal = try Journal.open(
                storage: disk, terminal: 3, key: Rig.key, time: SystemTime(), options: Rig.options)
            for _ in 0..<8 { _ = try journal.append(type: Rig.sale, payload: []) }
            let records = try journal.records(from: 1, limit: 8)
            let threads = records.map { record in
                DedicatedThread(name: "acknowledger") {
                    try? journal.acknowledge(through: record.slot.sequence, chainHead: record.mac)
                }
            }
            for thread in threads { #expect(thread.join(until: end)) }
            #expect(journal.cursor.acknowledged == 8, "in memory, round \(round)")
            #expect(journal.close(deadline: end))
            #expect(try Rig.open(disk.afterPowerCut()).cursor.acknowledged == 8, "on the disk, round \(round)")
        }
    }
}
