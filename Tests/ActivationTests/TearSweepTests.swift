import DeviceProfiles
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

/// Every command × every way to tear it × every reader's dialect × pulled once, twice, three times.
@Suite("A card torn away while it is activated")
struct TearSweepTests {
    static let seed: UInt64 = 0x7EA2

    @Test("on any reader is active at the latest at the fourth tap, and nothing of anybody's is lost")
    func everyTear() throws {
        var counts = TearCounts()
        var random = SplitMix64(seed: Self.seed)
        for profile in repository.profiles where profile.isUsable {
            let part = try sweep(profile, &random)
            print("tears on \(profile.id): \(part.text)")
            counts += part
        }
        print("tear sweep (seed \(Self.seed)): \(repository.profiles.count { $0.isUsable }) dialects, \(counts.text)")
        #expect(counts.lost == 0 && counts.fenCreated == 0 && counts.fenDestroyed == 0 && counts.othersChanged == 0)
        #expect(counts.moved > 0, "no tear ever destroyed a sector: the sweep is blind")
    }

    /// How many seeds of torn bits, and every how many-th fault is taken.
    private var size: (seeds: Int, stride: Int) {
        switch SweepSize.current {
        case .quick: (1, 9)
        case .normal: (3, 1)
        case .full: (96, 1)
        }
    }

    private func sweep(_ profile: ReaderProfile, _ random: inout SplitMix64) throws -> TearCounts {
        var counts = TearCounts()
        let keys = RememberingKeyRing(Kiosk.keys)
        for size in [ClassicSize.oneK, .mini] {
            let trial = TearCase(profile, size, uid: PullTests.uids[size == .mini ? 1 : 0], keys: keys)
            let commands = try trial.commands()
            let seeds = (0..<self.size.seeds).map { _ in random.next() }
            let faults = commands.flatMap { TearCase.faults(at: $0, seeds: seeds) }
            for index in stride(
                from: Int.random(in: 0..<self.size.stride, using: &random), to: faults.count, by: self.size.stride)
            {
                // A later tap is longer than the first: it looks at what is there.
                let later = (0..<2).map { _ in
                    Self.fault(faults.randomElement(using: &random), at: Int.random(in: 1...60, using: &random))
                }
                for pattern in [[faults[index]], [faults[index], later[0]], [faults[index]] + later] {
                    let changesKiosk = Bool.random(using: &random)
                    if let problem = try trial.run(pattern, changesKiosk: changesKiosk, &counts) {
                        Issue.record("\(profile.id), \(size), kiosk changes: \(changesKiosk), \(pattern): \(problem)")
                        return counts
                    }
                }
            }
        }
        return counts
    }

    private static func fault(_ fault: CardFault?, at command: Int) -> CardFault {
        CardFault(at: command, fault?.kind ?? .beforeCommand)
    }

    @Test("is activated too on a reader that does what no profile says", arguments: ReaderMisbehaviour.allCases)
    func misbehaviours(misbehaviour: ReaderMisbehaviour) throws {
        var counts = TearCounts()
        var random = SplitMix64(seed: Self.seed)
        let keys = RememberingKeyRing(Kiosk.keys)
        for profile in repository.profiles where profile.isUsable {
            // A reader with one slot that refuses it reads no card at all.
            if misbehaviour == .refusesFirstSlot, min(profile.keySlots.a.count, profile.keySlots.b.count) < 2 {
                continue
            }
            for _ in 0..<(SweepSize.current == .quick ? 4 : SweepSize.current == .normal ? 30 : 300) {
                let misbehaviours = ReaderMisbehaviours.drawn([misbehaviour], seed: random.next())
                let trial = TearCase(
                    profile, .oneK, uid: PullTests.uids[0], keys: keys, misbehaviours: misbehaviours)
                guard let command = try trial.commands().randomElement(using: &random),
                    let fault = TearCase.faults(at: command, seeds: [random.next()]).randomElement(using: &random)
                else { continue }
                let pattern = Bool.random(using: &random) ? [fault] : []
                if let problem = try trial.run(pattern, changesKiosk: false, &counts) {
                    Issue.record("\(profile.id), \(misbehaviour), \(pattern): \(problem)")
                    return
                }
            }
        }
        print("misbehaving reader, \(misbehaviour): \(counts.text)")
    }
}
