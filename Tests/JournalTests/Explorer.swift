import Platform
import Simulator
import Testing

@testable import Journal

/// What was found wrong after a crash.
struct Broken: Error, CustomStringConvertible {
    var description: String
}

/// Opens what crashes leave, compares it with what was promised, and lets the opening crash in its turn.
struct Explorer {
    /// Where the power went: after which operation, and which of the outcomes it was; for each crash in a row.
    typealias Path = [(operation: Int, outcome: Int)]

    let script: Script
    /// Crashes in a row.
    let depth: Int
    /// Up to 2 to this power of outcomes of one power cut are all tried.
    let bits: Int

    /// Different pairs of a disk and what must be found on it.
    private(set) var points = 0
    /// How often it came to one of them.
    private(set) var cuts = 0
    /// Power cuts of which a sample of the outcomes was tried.
    private(set) var sampled = 0
    private(set) var failures = 0
    private var seen: Set<Int> = []

    init(_ script: Script, depth: Int, bits: Int = 12) {
        self.script = script
        self.depth = depth
        self.bits = bits
    }

    /// Cuts the power after every moment's operation, in every way.
    mutating func crash(
        after moments: ArraySlice<SimulatedStorage.Moment>, of all: [SimulatedStorage.Moment],
        _ expectations: Expectations, path: Path = []
    ) {
        for index in moments.indices where failures < 5 {
            let moment = moments[index]
            let following = index + 1 < all.count ? all[index + 1].operation : Int.max
            guard let expectation = expectations.expectation(after: moment.operation, until: following) else {
                continue
            }
            var number = 0
            let all = PowerCut(moment.disk).forEachOutcome(upToBits: bits, seed: script.seed) { disk in
                number += 1
                visit(disk, expectation, path: path + [(moment.operation, number)])
            }
            if !all { sampled += 1 }
        }
    }

    /// Opens `disk` and compares, unless the same was done before.
    mutating func visit(_ disk: SimulatedDisk, _ expectation: Expectation, path: Path) {
        guard failures < 5 else { return }
        cuts += 1
        guard seen.insert(key(disk, expectation, depth: path.count)).inserted else { return }
        points += 1
        let storage = SimulatedStorage(disk: disk, seed: script.seed)
        if path.count < depth { storage.keepMoments() }
        do {
            let isLast = path.count >= depth
            let goesOn = !isLast || points % 8 == 0
            let expectations = try Self.live(
                on: storage, expectation, script.options, life: path.count, goesOn: goesOn)
            if !isLast {
                let moments = storage.moments
                crash(after: moments.dropFirst(), of: moments, expectations, path: path)
            } else if goesOn {
                // Where crashes go on, this is one of them.
                let worst = SimulatedStorage(disk: PowerCut(storage.disk).worst, seed: script.seed)
                _ = try expectations.last?.check(try Rig.open(worst, options: script.options))
            }
        } catch {
            fail(error, path)
        }
    }

    /// Opens the journal, finds what is expected, and appends one record more; then a segment full of them, if it
    /// `goesOn`.
    ///
    /// - Returns: what must be found if the power goes during that or afterwards.
    static func live(
        on storage: SimulatedStorage, _ before: Expectation, _ options: JournalOptions, life: Int,
        goesOn: Bool
    ) throws -> Expectations {
        var expectations = Expectations()
        expectations.expect(before, since: 0)
        let journal = try Rig.open(storage, options: options)
        let records = try before.check(journal)
        // Whatever the opening lets somebody read is durable from then on.
        var now = before
        now.tried = [:]
        let last = journal.lastSequence
        now.acknowledged = journal.cursor.acknowledged
        now.acknowledging = now.acknowledged
        now.known = Array(before.known.prefix(Int(now.acknowledged)))
        now.known += Array(repeating: [], count: Int(now.acknowledged) - now.known.count)
        now.known += records.map(\.bytes)
        now.required = last
        now.attempted = last + 1
        expectations.expect(now, since: storage.operations)

        let payload = [UInt8](repeating: UInt8(0xC0 + life), count: 1 + life)
        let appended = try journal.append(type: Rig.sale, payload: payload)
        guard appended.sequence == last + 1, let probe = try journal.records(from: last + 1, limit: 1).first,
            probe.slot.payload == payload
        else { throw Broken(description: "the next record is \(appended.sequence) after \(last), or cannot be read") }
        now.known.append(probe.bytes)
        now.required = last + 1
        now.promised = last + 1
        expectations.expect(now, since: storage.operations)
        if goesOn {
            try fillSegment(journal, storage, options, &now, &expectations)
            _ = try now.checkRecords(journal)
        }
        expectations.learn(now.known, from: 1)
        return expectations
    }

    /// Appends until another segment has begun.
    private static func fillSegment(
        _ journal: JournalWriter, _ storage: SimulatedStorage, _ options: JournalOptions, _ now: inout Expectation,
        _ expectations: inout Expectations
    ) throws {
        let count = options.slotsPerSegment
        now.attempted = now.required + UInt64(count)
        now.allowsDamage = true
        expectations.expect(now, since: storage.operations)
        let draft = JournalWriter.Draft(type: Rig.sale, payload: [UInt8](repeating: 0xBF, count: 3))
        for result in journal.append(Array(repeating: draft, count: count)) { _ = try result.get() }
        now.known += try journal.records(from: now.required + 1, limit: count).map(\.bytes)
        now.required = now.attempted
        now.promised = now.attempted
        expectations.expect(now, since: storage.operations)
    }

