import Journal
import Platform
import Simulator
import Testing

/// What the sweeps share: small segments, so that a few hundred records cross many of them.
enum Rig {
    static let key = ChainKey(bytes: [UInt8](repeating: 7, count: 32))
    static let sale = RecordType(rawValue: 0x01)
    static let options = JournalOptions(slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1)

    static func open(
        _ storage: SimulatedStorage, terminal: UInt16 = 3, key: ChainKey = Rig.key,
        options: JournalOptions = Rig.options
    ) throws(JournalError) -> JournalWriter {
        try JournalWriter.open(
            storage: storage, terminal: terminal, key: key, time: SimulatedTime(), options: options)
    }

    static func payload(_ number: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: 40)
        bytes.store(number, at: 0)
        return bytes
    }
}

/// What a life of the terminal did: what it was told is durable, and what it tried.
struct Life {
    var answered: [UInt64: [UInt8]] = [:]
    var attempted: [UInt64: [UInt8]] = [:]
    var acknowledged: UInt64 = 0

    /// Appends until `count` records are durable or the storage fails, acknowledging now and then.
    mutating func run(_ storage: SimulatedStorage, appends count: Int) {
        guard let journal = try? Rig.open(storage) else { return }
        for number in 1...count {
            let sequence = journal.lastSequence + 1
            let payload = Rig.payload(sequence &* 1000 &+ UInt64(number))
            attempted[sequence] = payload
            guard let appended = try? journal.append(type: Rig.sale, payload: payload) else { return }
            answered[appended.sequence] = payload
            if number % 23 == 0, let last = try? journal.records(from: appended.sequence - 5, limit: 1).first {
                if (try? journal.acknowledge(through: last.slot.sequence, chainHead: last.mac)) != nil {
                    acknowledged = last.slot.sequence
                }
            }
        }
    }

    /// Opens what is left and compares: all answers are there, nothing else is, the chain holds throughout.
    func check(_ storage: SimulatedStorage, _ context: String) throws {
        let journal = try Rig.open(storage)
        #expect(journal.cursor.acknowledged >= acknowledged, "\(context): cursor went back")
        let records = try journal.records(from: 1, limit: .max)
        let kept = Dictionary(uniqueKeysWithValues: records.map { ($0.slot.sequence, $0.slot) })
        for (sequence, payload) in answered where sequence > journal.cursor.acknowledged {
            #expect(kept[sequence]?.payload == payload, "\(context): record \(sequence) was answered for and is lost")
        }
        for slot in kept.values where slot.type != .gap {
            #expect(attempted[slot.sequence] == slot.payload, "\(context): record \(slot.sequence) was invented")
        }
        let sequences = records.map(\.slot.sequence).filter { $0 > journal.cursor.acknowledged }
        #expect(sequences.first ?? journal.cursor.acknowledged + 1 == journal.cursor.acknowledged + 1, "\(context)")
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 + 1 == $1 }, "\(context): sequence has holes")
        for finding in journal.recovery.findings {
            if case .chainBroken = finding { Issue.record("\(context): \(finding)") }
        }
    }
}

@Suite("Crashes of the journal")
struct CrashTests {
    @Test(
        "every answered record survives a power cut at every storage operation",
        arguments: 1...Sweep.pick(quick: 1, normal: 2, full: 20))
    func powerCutEverywhere(number: Int) throws {
        let seed = UInt64(number)
        var quiet = Life()
        let whole = SimulatedStorage(seed: seed)
        quiet.run(whole, appends: 200)
        #expect(quiet.answered.count == 200)
        var crashes = 0
        for operation in Sweep.operations(whole.operations) {
            let storage = SimulatedStorage(seed: seed &* 1_000_003 &+ UInt64(operation))
            storage.plan(.powerCut, atOperation: operation)
            var life = Life()
            life.run(storage, appends: 200)
            for outcome in 1...Sweep.pick(quick: 1, normal: 1, full: 4) {
                let after = storage.afterPowerCut()
                try life.check(after, "seed \(seed), operation \(operation), outcome \(outcome)")
                crashes += 1
            }
        }
        print("journal, seed \(seed): \(crashes) crashes survived over \(whole.operations) operations")
    }

    @Test("every answered record survives a second power cut at every operation of the recovery from a first")
    func powerCutDuringRecovery() throws {
        var crashes = 0
        for seed in 1...Sweep.pick(quick: 2, normal: 6, full: 60) as ClosedRange<UInt64> {
            let storage = SimulatedStorage(seed: seed)
            storage.plan(.powerCut, atOperation: 60 + Int(seed) * 9)
            var life = Life()
            life.run(storage, appends: 200)
            let first = storage.afterPowerCut()
            var rehearsal = life
            let whole = first.afterProcessEnd()
            rehearsal.run(whole, appends: 3)
            for operation in Sweep.operations(whole.operations) {
                let again = first.afterProcessEnd()
                again.plan(.powerCut, atOperation: operation)
                var both = life
                both.run(again, appends: 3)
                try both.check(again.afterPowerCut(), "seed \(seed), second cut at \(operation)")
                crashes += 1
            }
        }
        print("journal: \(crashes) crashes during recovery survived")
    }

    @Test("every answered record survives a failed operation, the restart after it, and a power cut after that")
    func failureEverywhere() throws {
        let appends = Sweep.pick(quick: 40, normal: 50, full: 200)
        var quiet = Life()
        let whole = SimulatedStorage(seed: 9)
        quiet.run(whole, appends: appends)
        var failures = 0
        for fault in [SimulatedStorage.Fault.failure(5), .failure(28), .short] {
            for operation in Sweep.operations(whole.operations) {
                let storage = SimulatedStorage(seed: UInt64(operation))
                storage.plan(fault, atOperation: operation)
                var life = Life()
                life.run(storage, appends: appends)
                let restarted = storage.afterProcessEnd()
                try life.check(restarted, "\(fault) at operation \(operation), after the restart")
                // Whatever the restart let somebody read is durable from then on.
                let seen = try Rig.open(restarted.afterProcessEnd()).lastSequence
                let after = try Rig.open(restarted.afterPowerCut())
                #expect(
                    after.lastSequence == seen, "\(fault) at operation \(operation): a record that was read is gone")
                failures += 1
            }
        }
        print("journal: \(failures) failed operations survived")
    }
}
