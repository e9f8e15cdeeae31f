import Foundation
import Synchronization
import Testing

/// The whole terminal and the ledger in one process, on simulated readers, disks, clocks and networks.
@Suite("A campus in a storm")
struct CampusTests {
    private static let total = Mutex((runs: 0, counts: Counts(), start: Date()))

    @Test("loses no holder, no record and no fen", arguments: Storm.seeds)
    func storm(seed: UInt64) throws {
        let campus = try Campus(seed: seed)
        campus.storm()
        campus.calm()
        campus.checkEverything()
        for violation in campus.violations { Issue.record("\(violation) (again with YIKA_SEED=\(seed))") }
        print("campus \(seed) (digest \(campus.digest.prefix(12))): \(campus.counts.line)")
        Self.total.withLock { total in
            total.runs += 1
            total.counts.add(campus.counts)
            guard total.runs == Storm.seeds.count else { return }
            let seconds = Int(Date().timeIntervalSince(total.start))
            print("campus, all \(total.runs) seeds in \(seconds) s: \(total.counts.line)")
        }
    }

    @Test("goes the same way twice from one seed")
    func sameTwice() throws {
        let digests = try (0..<2).map { _ in
            let campus = try Campus(seed: 4711)
            campus.storm()
            campus.calm()
            return campus.digest
        }
        #expect(digests[0] == digests[1])
        print("campus 4711: digest \(digests[0])")
    }
}
