import Foundation
import Simulator
import TestSupport
import Testing

@Suite("A day in the canteens")
struct CanteenDayTests {
    private static var size: (canteens: Int, tills: Int, holders: Int, sales: Int) {
        switch SweepSize.current {
        case .quick: (2, 1, 60, 200)
        case .normal: (4, 2, 800, 2_400)
        case .full: (8, 4, 20_000, 60_000)
        }
    }

    @Test("ends with the sum at zero, every closing equal, and every holder charged for what was said yes to, once")
    func day() throws {
        let size = Self.size
        let begun = Date()
        let day = try CanteenDay(
            seed: 20_260_901, canteens: size.canteens, tillsEach: size.tills, holders: size.holders)
        day.sell(size.sales)
        try day.evening()
        try day.check()
        for violation in day.violations.prefix(20) { Issue.record("\(violation)") }
        print(
            """
            canteens, seed \(day.seed): \(size.canteens) canteens, \(size.canteens * size.tills) tills, \(size.holders) \
            holders in \(Int(Date().timeIntervalSince(begun))) s: \(day.counts.line); \(day.violations.count) violations
            """)
        #expect(day.counts.inDoubt > 0 && day.counts.powerCuts > 0 && day.counts.outages > 0)
    }

    @Test("a power cut at any operation of the disk, with the card torn or not, charges nobody twice and loses nothing")
    func everyOperation() throws {
        var counts = DayCounts()
        var cuts = 0
        let tears: [TornWrite] = [.old, .new, .erased, .mixed(seed: 1), .weak(seed: 2)]
        let faults =
            [nil, CardFault(at: 7, .beforeCommand), CardFault(at: 7, .afterCommand), CardFault(at: 8, .afterCommand)]
            + tears.map { CardFault(at: 7, .tear($0)) }
        for isOffline in [false, true] {
            for fault in SweepSize.current == .quick ? Array(faults.prefix(2)) : faults {
                for operation in 1...(SweepSize.current == .full ? 24 : 8) {
                    let day = try CanteenDay(seed: UInt64(operation), canteens: 1, tillsEach: 1, holders: 1)
                    // With a network, so that the card has something to spend without.
                    day.buy(day.eaters[0], at: day.tills[0])
                    day.tills[0].isOffline = isOffline
                    day.tills[0].planPowerCut(in: operation)
                    day.buy(day.eaters[0], at: day.tills[0], planned: fault)
                    try day.evening()
                    try day.check()
                    for violation in day.violations {
                        Issue.record("operation \(operation), \(String(describing: fault)): \(violation)")
                    }
                    cuts += 1
                    counts.powerCuts += day.counts.powerCuts
                    counts.inDoubt += day.counts.inDoubt
                    counts.settledWithoutYes += day.counts.settledWithoutYes
                }
            }
        }
        print(
            """
            power cuts in a sale: \(cuts) tried, \(counts.powerCuts) came, \(counts.inDoubt) sales in doubt, \
            \(counts.settledWithoutYes) holders charged by the card's sequence after they had left; 0 fen created or lost
            """)
        #expect(counts.powerCuts > 0)
    }
}
