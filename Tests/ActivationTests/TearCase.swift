import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard
import TestSupport

/// One card's way through taps that fail, on readers of one dialect, and what must hold at its end.
struct TearCase {
    let profile: ReaderProfile
    let size: ClassicSize
    let uid: [UInt8]
    let keys: RememberingKeyRing
    let misbehaviours: ReaderMisbehaviours

    init(
        _ profile: ReaderProfile, _ size: ClassicSize, uid: [UInt8], keys: RememberingKeyRing,
        misbehaviours: ReaderMisbehaviours = .none
    ) {
        self.profile = profile
        self.size = size
        self.uid = uid
        self.keys = keys
        self.misbehaviours = misbehaviours
    }

    /// A command of an undisturbed activation, and how many blocks it writes.
    struct Command {
        let number: Int
        let writes: Int
        let isTrailer: Bool
    }

    private func kiosk(_ terminal: UInt16) -> Kiosk {
        Kiosk(terminal: terminal, profile: profile, keys: keys, misbehaviours: misbehaviours)
    }

    /// The commands of an undisturbed activation.
    func commands() throws -> [Command] {
        let kiosk = kiosk(101)
        let card = try repository.card(size, uid: uid)
        _ = kiosk.tap(card)
        return Self.commands(kiosk.exchanges)
    }

    static func commands(_ exchanges: [SimulatedReader.Exchange]) -> [Command] {
        exchanges.map { exchange in
            Command(
                number: exchange.number, writes: exchange.written.count,
                isTrailer: exchange.written.contains(where: ClassicSize.isTrailer))
        }
    }

    /// Every way to lose the card at `command`, torn bits from `seeds`.
    static func faults(at command: Command, seeds: [UInt64]) -> [CardFault] {
        var kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand, .afterAnswer]
        for block in 0..<command.writes {
            var torn: [TornWrite] = [.old, .new, .erased]
            torn += TornWrite.everyField(isTrailer: command.isTrailer)
            torn += seeds.flatMap { [.mixed(seed: $0), .weak(seed: $0)] }
            kinds += torn.map { .tear($0, block: block) }
        }
        return kinds.map { CardFault(at: command.number, $0) }
    }

    /// Lays a card down once with each of `faults`, each time at the next of two kiosks when `changesKiosk`, then without a
    /// fault; adds what became of it to `counts`. Answers what went wrong.
    func run(_ faults: [CardFault], changesKiosk: Bool, _ counts: inout TearCounts) throws -> String? {
        let card = try repository.card(size, uid: uid)
        let before = card.chip.memory
        let kiosks = changesKiosk ? [kiosk(101), kiosk(102)] : [kiosk(101)]
        var books = PurseBooks(purse: Fen(350))
        var tornTrailers = 0
        for (index, fault) in faults.enumerated() {
            _ = kiosks[index % kiosks.count].tap(card, fault: fault)
            counts.count(fault)
            let last = kiosks[index % kiosks.count].exchanges.last?.written ?? 0..<0
            if case .tear = fault.kind, last.contains(where: ClassicSize.isTrailer) { tornTrailers += 1 }
            if kiosks.allSatisfy({ $0.journal.intents.isEmpty }), card.chip.memory != before {
                return "written before an intent was durable"
            }
        }
        let last = kiosks[faults.count % kiosks.count]
        var report = last.tap(card)
        // A reader that swallowed an answer looks like a card that left: it is laid down again.
        for _ in 0..<2 where misbehaviours != .none && [.unknown, .leftUntouched].contains(report.ending) {
            report = last.tap(card)
        }
        for kiosk in kiosks { books.post(kiosk.journal.outcomes) }
        counts.patterns += 1
        counts.fenCreated += max(0, books.difference)
        counts.fenDestroyed += max(0, -books.difference)
        return judge(report.ending, card, before, tornTrailers, books, &counts)
    }

    private var candidates: [Int] { Kiosk.layout.ours.candidates.filter { $0 < size.sectors } }

    private func judge(
        _ ending: ActivationEnding, _ card: SimulatedCard, _ before: [UInt8], _ tornTrailers: Int,
        _ books: PurseBooks, _ counts: inout TearCounts
    ) -> String? {
        var problem: String?
        switch ending {
        case .activated(_, let sector, _, _):
            counts.finished += 1
            if sector != candidates.first { counts.moved += 1 }
            // Only a torn trailer costs a sector, and one at most.
            let passed = candidates.firstIndex(of: sector) ?? candidates.count
            problem = passed > tornTrailers ? "\(passed) sectors given up" : unsteady(card, in: sector)
        case .chipDefective:
            counts.defective += 1
            if tornTrailers < candidates.count { problem = "defective after \(tornTrailers) torn trailers" }
        default: problem = "the last tap ended as \(ending)"
        }
        if problem != nil { counts.lost += 1 }
        if books.difference != 0 { problem = problem ?? "\(books.difference) fen too many" }
        if let sector = changed(before, card.chip.memory) {
            counts.othersChanged += 1
            problem = problem ?? "sector \(sector) changed"
        }
        return problem
    }

    /// Whether what was called active reads the same whenever it is read, and can be used.
    private func unsteady(_ card: SimulatedCard, in sector: Int) -> String? {
        if card.chip.unstableBlocks.contains(where: { ClassicSize.sector(ofBlock: $0) == sector }) {
            return "the active sector has bits that read as they like"
        }
        let reader = SimulatedReader(profile: profile, time: SimulatedTime(), latencyMilliseconds: 0)
        reader.layDown(card)
        let session = ClassicCard(
            transport: reader, dialect: profile, writableSectors: Set(Kiosk.layout.ours.candidates), size: size)
        do throws(AllowanceAccess.Problem) {
            let state = try AllowanceAccess(card: session, layout: Kiosk.layout.ours, keys: keys).read()
            guard state.sector == sector, state.identity.account == FixedAuthority.grant.account else {
                return "another sector or account is read: \(state)"
            }
            return nil
        } catch {
            return "an active card cannot be used: \(error)"
        }
    }

    /// The first sector that changed although it is no candidate.
    private func changed(_ before: [UInt8], _ after: [UInt8]) -> Int? {
        (0..<size.sectors).first { sector in
            guard !Kiosk.layout.ours.candidates.contains(sector) else { return false }
            let blocks = ClassicSize.blocks(ofSector: sector)
            let range = blocks.lowerBound * 16..<blocks.upperBound * 16
            return after[range] != before[range]
        }
    }
}
