import Platform
import Simulator
import Testing

@testable import Journal

@Suite("Group commit")
struct GroupTests {
    @Test(
        "a power cut inside a group loses no answered record, and holes that it tears are gaps with sound records after"
    )
    func powerCutInGroups() throws {
        var crashes = 0
        var gaps = 0
        for seed in 1...Sweep.pick(quick: 2, normal: 5, full: 50) as ClosedRange<UInt64> {
            let whole = SimulatedStorage(seed: seed)
            _ = run(whole, seed: seed)
            for operation in Sweep.operations(whole.operations) {
                let storage = SimulatedStorage(seed: seed &* 7919 &+ UInt64(operation))
                storage.plan(.powerCut, atOperation: operation)
                let answered = run(storage, seed: seed)
                let journal = try Rig.open(storage.afterPowerCut())
                let kept = try journal.records(from: 1, limit: .max)
                let context = "seed \(seed), operation \(operation)"
                #expect(kept.map(\.slot.sequence) == Array(1..<UInt64(kept.count + 1)), "\(context)")
                for sequence in answered {
                    #expect(kept[Int(sequence) - 1].slot.payload == Rig.payload(sequence), "\(context)")
                }
                gaps += journal.recovery.findings.isEmpty ? 0 : 1
                crashes += 1
            }
        }
        print("journal: \(crashes) crashes in groups survived, \(gaps) of them with something to set aside or report")
    }

    /// Appends groups of 1 to 30 records until the power goes; returns the sequences answered.
    private func run(_ storage: SimulatedStorage, seed: UInt64) -> [UInt64] {
        guard let journal = try? Rig.open(storage) else { return [] }
        var generator = SplitMix64(seed: seed)
        var answered: [UInt64] = []
        for _ in 0..<12 {
            let next = journal.lastSequence + 1
            let drafts = (next...next + generator.next() % 30).map {
                JournalWriter.Draft(type: Rig.sale, payload: Rig.payload($0))
            }
            for result in journal.append(drafts) {
                guard let record = try? result.get() else { return answered }
                answered.append(record.sequence)
            }
            journal.maintain()
        }
        return answered
    }

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
}
