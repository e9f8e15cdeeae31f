import Activation
import CampusCard
import DeviceProfiles
import Foundation
import LedgerProtocol
import Mifare
import Platform
import Simulator
import TestSupport

/// A kiosk without a box: simulated reader and clock, a journal in memory, and an authority that answers as told.
final class Kiosk {
    let time = SimulatedTime()
    let reader: SimulatedReader
    let engine: ActivationEngine
    let journal: MemoryJournal
    let authority: FixedAuthority
    static let layout = repository.layout
    static let keys = repository.keys

    private let log = ExchangeLog()

    /// The commands of the last tap.
    var exchanges: [SimulatedReader.Exchange] { log.all }

    init(
        terminal: UInt16 = 101, authority: FixedAuthority = FixedAuthority(), latency: Int = 0,
        profile: ReaderProfile? = nil, keys: (any KeyRing)? = nil, misbehaviours: ReaderMisbehaviours = .none
    ) {
        let log = log
        reader = SimulatedReader(
            profile: profile ?? repository.acr122u, time: time, latencyMilliseconds: latency
        ) { log.append($0) }
        reader.misbehave(misbehaviours)
        journal = MemoryJournal()
        self.authority = authority
        engine = ActivationEngine(
            layout: Self.layout, keys: keys ?? Self.keys, terminal: terminal, authority: authority, journal: journal,
            time: time)
    }

    /// Lays `card` down, lets the engine work, and takes the card away.
    func tap(_ card: SimulatedCard, fault: CardFault? = nil) -> ActivationReport {
        log.clear()
        reader.layDown(card, fault: fault)
        defer { reader.lift() }
        let report = engine.handle(reader, dialect: reader.profile)
        if case .activated(let grant, _, _, _) = report.ending, authority.learns { authority.active = grant }
        return report
    }
}

/// Keeps what was appended; refuses from a chosen append on.
final class MemoryJournal: ActivationJournal {
    private(set) var intents: [ActivationIntent] = []
    private(set) var outcomes: [ActivationOutcome] = []
    var failsFrom = Int.max

    private func next() throws(JournalUnavailable) -> UInt64 {
        let sequence = intents.count + outcomes.count + 1
        guard sequence < failsFrom else { throw JournalUnavailable(reason: "disk gone") }
        return UInt64(sequence)
    }

    func append(_ intent: ActivationIntent) throws(JournalUnavailable) -> UInt64 {
        let sequence = try next()
        intents.append(intent)
        return sequence
    }

    func append(_ outcome: ActivationOutcome) throws(JournalUnavailable) -> UInt64 {
        let sequence = try next()
        outcomes.append(outcome)
        return sequence
    }
}

/// Grants everybody the same account, or refuses everybody.
final class FixedAuthority: PermitAuthority {
    var refusal: Refusal?
    /// Whether it hears of activations, as a ledger does, or does not, as a roster.
    var learns = false
    var active: Grant?
    private(set) var holders: [String] = []
    static let grant = Grant(account: 20_260_001, cardSerial: 1, source: .online, rosterVersion: 0)

    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision {
        holders.append(holderNumber)
        if let refusal { return .refused(refusal) }
        if let active { return .alreadyActive(active) }
        return .granted(Self.grant, balance: .zero)
    }
}

/// The repository's own sample campus, read from its files as the daemon does.
struct SampleCampus {
    let layout: CardLayout
    let keys: FileKeyRing
    let acr122u: ReaderProfile
    /// Every reader that there is a profile for.
    let profiles: [ReaderProfile]

    init() throws {
        let root =
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/device-profiles"
        layout = try CardLayout.load(path: root + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: root + "/terminals/demo/keys.json5")
        let library = ProfileLibrary.load(directory: root + "/readers")
        guard library.errors.isEmpty, let profile = library.profile(id: "acr122u") else {
            throw CocoaError(.fileNoSuchFile)
        }
        profiles = library.profiles
        acr122u = profile
    }

    /// A card as the old system issued it.
    func card(_ size: ClassicSize, uid: [UInt8], purse: Fen = Fen(350)) throws -> SimulatedCard {
        guard let uid = CardUID(uid),
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: "2023010001", smallPurse: purse, otherPurse: Fen(1280),
                layout: layout, keys: keys),
            let chip = ClassicChip(size: size, uid: uid, memory: memory)
        else { throw CocoaError(.coderInvalidValue) }
        return SimulatedCard(chip)
    }
}

let repository: SampleCampus = {
    do { return try SampleCampus() } catch { fatalError("the sample campus cannot be read: \(error)") }
}()
