import CampusCard
import Canteen
import DeviceProfiles
import LedgerProtocol
import Platform
import Simulator
import TestSupport

@testable import Mifare

/// A till without a box: simulated reader and clock, a journal in memory, and a ledger that answers as told.
final class Till {
    let number: UInt16
    let time: SimulatedTime
    let reader: SimulatedReader
    let journal: MemoryJournal
    let authority = FixedAuthority()
    private(set) var memory = SalesMemory()
    private(set) var engine: PurchaseEngine
    private let log = ExchangeLog()
    private let keys: any KeyRing

    /// The commands of the last tap.
    var exchanges: [SimulatedReader.Exchange] { log.all }

    init(
        _ number: UInt16 = 201, latency: Int? = 0, profile: ReaderProfile = campus.acr122u,
        keys: any KeyRing = campus.keys, time: SimulatedTime = SimulatedTime()
    ) {
        let log = log
        self.number = number
        self.time = time
        self.keys = keys
        journal = MemoryJournal(time)
        reader = SimulatedReader(profile: profile, time: time, latencyMilliseconds: latency) { log.append($0) }
        engine = PurchaseEngine(
            layout: campus.layout, keys: keys, terminal: number, authority: authority, journal: journal,
            memory: memory, time: time)
    }

    /// Lays `card` down, lets the engine work, and takes the card away.
    func tap(_ card: SimulatedCard, _ order: SaleOrder?, fault: CardFault? = nil) -> SaleReport {
        log.clear()
        reader.layDown(card, fault: fault)
        defer { reader.lift() }
        return engine.handle(reader, dialect: reader.profile, order: order)
    }

    /// The box had lost its power and starts again: only the journal is left.
    func restart() {
        journal.powerReturns()
        memory = SalesMemory()
        for (index, entry) in journal.entries.enumerated() {
            memory.replay(
                entry.record, isIntent: entry.isIntent, sequence: UInt64(index + 1), wall: entry.wall, day: 0)
        }
        engine = PurchaseEngine(
            layout: campus.layout, keys: keys, terminal: number, authority: authority, journal: journal,
            memory: memory, time: time)
        try? PurchaseEngine.reportDoubts(memory, to: journal)
    }
}

/// Keeps what was appended, and loses its power when told.
final class MemoryJournal: SaleJournal {
    struct Entry: Hashable {
        let record: SaleRecord
        let isIntent: Bool
        let wall: Int64
    }

    private let time: SimulatedTime

    private(set) var entries: [Entry] = []
    private(set) var shifts: [ShiftRecord] = []
    /// The append at which the power goes, counted from now; whether that one is durable still.
    private var cut: (in: Int, isDurable: Bool)?
    private var isDead = false

    init(_ time: SimulatedTime) { self.time = time }

    var outcomes: [SaleRecord] { entries.filter { !$0.isIntent }.map(\.record) }

    func planPowerCut(in appends: Int, isDurable: Bool) { cut = (appends, isDurable) }

    func powerReturns() {
        isDead = false
        cut = nil
    }

    func append(intent: SaleRecord) throws(SalesStopped) -> UInt64 { try append(intent, isIntent: true) }

    func append(outcome: SaleRecord) throws(SalesStopped) -> UInt64 { try append(outcome, isIntent: false) }

    func append(shift: ShiftRecord) throws(SalesStopped) { shifts.append(shift) }

    private func append(_ record: SaleRecord, isIntent: Bool) throws(SalesStopped) -> UInt64 {
        if isDead { throw SalesStopped(reason: "no power") }
        if let cut {
            self.cut = (cut.in - 1, cut.isDurable)
            if cut.in <= 1 {
                isDead = true
                if cut.isDurable {
                    entries.append(Entry(record: record, isIntent: isIntent, wall: time.wallMilliseconds()))
                }
                throw SalesStopped(reason: "no power")
            }
        }
        entries.append(Entry(record: record, isIntent: isIntent, wall: time.wallMilliseconds()))
        return UInt64(entries.count)
    }
}

