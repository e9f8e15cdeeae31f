import Simulator
import Testing

@testable import Journal

@Suite("Crashes of the journal")
struct CrashTests {
    private static let scripts = 1...Sweep.pick(quick: 12, normal: 24, full: 270)
    private static let wide = 1...Sweep.pick(quick: 2, normal: 4, full: 24)
    private static let walks = 1001...Sweep.pick(quick: 1004, normal: 1008, full: 1040)

    private static let everywhereTally = Tally(
        "power cut after every operation, and again in the opening, exhaustive up to 12 unsynced sectors", scripts)
    private static let groupsTally = Tally(
        "power cut in groups of up to 48 records, exhaustive up to 12 unsynced sectors", wide)
    private static let tornTally = Tally("power cut by chance, tearing sectors inside, 5 times in a row", walks)

    @Test(
        "answered records survive a power cut after every operation, in every outcome, and a second one in the opening",
        arguments: scripts)
    func everywhere(number: Int) throws {
        // Every fourth script has no groups: such a journal never has a hole.
        let script = Script(
            seed: UInt64(number), steps: 40, slots: [8, 4, 8, 16][number % 4], kept: number % 2,
            groups: number % 4 == 0 ? nil : 3...9)
        let run = try Rehearsal(script)
        var explorer = Explorer(script, depth: 2)
        explorer.crash(after: run.moments[...], of: run.moments, run.expectations)
        #expect(explorer.sampled == 0)
        Self.everywhereTally.add(explorer)
    }

    @Test("answered records survive a power cut in groups over many sectors, in every outcome", arguments: wide)
    func groups(number: Int) throws {
        let script = Script(seed: UInt64(number), steps: 6, slots: 64, groups: 30...48)
        let run = try Rehearsal(script)
        var explorer = Explorer(script, depth: 1)
        explorer.crash(after: run.moments[...], of: run.moments, run.expectations)
        Self.groupsTally.add(explorer)
    }

    @Test("answered records survive power cuts in a row that tear sectors inside", arguments: walks)
    func torn(number: Int) throws {
        let script = Script(
            seed: UInt64(number), steps: 60, slots: 8, groups: number % 4 == 0 ? nil : 3...20)
        let run = try Rehearsal(script)
        var explorer = Explorer(script, depth: 5)
        var generator = SplitMix64(seed: script.seed)
        for _ in 0..<200 { explorer.wander(from: run.moments, run.expectations, &generator) }
        Self.tornTally.add(explorer)
    }
}
