import Foundation
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
}
