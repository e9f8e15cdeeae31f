import Glibc
import Platform
import Simulator
import Testing

@testable import Journal

/// A script carried out on a disk of which one operation fails.
struct FaultyRun {
    let script: Script
    private(set) var storage: SimulatedStorage
    private(set) var now = Expectation()
    /// The disk as the failure left it, and what must be on it.
    private(set) var failed: (disk: SimulatedDisk, expectation: Expectation)?
    /// The disk as the first opening after that left it: what could be read then is durable.
    private(set) var reopened: (disk: SimulatedDisk, expectation: Expectation)?
    private let fault: SimulatedStorage.Fault
    /// Of the process that runs; operations are counted anew by each.
    private var operation: Int
    private var journal: JournalWriter?

    init(_ script: Script, _ fault: SimulatedStorage.Fault, atOperation operation: Int) {
        self.script = script
        self.fault = fault
        self.operation = operation
        storage = SimulatedStorage(seed: script.seed)
        storage.plan(fault, atOperation: operation)
    }

    mutating func run() throws {
        try open()
        for (number, step) in script.steps.enumerated() {
            switch step {
            case .append(let size): try append([size], step: number)
            case .group(let sizes): try append(sizes, step: number)
            case .acknowledge(let rest): try acknowledge(allBut: rest)
            case .restart:
                if let journal { Rig.close(journal) }
                try restart()
            }
            noteFailure()
        }
    }

    private mutating func noteFailure() {
        if failed == nil && storage.failure != nil { failed = (storage.disk, now) }
    }

    /// Opens the journal; when the planned fault keeps it from that, the next process does.
    private mutating func open() throws {
        do {
            journal = try Rig.open(storage, options: script.options)
        } catch {
            guard failed == nil, storage.failure != nil else { throw error }
            noteFailure()
            storage = storage.afterProcessEnd()
            journal = try Rig.open(storage, options: script.options)
        }
        guard let journal else { return }
        let records = try patiently { try now.check(journal) }
        now.acknowledged = journal.cursor.acknowledged
        now.acknowledging = now.acknowledged
        now.known = now.known.prefix(Int(now.acknowledged)) + records.map(\.bytes)
        now.required = journal.lastSequence
        now.attempted = now.required
        now.tried = [:]
        if failed != nil && reopened == nil { reopened = (storage.disk, now) }
    }

    /// Reads once more when it was the reading that met the fault.
    private func patiently<R>(_ body: () throws -> R) throws -> R {
        let before = storage.failure
        do { return try body() } catch  where before == nil && storage.failure != nil { return try body() }
    }

    private mutating func restart() throws {
        journal = nil
        noteFailure()
        let planned = failed == nil ? operation : nil
        let done = storage.operations
        storage = storage.afterProcessEnd()
        if let planned, planned > done { storage.plan(fault, atOperation: planned - done) }
        operation -= done
        try open()
    }

    private mutating func append(_ sizes: [Int], step: Int) throws {
        guard let journal else { return }
        let first = now.required + 1
        let payloads = sizes.enumerated().map { index, size in
            script.payload(of: size, sequence: first + UInt64(index), step: step)
        }
        var results = journal.append(payloads.map { JournalWriter.Draft(type: Rig.sale, payload: $0) })
        Rig.idle(journal)
        for (index, payload) in payloads.enumerated() where (try? results[index].get()) == nil {
            now.tried[first + UInt64(index), default: []].append(payload)
        }
        let answered = results.prefix { (try? $0.get()) != nil }.count
        now.known += try patiently { try journal.records(from: first, limit: answered) }.map(\.bytes)
        now.required += UInt64(answered)
        now.attempted = max(now.attempted, first + UInt64(sizes.count) - 1)
        now.promised = now.required
        guard results.count > answered else { return }
        noteFailure()
        results.removeFirst(answered)
        guard results.allSatisfy({ (try? $0.get()) == nil }) else {
            throw Broken(description: "a record was answered for after an earlier one of its group had failed")
        }
        try refused(results[0], journal)
    }

    /// What follows a refusal: for good when bytes of the journal are in doubt, until there is room otherwise.
    private mutating func refused(_ result: Result<AppendedRecord, JournalError>, _ journal: JournalWriter) throws {
        guard case .failure(let error) = result, let failure = storage.failure else {
            throw Broken(description: "an append failed without a fault: \(result)")
        }
        // A segment is renamed only to be recycled.
        let isInDoubt = failure.path.hasSuffix(".seg") && !["openat", "renameat"].contains(failure.call)
        switch error {
        case .poisoned(failure):
            for _ in 0..<3 {
                guard case .failure(.poisoned(failure)) = journal.append([.init(type: Rig.sale, payload: [])])[0] else {
                    throw Broken(description: "\(failure), and yet the same writer took a record later")
                }
            }
            guard journal.status.poison == failure else { throw Broken(description: "no condition after \(failure)") }
            try restart()
        case .full(failure) where !isInDoubt && failure.isFull: break
        case .storage(failure) where !isInDoubt: break
        default: throw Broken(description: "\(failure) led to \(error)")
        }
    }

    private mutating func acknowledge(allBut rest: UInt64) throws {
        guard let journal, now.required > rest, now.required - rest > now.acknowledged else { return }
        now.acknowledging = now.required - rest
        let head = Slot.mac(of: now.known[Int(now.acknowledging) - 1])
        do {
            try journal.acknowledge(through: now.acknowledging, chainHead: head)
            now.acknowledged = now.acknowledging
        } catch {
            guard storage.failure != nil else { throw error }
            noteFailure()
        }
    }
}

@Suite("Faults under the journal")
struct FaultTests {
    private static let faults: [SimulatedStorage.Fault] = [
        .failure(EIO), .failure(ENOSPC), .failure(EDQUOT), .failure(EROFS), .short,
    ]
    private static let seeds = 2001...Sweep.pick(quick: 2002, normal: 2004, full: 2012)
    private static let tally = Tally(
        "each operation failed in five ways, then restart or power cut, exhaustive up to 12 unsynced sectors", seeds,
        casesPerSeed: faults.count)

    @Test(
        "no answered record is lost when an operation fails, nothing is answered after a failed sync, a restart goes on",
        arguments: faults, seeds)
    func everywhere(fault: SimulatedStorage.Fault, number: Int) throws {
        let script = Script(
            seed: UInt64(number), steps: Sweep.pick(quick: 12, normal: 20, full: 40), slots: number % 2 == 0 ? 4 : 8)
        let operations = try Rehearsal(script).moments.last?.operation ?? 0
        var explorer = Explorer(script, depth: 0)
        for operation in 1...operations {
            var run = FaultyRun(script, fault, atOperation: operation)
            do {
                try run.run()
            } catch {
                Issue.record("seed \(script.seed), \(fault) at operation \(operation): \(error)")
                break
            }
            guard let failed = run.failed else { continue }
            explorer.visit(failed.disk, failed.expectation, path: [(operation, 0)])
            let disks = [failed, run.reopened, (run.storage.disk, run.now)].compactMap { $0 }
            for (number, (disk, expectation)) in disks.enumerated() {
                PowerCut(disk).forEachOutcome(upToBits: explorer.bits, seed: script.seed) {
                    explorer.visit($0, expectation, path: [(operation, number + 1)])
                }
            }
        }
        Self.tally.add(explorer)
    }
}