    /// Lets the power go at a moment by chance, with sectors torn inside, opens what is left, and so on from there.
    mutating func wander(
        from moments: [SimulatedStorage.Moment], _ expectations: Expectations, _ generator: inout SplitMix64
    ) {
        var (moments, expectations) = (moments, expectations)
        var path: Path = []
        while path.count < depth && failures < 5 {
            let index = Int.random(in: min(1, moments.count - 1)..<moments.count, using: &generator)
            let following = index + 1 < moments.count ? moments[index + 1].operation : Int.max
            let seed = generator.next()
            path.append((moments[index].operation, Int(seed >> 32)))
            guard var expectation = expectations.expectation(after: moments[index].operation, until: following)
            else { return }
            // A record torn inside is a hole, also when it was written alone.
            expectation.allowsDamage = true
            let storage = SimulatedStorage(disk: moments[index].disk, seed: seed).afterPowerCut()
            storage.keepMoments()
            cuts += 1
            points += 1
            do {
                expectations = try Self.live(
                    on: storage, expectation, script.options, life: path.count, goesOn: true)
                moments = storage.moments
            } catch {
                fail(error, path)
            }
        }
    }

    private mutating func fail(_ error: any Error, _ path: Path) {
        failures += 1
        Issue.record("seed \(script.seed), power cuts after \(path.map { "\($0.operation)#\($0.outcome)" }): \(error)")
    }

    /// The last record that must be there tells by its chain which ones must be before it.
    private func key(_ disk: SimulatedDisk, _ expectation: Expectation, depth: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(disk.fingerprint)
        hasher.combine(depth)
        hasher.combine(expectation.required)
        hasher.combine(expectation.attempted)
        hasher.combine(expectation.acknowledged)
        if expectation.required > 0 { hasher.combine(expectation.known[Int(expectation.required) - 1]) }
        return hasher.finalize()
    }
}

extension Expectation {
    /// Compares what a journal that was just opened has with what it must have, and what the opening found.
    ///
    /// - Returns: its records after the cursor.
    func check(_ journal: JournalWriter) throws -> [StoredRecord] {
        let records = try checkRecords(journal)
        for finding in journal.recovery.findings { try check(finding) }
        return records
    }

    /// Compares what a journal has with what it must have.
    func checkRecords(_ journal: JournalWriter) throws -> [StoredRecord] {
        let cursor = journal.cursor.acknowledged
        guard cursor >= acknowledged, cursor <= acknowledging else {
            throw Broken(description: "the cursor is at \(cursor), not in \(acknowledged)...\(acknowledging)")
        }
        let last = journal.lastSequence
        guard last >= required else {
            throw Broken(description: "the journal ends at \(last), but \(required) was answered for")
        }
        let records = try journal.records(from: cursor + 1, limit: .max)
        guard UInt64(records.count) == last - cursor else {
            throw Broken(description: "\(records.count) records from \(cursor + 1) to \(last)")
        }
        for (record, sequence) in zip(records, (cursor + 1)...) { try check(record, at: sequence) }
        try checkChain(records, from: cursor)
        return records
    }

    private func isKnown(_ record: StoredRecord) -> Bool {
        let index = Int(record.slot.sequence) - 1
        return index < known.count && known[index] == record.bytes
    }

    private func check(_ record: StoredRecord, at sequence: UInt64) throws {
        guard record.slot.sequence == sequence else {
            throw Broken(description: "record \(record.slot.sequence) is where \(sequence) should be")
        }
        if sequence <= attempted && isKnown(record) { return }
        guard sequence > required else {
            throw Broken(description: "record \(sequence) was answered for and is lost or altered")
        }
        if let gap = record.slot.type == .gap ? GapRecord(decoding: record.slot.payload) : nil {
            guard gap.from > promised else {
                throw Broken(description: "a gap from \(gap.from) on, but \(promised) was answered for")
            }
        } else if !(tried[sequence] ?? []).contains(record.slot.payload) {
            throw Broken(description: "record \(sequence) was invented")
        }
    }

    /// Pairs of records as they were written need no second look at their chain.
    private func checkChain(_ records: [StoredRecord], from cursor: UInt64) throws {
        var link = ChainLink.lost
        if cursor == 0 { link = .mac(.start) }
        var wasKnown = true
        var last: Slot?
        for record in records {
            let slot = record.slot
            let gap = slot.type == .gap ? GapRecord(decoding: slot.payload) : nil
            if gap?.standsIn(for: slot.sequence) != true {
                if let last,
                    !ChainKeys.allows(
                        step: slot.keyStep, after: last.keyStep, lost: slot.sequence - last.sequence - 1)
                {
                    throw Broken(description: "the key went forward twice before record \(slot.sequence)")
                }
                last = slot
            }
            let isKnown = isKnown(record)
            if case .mac(let mac) = link, !(isKnown && wasKnown), !Rig.verifies(record, after: mac) {
                throw Broken(description: "record \(record.slot.sequence) does not follow from the one before")
            }
            wasKnown = isKnown
            link = ChainLink(after: record.slot, bytes: record.bytes)
        }
    }

    private func check(_ finding: RecoveryFinding) throws {
        switch finding {
        case .tornTail(let from, _, _) where from > promised: return
        case .damage(let from, _, _, _) where from > promised && allowsDamage: return
        default: throw Broken(description: "recovery found \(finding)")
        }
    }
}
