import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

/// Every place at which a card can be pulled away, and what the next taps make of it.
@Suite("A card pulled away")
struct PullTests {
    static let uids: [[UInt8]] = [[0x04, 0x11, 0x22, 0x33], [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]]

    @Test("at any APDU boundary is finished by the next tap, here or at another kiosk")
    func everyBoundary() throws {
        var boundaries = 0
        for size in ClassicSize.allCases {
            for uid in Self.uids {
                for elsewhere in [false, true] {
                    let count = Kiosk().tap(try repository.card(size, uid: uid)).apdus
                    for apdu in 1...count {
                        for kind in [CardFault.Kind.beforeCommand, .afterCommand, .afterAnswer] {
                            try expectResumed([CardFault(at: apdu, kind)], size: size, uid: uid, elsewhere: elsewhere)
                            boundaries += 1
                        }
                    }
                }
            }
        }
        let sizes = ClassicSize.allCases.count
        print(
            "pull test: \(boundaries) boundaries tried (\(sizes) sizes, 2 UID lengths, same and other kiosk), all resumed"
        )
    }

    @Test("twice, at any two boundaries, is finished by the third tap")
    func everyPairOfBoundaries() throws {
        var pairs = 0
        for first in 1...25 {
            for second in stride(from: 1, through: 30, by: SweepSize.current == .quick ? 7 : 1) {
                for kind in [CardFault.Kind.beforeCommand, .afterCommand] {
                    try expectResumed(
                        [CardFault(at: first, kind), CardFault(at: second, kind)], size: .oneK, uid: Self.uids[0],
                        elsewhere: second % 2 == 0)
                    pairs += 1
                }
            }
        }
        print("pull test: \(pairs) pairs of boundaries tried, all resumed")
    }

    @Test("inside a data write, whatever that leaves behind, is finished by the next tap")
    func insideDataWrites() throws {
        var tears = 0
        let seed: UInt64 = 0x59494B41
        for kind in [TornWrite.old, .new, .erased]
            + (0..<(SweepSize.current == .quick ? 4 : 16)).map({ TornWrite.mixed(seed: seed &+ $0) })
        {
            for apdu in 1...25 {
                try expectResumed(
                    [CardFault(at: apdu, .tear(kind))], size: .oneK, uid: Self.uids[0], elsewhere: false)
                tears += 1
            }
        }
        print("pull test: \(tears) torn commands tried (seed \(seed)), all resumed")
    }

    /// Taps a card once with each of `faults`, then without, and checks what must hold.
    private func expectResumed(
        _ faults: [CardFault], size: ClassicSize, uid: [UInt8], elsewhere: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let card = try repository.card(size, uid: uid)
        let before = card.chip.memory
        var kiosk = Kiosk()
        var outcomes: [ActivationOutcome] = []
        var intents = 0
        for fault in faults {
            _ = kiosk.tap(card, fault: fault)
            if intents + kiosk.journal.intents.count == 0 {
                #expect(card.chip.memory == before, "written before an intent", sourceLocation: sourceLocation)
            }
            // The other kiosk knows nothing of what happened here.
            if elsewhere {
                outcomes += kiosk.journal.outcomes
                intents += kiosk.journal.intents.count
                kiosk = Kiosk(terminal: 102)
            }
        }
        let report = kiosk.tap(card)
        outcomes += kiosk.journal.outcomes
        guard case .activated = report.ending else {
            Issue.record(
                "\(size), faults \(faults): the next tap ended as \(report.ending)", sourceLocation: sourceLocation)
            return
        }
        for outcome in outcomes {
            #expect(outcome.smallPurse == Fen(350), sourceLocation: sourceLocation)
            #expect(outcome.intent.account == FixedAuthority.grant.account, sourceLocation: sourceLocation)
        }
        expectOthersUntouched(card.chip.memory, before, sourceLocation)
        expectOursComplete(card, sourceLocation)
    }

    /// Nothing changed outside the candidate sectors.
    private func expectOthersUntouched(_ after: [UInt8], _ before: [UInt8], _ sourceLocation: SourceLocation) {
        for sector in 0..<ClassicSize.sector(ofBlock: before.count / 16 - 1) + 1
        where !Kiosk.layout.ours.candidates.contains(sector) {
            let blocks = ClassicSize.blocks(ofSector: sector)
            let range = blocks.lowerBound * 16..<blocks.upperBound * 16
            #expect(after[range] == before[range], "sector \(sector) changed", sourceLocation: sourceLocation)
        }
    }

    /// A fresh reading of the card finds it active.
    private func expectOursComplete(_ card: SimulatedCard, _ sourceLocation: SourceLocation) {
        let kiosk = Kiosk(terminal: 103)
        kiosk.authority.active = FixedAuthority.grant
        let ending = kiosk.tap(card).ending
        #expect(ending == .alreadyActive(account: FixedAuthority.grant.account), sourceLocation: sourceLocation)
    }
}
