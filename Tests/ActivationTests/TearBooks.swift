import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard

/// What a sweep has tried and found; printed at its end.
struct TearCounts {
    var tears = 0
    var boundaries = 0
    var patterns = 0
    var finished = 0
    var moved = 0
    var defective = 0
    var lost = 0
    var fenCreated: Int64 = 0
    var fenDestroyed: Int64 = 0
    var othersChanged = 0

    static func += (sum: inout TearCounts, part: TearCounts) {
        sum.tears += part.tears
        sum.boundaries += part.boundaries
        sum.patterns += part.patterns
        sum.finished += part.finished
        sum.moved += part.moved
        sum.defective += part.defective
        sum.lost += part.lost
        sum.fenCreated += part.fenCreated
        sum.fenDestroyed += part.fenDestroyed
        sum.othersChanged += part.othersChanged
    }

    mutating func count(_ fault: CardFault) {
        if case .tear = fault.kind { tears += 1 } else { boundaries += 1 }
    }

    var text: String {
        """
        \(tears) tears and \(boundaries) pulls between commands in \(patterns) patterns: \(finished) cards finished, \
        \(moved) of them in another sector, \(defective) found defective, \(lost) lost, \(fenCreated) fen created, \
        \(fenDestroyed) destroyed, \(othersChanged) changed what is not ours
        """
    }
}

/// What the ledger makes of the outcomes of one card: the small purse is paid once, whoever reports it.
struct PurseBooks {
    let purse: Fen
    private(set) var paid: Fen = .zero
    private(set) var isActive = false

    init(purse: Fen) { self.purse = purse }

    mutating func post(_ outcomes: [ActivationOutcome]) {
        for outcome in outcomes where outcome.result == .activated {
            if !isActive, let purse = outcome.smallPurse { paid = paid + purse }
            isActive = true
        }
    }

    /// What was paid beyond what was there; below zero what is missing.
    var difference: Int64 { isActive ? paid.rawValue - purse.rawValue : paid.rawValue }
}
