import CampusCard
import Canteen
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

/// Cards pulled away at every command and torn inside every write, power cut at every record, and then tapped again here,
/// somewhere else, or for something else.
@Suite("A sale in doubt")
struct InDoubtTests {
    static let seed: UInt64 = 0xD0B7

    /// What comes after the card was lost.
    enum Sequel: CaseIterable {
        /// The holder lays the card down again, as told.
        case sameOrder
        /// The cashier gives up, and the holder buys something else here.
        case newOrder
        /// The holder goes to another till.
        case otherTill
        /// The box lost its power, and the holder buys something when it is back.
        case restarted
        /// Another till first, and back to this one.
        case roundTrip
    }

    @Test("is settled by the card's next use, here or elsewhere: nobody pays twice, no fen comes or goes")
    func everyPull() throws {
        var counts = DoubtCounts()
        var random = SplitMix64(seed: Self.seed)
        for profile in campus.profiles {
            let commands = try commands(profile)
            let seeds = (0..<self.seeds).map { _ in random.next() }
            for fault in commands.flatMap({ Self.faults(at: $0, seeds: seeds) }) {
                for sequel in Sequel.allCases {
                    try DoubtCase(profile: profile, fault: fault, sequel: sequel).run(&counts)
                }
            }
        }
        print("in-doubt sweep (seed \(Self.seed)), \(campus.profiles.count) dialects: \(counts.text)")
        #expect(counts.faults.isEmpty, "\(counts.faults.prefix(5))")
        #expect(counts.doubts > 0 && counts.settledHere > 0 && counts.settledByLedger > 0)
    }

    @Test("is settled after a power cut at any record, durable or not, with the card torn or not")
    func everyPowerCut() throws {
        var counts = DoubtCounts()
        let till = Till()
        _ = till.tap(try campus.card(), order(1, 1_250))
        for append in 1...till.journal.entries.count {
            for isDurable in [false, true] {
                for fault in [nil] + (1...9).map({ CardFault(at: $0, .afterCommand) }) {
                    for sequel in Sequel.allCases {
                        var trial = DoubtCase(profile: campus.acr122u, fault: fault, sequel: sequel)
                        trial.powerCut = (append, isDurable)
                        try trial.run(&counts)
                    }
                }
            }
        }
        print("in-doubt sweep, power cuts: \(counts.text)")
        #expect(counts.faults.isEmpty, "\(counts.faults.prefix(5))")
    }

    private var seeds: Int {
        switch SweepSize.current {
        case .quick: 1
        case .normal: 6
        case .full: 128
        }
    }

    private func commands(_ profile: ReaderProfile) throws -> [SimulatedReader.Exchange] {
        let till = Till(profile: profile)
        _ = till.tap(try campus.card(), order(1, 1_250))
        return till.exchanges
    }

    /// Every way to lose the card at one command of an undisturbed sale.
    static func faults(at command: SimulatedReader.Exchange, seeds: [UInt64]) -> [CardFault] {
        var kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand, .afterAnswer]
        for block in 0..<command.written.count {
            kinds += ([.old, .new, .erased] + seeds.flatMap { [.mixed(seed: $0), .weak(seed: $0)] })
                .map { .tear($0, block: block) }
        }
        return kinds.map { CardFault(at: command.number, $0) }
    }
}

/// What a sweep has seen.
struct DoubtCounts {
    var sales = 0
    var doubts = 0
    var settledHere = 0
    var settledByLedger = 0
    var open = 0
    var unreadable = 0
    var fenCreated: Int64 = 0
    var fenDestroyed: Int64 = 0
    var chargedTwice = 0
    var faults: [String] = []

    var text: String {
        """
        \(sales) sales tried, \(doubts) in doubt, settled \(settledHere) at the till and \(settledByLedger) by the ledger, \
        \(open) open, \(unreadable) cards unreadable; \(fenCreated) fen created, \(fenDestroyed) destroyed, \
        \(chargedTwice) holders charged twice
        """
    }
}

/// One card, lost once, and what must hold at its end.
struct DoubtCase {
    let profile: ReaderProfile
    let fault: CardFault?
    let sequel: InDoubtTests.Sequel
    var powerCut: (append: Int, isDurable: Bool)?

    private static let keys = RememberingKeyRing(campus.keys)
    private static let allowance: Int64 = 5_000

    init(profile: ReaderProfile, fault: CardFault?, sequel: InDoubtTests.Sequel) {
        self.profile = profile
        self.fault = fault
        self.sequel = sequel
    }

