package import ArgumentParser
import Glibc
import Measuring
import Mifare
import Platform
import Simulator

/// The card on the virtual reader, played by a second process of this program, so that neither our time nor the bare
/// loop's has anything of it.
package final class CardSide {
    private let child: Child

    /// Lays a card of `kind` down, for commands in the dialect of the reader called `reader`.
    package init(_ kind: Campus.Card, port: UInt16, reader: String, campus directory: String) throws {
        child = try Child([
            "/proc/self/exe", "play", "--port", String(port), "--reader", reader, "--card", kind.rawValue,
            "--device-profiles", directory,
        ])
        guard try child.heard() == Play.laid else { throw Failure("the card could not be laid on the virtual reader") }
    }

    /// Makes the card again what it was where it lies: pcscd, which looks for cards every 400 ms, is spared the change.
    package func renew() throws {
        guard try child.ask(Play.renew) == Play.renewed else { throw Failure("the card was not renewed") }
    }
}

/// The other end of ``CardSide``.
package struct Play: ParsableCommand {
    package static let configuration = CommandConfiguration(
        abstract: "Plays a card on a virtual reader, at no latency, until its standard input ends.",
        shouldDisplay: false)

    fileprivate static let laid = "laid", renew = "renew", renewed = "renewed"
    private static let patienceMilliseconds: Int64 = 10_000

    @Option var port: UInt16
    @Option var reader: String
    @Option var card: Campus.Card
    @Option var deviceProfiles: String

    package init() {}

    package func run() throws {
        let campus = try Campus(directory: deviceProfiles)
        let chip = try campus.chip(card)
        let laid = SimulatedCard(chip)
        let side = VpcdCard(
            port: port,
            reader: SimulatedReader(profile: try campus.reader(reader), time: SystemTime(), latencyMilliseconds: 0))
        try side.lay(laid, timeoutMilliseconds: Self.patienceMilliseconds) { _ in }
        say(Self.laid)
        while let order = readLine() {
            guard order == Self.renew else { break }
            laid.chip = chip
            say(Self.renewed)
        }
        side.lift()
    }

    private func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
