import Simulator

@testable import Journal

/// What a terminal does with its journal, made up from a seed: appends, groups, acknowledgements, a restart.
struct Script {
    enum Step {
        /// A record by itself, with a payload of this size.
        case append(Int)
        /// Records that share a sync, as far as a segment holds them.
        case group([Int])
        /// The ledger has all but the last few.
        case acknowledge(allBut: UInt64)
        case restart
    }

    let seed: UInt64
    let options: JournalOptions
    let steps: [Step]

    /// - Parameter groups: how many records a group has; `nil` for single appends only.
    init(seed: UInt64, steps count: Int, slots: Int, kept: Int = 1, groups: ClosedRange<Int>? = 3...9) {
        self.seed = seed
        options = JournalOptions(slotsPerSegment: slots, epoch: 5, acknowledgedSegmentsKept: kept, recordsPerKey: 5)
        var generator = SplitMix64(seed: seed)
        func size() -> Int { Int(generator.next() % UInt64(Slot.payloadCapacity + 1)) }
        steps = (1...count).map { number in
            switch (number, generator.next() % 8) {
            case (count / 2, _): return .restart
            case (count, _): return .acknowledge(allBut: generator.next() % 6)
            case _ where number % 7 == 0: return .acknowledge(allBut: generator.next() % 6)
            case (_, 0...2):
                guard let groups else { return .append(size()) }
                return .group((0..<Int.random(in: groups, using: &generator)).map { _ in size() })
            default: return .append(size())
            }
        }
    }

    var hasGroups: Bool { steps.contains { if case .group = $0 { true } else { false } } }

    /// The payload of a step's record: no two are the same.
    func payload(of size: Int, sequence: UInt64, step: Int) -> [UInt8] {
        var generator = SplitMix64(seed: seed &* 1_000_003 &+ sequence &* 4096 &+ UInt64(step))
        return (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
}

/// What must be found in a journal after a crash.
struct Expectation: Sendable {
    /// Bytes of the records 1, 2, 3 … as far as anybody tried to write them; empty where they do not matter any more.
    var known: [[UInt8]] = []
    /// Everything up to this sequence must be there, as `known` has it.
    var required: UInt64 = 0
    /// Everything up to this sequence may be there, as `known` has it; nothing else may.
    var attempted: UInt64 = 0
    /// The caller had been told that everything up to this sequence is durable: no gap may cover it.
    var promised: UInt64 = 0
    /// The cursor is not behind this.
    var acknowledged: UInt64 = 0
    /// Nor after this.
    var acknowledging: UInt64 = 0
    /// Payloads that were tried under a sequence and never answered for.
    var tried: [UInt64: [[UInt8]]] = [:]
    /// Single appends never leave a hole: no damage may be found.
    var allowsDamage = true
}

/// What was expected from which operation on.
struct Expectations {
    private var marks: [(operation: Int, expectation: Expectation)] = []

    /// What is expected in the end.
    var last: Expectation? { marks.last?.expectation }

    mutating func expect(_ expectation: Expectation, since operation: Int) {
        marks.append((operation, expectation))
    }

    /// Tells all of them the bytes that only turned out later.
    mutating func learn(_ known: [[UInt8]], from first: Int = 0) {
        for index in marks.indices.dropFirst(first) { marks[index].expectation.known = known }
    }

    /// What must hold of the disk that `operation` left, until `following` changed it: all that was answered before
    /// `following` is there, nothing is that was asked for after `operation` had begun.
    func expectation(after operation: Int, until following: Int) -> Expectation? {
        guard var expectation = marks.last(where: { $0.operation < following })?.expectation,
            let early = (marks.last { $0.operation < operation } ?? marks.first)?.expectation
        else { return nil }
        expectation.attempted = max(expectation.required, early.attempted)
        expectation.acknowledging = max(expectation.acknowledged, early.acknowledging)
        return expectation
    }
}

/// A script carried out on a disk that never failed, with the disk as every operation left it.
struct Rehearsal {
    private(set) var moments: [SimulatedStorage.Moment] = []
    private(set) var expectations = Expectations()
    private var now = Expectation()

    init(_ script: Script) throws {
        var storage = SimulatedStorage(seed: script.seed)
        storage.keepMoments()
        now.allowsDamage = script.hasGroups
        mark(storage)
        var journal = try Rig.open(storage, options: script.options)
        for (number, step) in script.steps.enumerated() {
            switch step {
            case .append(let size):
                let payload = script.payload(of: size, sequence: now.required + 1, step: number)
                try append(1, storage, journal) { _ = try journal.append(type: Rig.sale, payload: payload) }
            case .group(let sizes):
                let drafts = sizes.enumerated().map { index, size in
                    let payload = script.payload(
                        of: size, sequence: now.required + 1 + UInt64(index), step: number)
                    return JournalWriter.Draft(type: Rig.sale, payload: payload)
                }
                try append(drafts.count, storage, journal) {
                    for result in journal.append(drafts) { _ = try result.get() }
                }
            case .acknowledge(let rest):
                guard now.required > rest else { continue }
                now.acknowledging = max(now.acknowledged, now.required - rest)
                mark(storage)
                let head = Slot.mac(of: now.known[Int(now.acknowledging) - 1])
                try journal.acknowledge(through: now.acknowledging, chainHead: head)
                now.acknowledged = now.acknowledging
                mark(storage)
            case .restart:
                Rig.close(journal)
                storage = storage.afterProcessEnd()
                journal = try Rig.open(storage, options: script.options)
            }
            Rig.idle(journal)
        }
        Rig.close(journal)
        moments = storage.moments
        expectations.learn(now.known)
    }

    private mutating func append(
        _ count: Int, _ storage: SimulatedStorage, _ journal: JournalWriter, _ body: () throws -> Void
    ) throws {
        now.attempted += UInt64(count)
        mark(storage)
        try body()
        now.known += try journal.records(from: now.required + 1, limit: count).map(\.bytes)
        now.required = now.attempted
        now.promised = now.attempted
        mark(storage)
    }

    private mutating func mark(_ storage: SimulatedStorage) {
        expectations.expect(now, since: storage.operations)
    }
}
