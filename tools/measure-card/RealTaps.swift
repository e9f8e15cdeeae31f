import Activation
import DeviceProfiles
import Measuring
import MeasuringCards
import Platform
import Simulator
import SmartCard

/// Our own time: a whole activation through the real pcscd, beside a loop in C that sends the same commands.
struct RealTaps {
    /// The reader whose dialect is spoken; the card answers it at once.
    private static let dialect = "acr122u"
    /// Taps of each kind that are made before any is counted: caches fill, and both processes get going.
    private static let unmeasured = 20

    private let side: CardSide
    private let profile: ReaderProfile
    private let engine: ActivationEngine
    private let script: Script
    private let atr: [UInt8]
    private var bare: BareTap
    private var costs = Costs()

    /// The ways to make one tap, each measured once in every round.
    private enum Kind: CaseIterable {
        /// Our engine through our transport, as the terminal connects it.
        case ours
        /// The loop in C.
        case bare
        /// The loop in C with a clock at each command, not counted as a whole.
        case singly
        /// Our engine without any reader, answered from memory.
        case engine
    }

    private struct Costs {
        var ours: [Cost] = []
        var bare: [Cost] = []
        var engine: [Cost] = []
        /// Milliseconds of each single `SCardTransmit`.
        var transmits: [Double] = []
    }

    /// The figures of `rounds` rounds, whose order comes from `seed`.
    static func figures(_ campus: Campus, in directory: String, rounds: Int, seed: UInt64) throws -> [Figure] {
        let reader = try VirtualReader()
        var taps = try RealTaps(campus, in: directory, port: reader.port)
        var random = SplitMix64(seed: seed)
        for round in -unmeasured..<rounds {
            if round == 0 { taps.costs = Costs() }
            for kind in Kind.allCases.shuffled(using: &random) { try taps.tap(kind) }
        }
        note(
            "measure-card: \(rounds) rounds of \(Kind.allCases.count) taps, \(taps.script.apdus) commands each, seed \(seed)"
        )
        return taps.figures
    }

    private init(_ campus: Campus, in directory: String, port: UInt16) throws {
        profile = try campus.reader(Self.dialect)
        engine = campus.engine(FixedAuthority(), SystemTime())
        side = try CardSide(.fresh, port: port, reader: Self.dialect, campus: directory)
        let recorder = Recorder(try VirtualReader.firstConnection())
        try Self.activate(recorder, engine, profile)
        script = recorder.script
        atr = recorder.atr
        bare = BareTap(script, reader: VirtualReader.name)
    }

    private static func activate(
        _ transport: any CardTransport, _ engine: ActivationEngine, _ profile: ReaderProfile
    ) throws {
        let ending = engine.handle(transport, dialect: profile).ending
        guard case .activated = ending else { throw Failure("a tap over pcscd ended as \(ending)") }
    }

    private mutating func tap(_ kind: Kind) throws {
        try side.renew()
        switch kind {
        case .ours:
            costs.ours.append(
                try Cost { try Self.activate(try PCSCTransport(reader: VirtualReader.name, atr: atr), engine, profile) }
            )
        case .bare: costs.bare.append(try bare.cost())
        case .singly: costs.transmits += try bare.transmits()
        case .engine:
            costs.engine.append(try Cost { try Self.activate(Replay(script, atr: atr), engine, profile) })
        }
    }

    /// Median times, mean times on a processor: a tick of the machine in one tap must not decide about the former, and
    /// belongs to the latter.
    private var figures: [Figure] {
        let ours = costs.ours.map(\.elapsed).median, bare = costs.bare.map(\.elapsed).median
        let transmits = costs.transmits.median * Double(script.apdus)
        return [
            Figure("tap over pcscd, beside a bare C loop", ours, "ms", floor: bare, budget: bare * Self.mostOverBare),
            Figure("the same, beside \(script.apdus) median transmits", ours, "ms", floor: transmits),
            Figure("the same, its engine alone", costs.engine.map(\.elapsed).median, "ms"),
            Figure(
                "CPU time of a tap, mean", costs.ours.map(\.processor).mean, "ms",
                floor: costs.bare.map(\.processor).mean, budget: Self.mostProcessor),
        ]
    }

    /// What a tap may take as a multiple of the bare loop's.
    private static let mostOverBare = 1.1
    /// What it may take of a processor, in milliseconds.
    private static let mostProcessor = 5.0
}