    func run(_ counts: inout DoubtCounts) throws {
        let here = Till(201, profile: profile, keys: Self.keys)
        let there = Till(202, profile: profile, keys: Self.keys)
        let card = try campus.card(allowance: Fen(Self.allowance))
        if let powerCut { here.journal.planPowerCut(in: powerCut.append, isDurable: powerCut.isDurable) }
        var endings = [here.tap(card, order(1, 1_250), fault: fault).ending]
        if powerCut != nil { here.restart() }
        switch sequel {
        case .sameOrder: endings.append(here.tap(card, order(powerCut == nil ? 1 : 2, 1_250)).ending)
        case .newOrder: endings.append(here.tap(card, order(2, 800)).ending)
        case .otherTill: endings.append(there.tap(card, order(1, 800)).ending)
        case .restarted:
            here.restart()
            endings.append(here.tap(card, order(1, 800)).ending)
        case .roundTrip:
            endings.append(there.tap(card, order(1, 800)).ending)
            endings.append(here.tap(card, order(2, 700)).ending)
        }
        // Some other day, an undisturbed sale.
        endings.append(there.tap(card, order(9, 100)).ending)
        judge(here, there, card, endings, &counts)
    }

    private func judge(
        _ here: Till, _ there: Till, _ card: SimulatedCard, _ endings: [SaleEnding], _ counts: inout DoubtCounts
    ) {
        counts.sales += endings.count
        let books = DoubtBooks([here.journal, there.journal])
        counts.doubts += books.doubts
        counts.settledHere += books.settledHere
        counts.settledByLedger += books.settledByLedger
        counts.open += books.open
        let what =
            "\(profile.id), \(String(describing: fault)), \(sequel), cut \(String(describing: powerCut)): \(endings)"
        // A card that two torn writes in turn have emptied is renewed at a kiosk; one alone never does that.
        guard let left = try? campus.record(of: card).allowance.rawValue else {
            counts.unreadable += 1
            return counts.faults.append("unreadable: \(what)")
        }
        let difference = Self.allowance - left - books.charged
        counts.fenCreated += max(0, -difference)
        counts.fenDestroyed += max(0, difference)
        if difference != 0 { counts.faults.append("\(difference) fen: \(what)") }
        if books.chargedTwice {
            counts.chargedTwice += 1
            counts.faults.append("charged twice: \(what)")
        }
        if books.open > 0 { counts.faults.append("never settled: \(what)") }
        let yes = endings.count { if case .paid = $0 { true } else { false } }
        if books.charges < yes { counts.faults.append("said yes, not charged: \(what)") }
        guard endings.dropFirst().allSatisfy(\.isPaid) else { return counts.faults.append("not paid: \(what)") }
        // The same amount for the same card a moment later is the same meal, also after a power cut.
        if sequel == .sameOrder, books.charges != 2 {
            counts.faults.append("one order, \(books.charges - 1) charges: \(what)")
        }
    }
}

extension SaleEnding {
    var isPaid: Bool {
        switch self {
        case .paid, .paidBefore: true
        default: false
        }
    }
}

/// The ledger's view of sales, reckoned a second time: what the records of all tills come to, in whatever order they arrive.
struct DoubtBooks {
    private(set) var charged: Int64 = 0
    private(set) var charges = 0
    private(set) var doubts = 0
    private(set) var settledHere = 0
    private(set) var settledByLedger = 0
    private(set) var open = 0
    private(set) var chargedTwice = false

    init(_ journals: [MemoryJournal]) {
        var ended: [Int: Set<UInt64>] = [:]
        var uses: [(journal: Int, intent: UInt64, sequence: UInt32)] = []
        for (number, journal) in journals.enumerated() {
            for record in journal.outcomes where record.result == .done || record.result == .undone {
                // Each intent ends once.
                if !ended[number, default: []].insert(record.relatedSequence).inserted { chargedTwice = true }
                guard record.result == .done else { continue }
                charged += Int64(record.amount)
                charges += 1
                uses.append((number, record.relatedSequence, record.cardSequence))
            }
        }
        for (number, journal) in journals.enumerated() {
            for (intent, record) in journal.doubtful {
                doubts += 1
                if ended[number]?.contains(intent) == true {
                    settledHere += 1
                } else if uses.contains(where: { $0.sequence == record.cardSequence }) {
                    settledByLedger += 1
                } else if uses.contains(where: { $0.sequence > record.cardSequence }) {
                    settledByLedger += 1
                    charged += Int64(record.amount)
                    charges += 1
                } else {
                    open += 1
                }
            }
        }
        // No two sales leave the same sequence on a card.
        chargedTwice = chargedTwice || Set(uses.map(\.sequence)).count != uses.count
    }
}

extension MemoryJournal {
    /// The sales that were ever reported in doubt, by the sequence of their intent.
    var doubtful: [UInt64: SaleRecord] {
        Dictionary(outcomes.filter { $0.result == .inDoubt }.map { ($0.relatedSequence, $0) }) { first, _ in first }
    }
}
