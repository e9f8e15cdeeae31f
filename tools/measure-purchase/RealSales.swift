import Canteen
import DeviceProfiles
import FoundationEssentials
import Health
import Journal
import LedgerProtocol
import Measuring
import MeasuringCards
import Platform
import Simulator
import SmartCard
import Terminal

/// Our own time: a whole sale through the real pcscd with a real journal, beside a loop in C that sends the same commands
/// and makes as many bytes durable.
struct RealSales {
    /// The reader whose dialect is spoken; the card answers it at once.
    private static let dialect = "acr122u"
    /// Sales of each kind that are made before any is counted: caches fill, and both processes get going.
    private static let unmeasured = 20
    private static let patienceMilliseconds: Int64 = 10_000
    /// What a sale may take as a multiple of the bare loop's time.
    private static let mostOverBare = 1.1
    /// What it may take of a processor, in milliseconds.
    private static let mostProcessor = 5.0

    private let side: CardSide
    private let profile: ReaderProfile
    private let journal: Journal
    private let script: Script
    private let atr: [UInt8]
    private let records: BareRecords
    private var till: Till
    /// A till whose records go nowhere.
    private var alone: Till
    private var bare: BareTap
    private var costs = Costs()

    /// The ways to make one sale, each measured once in every round.
    private enum Kind: CaseIterable {
        /// Our engine through our transport, as the terminal connects it, into our journal.
        case ours
        /// The loop in C.
        case bare
        /// Our engine without reader and journal, answered from memory.
        case engine
    }

    private struct Costs {
        var ours: [Cost] = []
        var bare: [Cost] = []
        var engine: [Cost] = []
    }

    /// The figures of `rounds` rounds, whose order comes from `seed`, with the journal below `directory`.
    static func figures(
        _ campus: Campus, in profiles: String, journal directory: String, rounds: Int, seed: UInt64
    ) throws -> [Figure] {
        let reader = try VirtualReader()
        var sales = try RealSales(campus, in: profiles, journal: directory, port: reader.port)
        defer { sales.journal.close(deadline: SystemTime().now().advanced(milliseconds: patienceMilliseconds)) }
        var random = SplitMix64(seed: seed)
        for round in -unmeasured..<rounds {
            if round == 0 { sales.costs = Costs() }
            for kind in Kind.allCases.shuffled(using: &random) { try sales.sell(kind) }
        }
        note(
            "measure-purchase: \(rounds) rounds of \(Kind.allCases.count) sales, \(sales.script.apdus) commands each, seed \(seed)"
        )
        return sales.figures + (try sales.sustained(rounds))
    }

    private init(_ campus: Campus, in profiles: String, journal directory: String, port: UInt16) throws {
        profile = try campus.reader(Self.dialect)
        side = try CardSide(.active, port: port, reader: Self.dialect, campus: profiles)
        let time = SystemTime()
        try FileManager.default.createDirectory(atPath: directory + "/journal", withIntermediateDirectories: false)
        journal = try Journal.open(
            storage: try FileStorage(directory: directory + "/journal"), terminal: Campus.terminal,
            key: ChainKey(bytes: [UInt8](repeating: 7, count: 32)), time: time)
        let desk = SaleJournalDesk(journal: journal, health: HealthRegistry { _ in }, recorded: {})
        till = Till(campus, Authority(), desk, time)
        alone = Till(campus, Authority(), CountingJournal(), time)
        let recorder = Recorder(try VirtualReader.firstConnection())
        let witness = Witness { recorder.script.steps.count }
        var recorded = Till(campus, Authority(), witness, time)
        try recorded.sell(recorder, profile)
        guard let intent = witness.intent else { throw Failure("a sale without an intent") }
        script = recorder.script
        atr = recorder.atr
        records = BareRecords(try BareFile(directory: directory), intent: intent)
        bare = BareTap(script, reader: VirtualReader.name)
    }

    private mutating func sell(_ kind: Kind) throws {
        try side.renew()
        switch kind {
        case .ours:
            costs.ours.append(
                try Cost { try till.sell(try PCSCTransport(reader: VirtualReader.name, atr: atr), profile) })
        case .bare: costs.bare.append(try bare.cost(records))
        case .engine: costs.engine.append(try Cost { try alone.sell(Replay(script, atr: atr), profile) })
        }
    }

    private var figures: [Figure] {
        let ours = costs.ours.map(\.elapsed), bare = costs.bare.map(\.elapsed)
        return [
            Figure(
                "sale over pcscd beside a bare C loop, median", ours.median, "ms", floor: bare.median,
                times: Self.mostOverBare),
            Figure(
                "sale over pcscd beside a bare C loop, p99", ours.quantile(0.99), "ms", floor: bare.quantile(0.99),
                times: Self.mostOverBare),
            Figure("the same, its engine alone, median", costs.engine.map(\.elapsed).median, "ms"),
            Figure(
                "CPU time of a sale, mean", costs.ours.map(\.processor).mean, "ms",
                floor: costs.bare.map(\.processor).mean, budget: Self.mostProcessor),
        ]
    }

    /// Sales in a row, the next card made ready between two of them.
    private mutating func sustained(_ count: Int) throws -> [Figure] {
        var ours = 0.0, bare = 0.0
        var made = 0
        var bytes: Int? = 0
        let sequence = journal.status.lastSequence
        // In turn, so that no other program's busy second counts for one of the two alone.
        while made < count {
            let before = Self.written
            ours += try microseconds { for _ in 0..<Self.row { try sell(.ours) } }
            bytes = if let bytes, let before, let after = Self.written { bytes + after - before } else { nil }
            bare += try microseconds { for _ in 0..<Self.row { try sell(.bare) } }
            made += Self.row
        }
        let sales = Double(made), records = Double(journal.status.lastSequence - sequence) / sales
        return [
            Figure(
                "sales a minute over pcscd, without a hand", sales * 60e6 / ours, "sales", floor: sales * 60e6 / bare),
            Figure("records of the journal a sale", records, "records"),
            Figure("the same in the journal's files", records * Double(recordSize), "bytes"),
            Figure("bytes handed to the disk a sale", bytes.map { Double($0) / sales }, "bytes"),
        ]
    }

    /// How many sales are made in a row before the bare loop has its turn.
    private static let row = 20

    /// What this process has caused to be written to disks so far; `nil` where the kernel does not tell.
    private static var written: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/io", encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("write_bytes:") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Int($0) }
    }
}

/// Notes how far the commands have come when the intent is written.
private final class Witness: SaleJournal {
    private(set) var intent: Int?
    private let steps: () -> Int

    init(steps: @escaping () -> Int) { self.steps = steps }

    func append(intent _: SaleRecord) -> UInt64 {
        intent = steps()
        return 1
    }

    func append(outcome _: SaleRecord) -> UInt64 { 2 }
    func append(shift _: ShiftRecord) {}
}
