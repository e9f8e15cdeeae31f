import ArgumentParser
import CLinux
import DeviceProfiles
import Glibc
import Platform
import Simulator

/// Plays a card on pcscd's virtual reader.
struct SimulateCard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card", abstract: "Lay a card image on pcscd's virtual reader (vpcd).",
        discussion: """
            Events go to standard output as JSON, one a line; key bytes are never among them.

            With --interactive, orders come from standard input the same way:
              {"do":"lay"}  {"do":"lift"}  {"do":"save","path":FILE}  {"do":"load","image":FILE}  {"do":"quit"}
              {"do":"lay","pullAt":12,"how":"before|after|answer|tear","torn":"old|new|erased|mixed|weak","seed":1}
              {"do":"lay","pullAt":12,"how":"tear","block":2}  {"do":"lay","misbehaviour":["shortAnswerOnce"],"seed":1}
            """)

    @Option(help: "The card: raw .mfd or .bin, Proxmark3 .eml or .json, Flipper .nfc.")
    var image: String

    @Option(help: "The reader to play, by the id of its profile.")
    var reader = "virtual-pcd"

    @Option(help: "The directory with the reader profiles.")
    var profiles = "device-profiles/readers"

    @Option(help: "The TCP port that vpcd listens on, on this machine.")
    var port: UInt16

    @Option(help: "Milliseconds for each command, instead of the profile's.")
    var latency: Int?

    @Flag(help: "Write the card's content back to the image when it is taken away.")
    var writeBack = false

    @Flag(help: "Take orders from standard input instead of laying the card down at once.")
    var interactive = false

    func validate() throws {
        guard (0...10_000).contains(latency ?? 0) else { throw ValidationError("--latency is from 0 to 10000.") }
    }

    private enum Input: Sendable {
        case order(String)
        case end
    }

    func run() throws {
        let library = ProfileLibrary.load(directory: profiles)
        guard let profile = library.profile(id: reader) else {
            let faults = library.errors.map { "\n\($0)" }.joined()
            throw ValidationError("No profile '\(reader)' in \(profiles).\(faults)")
        }
        let inputs = Mailbox<Input>()
        // Before any other thread starts, so that none of them takes the signals.
        Self.watchSignals(inputs)
        let hand = try VirtualHand(
            image: image, profile: profile, port: port, latencyMilliseconds: latency, writesBack: writeBack
        ) { event in
            LineOutput.print(event.line)
        }
        if interactive { Self.readOrders(inputs) } else { hand.lay() }
        while case .order(let line) = inputs.receive() {
            if !hand.order(line) { break }
        }
        hand.leave()
    }

    private static func watchSignals(_ inputs: Mailbox<Input>) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watched = signals
        _ = DedicatedThread(name: "signals") {
            var signals = watched
            var signal: Int32 = 0
            _ = unsafe sigwait(&signals, &signal)
            inputs.send(.end)
        }
    }

    private static func readOrders(_ inputs: Mailbox<Input>) {
        _ = DedicatedThread(name: "orders") {
            while let line = readLine() {
                if !line.isEmpty { inputs.send(.order(line)) }
            }
            inputs.send(.end)
        }
    }
}
