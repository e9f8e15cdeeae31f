import Activation
import Journal
import Ledger
import LedgerProtocol
import Mifare
import Simulator
import Sync
import Testing

@testable import Terminal

/// Faults that storms brought to light, each in the few steps that it takes.
@Suite("What storms have found")
struct FoundTests {
    private static func calmCampus() throws -> Campus {
        let campus = try Campus(seed: 1)
        campus.isStormy = false
        return campus
    }

    @Test("a roster newer than an activation that it does not know of lets no second card through")
    func rosterIssuedBeforeTheUpload() throws {
        let campus = try Self.calmCampus()
        let kiosk = campus.kiosks[0]
        let holder = try #require(campus.holders.first { $0.hasAccount && !$0.isLost && $0.cards.count == 2 })
        guard case .activated = campus.tap(holder.cards[0], at: kiosk) else {
            Issue.record("the first card was not activated")
            return
        }
        campus.time.advance(milliseconds: 60_000)
        let other = try #require(campus.holders.first { $0.hasAccount && !$0.isLost && $0 !== holder })
        _ = try campus.house.administration.reportLost(holderNumber: other.number)
        let roster = try campus.house.service.feed(
            .roster, since: 0, terminal: kiosk.number, token: Grounds.token)
        try #require(kiosk.running).feeds.roster.install(try #require(roster))
        kiosk.link.isDown = true
        #expect(campus.tap(holder.cards[1], at: kiosk) == .refused(.activeElsewhere))
        #expect(campus.tap(holder.cards[0], at: kiosk) == .alreadyActive(account: 1_000_001 + account(holder, campus)))
        #expect(campus.violations.isEmpty)
    }

    /// Accounts get ascending numbers in the order of the import.
    private func account(_ holder: Holder, _ campus: Campus) -> UInt64 {
        UInt64(campus.holders.filter(\.hasAccount).firstIndex { $0 === holder } ?? 0)
    }

    @Test("a card written and then jolted away twice is not said to be untouched")
    func joltedAfterWriting() throws {
        let campus = try Self.calmCampus()
        let holder = try #require(
            campus.holders.first { $0.hasAccount && !$0.isLost && $0.cards[0].chip.chip.size == .oneK })
        let card = holder.cards[0]
        for apdu in 1...30 where card.memory == card.original {
            let plan = TapPlan(
                fault: CardFault(at: apdu, .afterCommand), isJolted: true,
                secondFault: CardFault(at: 2, .beforeCommand))
            let ending = campus.tap(card, at: campus.kiosks[0], plan)
            #expect(ending == (card.memory == card.original ? .leftUntouched : .unknown), "at command \(apdu)")
        }
        #expect(card.memory != card.original)
        #expect(campus.violations.isEmpty)
    }

    @Test("a spare segment that a power cut left with two names is never written as both")
    func spareWithTwoNames() throws {
        let key = ChainKey(bytes: Grounds.journalKey(1))
        let options = JournalOptions(slotsPerSegment: 4, epoch: 1)
        func open(_ disk: SimulatedStorage) throws -> JournalWriter {
            try JournalWriter.open(storage: disk, terminal: 1, key: key, time: SimulatedTime(), options: options)
        }
        for seed in 1...20 as ClosedRange<UInt64> {
            for operation in 1...20 {
                let disk = SimulatedStorage(seed: seed)
                disk.plan(.powerCut, atOperation: operation)
                if let journal = try? open(disk) { _ = try? journal.append(type: .init(rawValue: 1), payload: [0]) }
                let second = disk.afterPowerCut()
                let journal = try open(second)
                for number in 1...12 as ClosedRange<UInt8> {
                    _ = try journal.append(type: .init(rawValue: 1), payload: [number])
                }
                let third = try open(second.afterProcessEnd())
                let payloads = try third.records(from: 1, limit: .max).map(\.slot.payload)
                #expect(payloads.suffix(12) == (1...12).map { [UInt8($0)] }, "seed \(seed), operation \(operation)")
            }
        }
    }
}