/// Answers as told, or not at all.
final class FixedAuthority: SaleAuthority {
    var settings = TerminalSettings()
    var hotlistAge: Int64? = 0
    var listed: Set<UInt64> = []
    var advice: SaleAdvice?
    private(set) var questions: [SaleQuestion] = []

    func terms() -> SaleTerms {
        let listed = listed
        return SaleTerms(rules: SalesRules(settings: settings, version: 3), hotlistVersion: 5, hotlistAge: hotlistAge) {
            listed.contains($1)
        }
    }

    func ask(_ question: SaleQuestion, deadline: Instant) -> SaleAdvice? {
        questions.append(question)
        return advice
    }
}

/// The repository's own sample campus, read from its files as the daemon does.
struct SampleCampus {
    let layout: CardLayout
    let keys: FileKeyRing
    let acr122u: ReaderProfile
    /// Every reader that there is a profile for, and that can be used.
    let profiles: [ReaderProfile]

    init() throws {
        layout = try CardLayout.load(path: Repository.profiles + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: Repository.profiles + "/terminals/demo/keys.json5")
        let library = ProfileLibrary.load(directory: Repository.profiles + "/readers")
        profiles = library.profiles.filter(\.isUsable)
        guard library.errors.isEmpty, let profile = library.profile(id: "acr122u") else {
            throw AllowanceAccess.Problem.missingKey("profiles")
        }
        acr122u = profile
    }

    static let account: UInt64 = 1_000_001
    static let serial: UInt32 = 1

    /// A card in use: activated, used up to `sequence`, with `allowance` left.
    func card(
        _ size: ClassicSize = .oneK, uid: [UInt8] = [0x04, 0x11, 0x22, 0x33], allowance: Fen = Fen(5_000),
        sequence: UInt32 = 7, account: UInt64 = Self.account
    ) throws -> SimulatedCard {
        let sector = size == .mini ? 4 : 9
        let identity = Identity(
            version: layout.ours.version, status: .active, account: account, cardSerial: Self.serial,
            keyVersion: layout.ours.keyVersion)
        func record(_ sequence: UInt32, _ allowance: Fen, _ uid: CardUID) -> Block? {
            AllowanceRecord(sequence: sequence, allowance: allowance, terminal: 9)
                .block(uid: uid, identity: identity, keys: keys, macKey: layout.ours.macKey)
        }
        guard let uid = CardUID(uid),
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: "2023010001", smallPurse: Fen(350), otherPurse: Fen(1280),
                layout: layout, keys: keys),
            var chip = ClassicChip(size: size, uid: uid, memory: memory),
            let older = record(sequence - 1, Fen(9_999), uid), let newer = record(sequence, allowance, uid),
            let trailer = CampusSector.trailer(of: sector, uid: uid, layout: layout.ours, keys: keys)
        else { throw AllowanceAccess.Problem.missingKey("sample card") }
        let blocks = [identity.block.bytes, older.bytes, newer.bytes, trailer.block.bytes]
        for (index, bytes) in blocks.enumerated() {
            chip.store(bytes, at: ClassicSize.firstBlock(ofSector: sector) + index)
        }
        return SimulatedCard(chip)
    }

    /// What a fresh reading of the card finds.
    func record(of card: SimulatedCard) throws -> AllowanceRecord {
        let reader = SimulatedReader(profile: acr122u, time: SimulatedTime(), latencyMilliseconds: 0)
        reader.layDown(card)
        let session = ClassicCard(
            transport: reader, dialect: acr122u, writableSectors: Set(layout.ours.candidates), size: card.chip.size)
        return try AllowanceAccess(card: session, layout: layout.ours, keys: keys).read().record
    }
}

let campus: SampleCampus = {
    do { return try SampleCampus() } catch { fatalError("the sample campus cannot be read: \(error)") }
}()

/// An order of a till.
func order(_ number: UInt64, _ fen: Int64, kind: SaleOrder.Kind = .sale, isRepeating: Bool = false) -> SaleOrder {
    SaleOrder(number: number, kind: kind, amount: Fen(fen), isRepeating: isRepeating)
}
