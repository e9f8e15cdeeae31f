import DeviceProfiles
import FoundationEssentials
public import Platform
public import SmartCard

/// What a reader answered to a fixed list of harmless commands, with a blank card on it: enough to write a profile by, and
/// a test ever after that the profile explains what the reader says.
///
/// Only the key that chips leave the factory with is used, and the card's number is replaced.
public struct ReaderRecording: Codable, Sendable, Hashable {
    /// One command and its answer.
    public struct Step: Codable, Sendable, Hashable {
        /// What it is to find out; `operation` of a profile where it is one, with a circumstance after a colon.
        public var what: String
        /// The command, in hexadecimal.
        public var send: String
        /// The answer before its status word, in hexadecimal; a card's number as zeros.
        public var answer: String
        /// SW1 SW2, or pcscd's error.
        public var status: String
        /// How long it took.
        public var milliseconds: Double
    }

    /// The version of this format.
    public var format = 1
    /// What pcscd calls the reader.
    public var reader: String
    /// Its USB numbers, where the driver told the device.
    public var usb: String?
    /// The profile that it was matched with.
    public var profile: String?
    /// The card's answer to reset.
    public var atr: String
    /// The commands, in order.
    public var steps: [Step]

    /// Why nothing was recorded.
    public enum Refusal: Error, Hashable, Sendable {
        /// The card that lies there is in use: its first sectors open with other keys, or hold data.
        case cardInUse
        /// The reader or the card went away.
        case lost(PCSCError)
    }

    /// Asks the reader behind `card`, on which a blank MIFARE Classic lies.
    public static func take(
        _ card: any CardTransport, reader: String, usb: String?, profile: String?, time: any TimeSource,
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(Refusal) -> ReaderRecording {
        var recording = ReaderRecording(
            reader: reader, usb: usb, profile: profile, atr: card.atr.hex(separator: " "), steps: [])
        for (index, command) in Self.script.enumerated() {
            if command.startsAnew {
                do throws(PCSCError) { try card.reselect() } catch { throw .lost(error) }
            }
            let step = try Self.ask(card, command, time)
            // Whatever form the reader likes, the first block of a blank card reads as zeros.
            if command.what == "read", step.status == "9000", step.answer.contains(where: { !"0 ".contains($0) }) {
                throw .cardInUse
            }
            recording.steps.append(step)
            progress(UInt64(index + 1), UInt64(Self.script.count))
        }
        guard recording.steps.contains(where: { $0.what == "read" && $0.status == "9000" }) else { throw .cardInUse }
        return recording
    }

    private static func ask(
        _ card: any CardTransport, _ command: Command, _ time: any TimeSource
    ) throws(Refusal) -> Step {
        let began = time.now()
        func took() -> Double { Double((time.now().nanoseconds - began.nanoseconds) / 10_000) / 100 }
        do throws(PCSCError) {
            let answer = try card.transmit(command.bytes)
            let milliseconds = took()
            let data =
                command.what.hasPrefix("uid")
                ? [UInt8](repeating: 0, count: answer.count - 2) : Array(answer.dropLast(2))
            return Step(
                what: command.what, send: command.bytes.hex(separator: " ").uppercased(),
                answer: data.hex(separator: " ").uppercased(), status: answer.suffix(2).hex().uppercased(),
                milliseconds: milliseconds)
        } catch {
            guard error.code != .readerUnavailable, error.code != .noService, error.code != .removedCard else {
                throw .lost(error)
            }
            return Step(
                what: command.what, send: command.bytes.hex(separator: " ").uppercased(), answer: "",
                status: "\(error.meaning)", milliseconds: took())
        }
    }

    private struct Command {
        let what: String
        let bytes: [UInt8]
        var startsAnew = false

        init(_ what: String, _ text: String, startsAnew: Bool = false) {
            self.what = what
            bytes = [UInt8](hex: text.filter { $0 != " " }) ?? []
            self.startsAnew = startsAnew
        }
    }

    /// The forms in which readers are known to take a key (the dialects of `device-profiles/readers`). Some take it into
    /// non-volatile memory only, so that one is written three times.
    private static let keyForms = [
        ("", "00 00"), (":slot-1", "00 01"), (":by-key-type", "00 60"), (":session", "00 20"),
        (":non-volatile", "20 00"),
    ]

    /// Loads `key` in every form: whichever of them the reader takes, that key is then in its first place.
    private static func load(_ key: String, _ why: String = "", startsAnew: Bool = false) -> [Command] {
        keyForms.enumerated().map { index, form in
            Command("loadKey\(form.0)\(why)", "FF 82 \(form.1) 06 \(key)", startsAnew: startsAnew && index == 0)
        }
    }

    private static let script: [Command] = {
        let factory = "FF FF FF FF FF FF"
        return [Command("uid", "FF CA 00 00 00"), Command("uid:ats", "FF CA 01 00 00")] + load(factory) + [
            Command("authenticate", "FF 86 00 00 05 01 00 04 60 00"), Command("read", "FF B0 00 04 10"),
            Command("read:two-blocks", "FF B0 00 04 20"),
            Command("authenticate:slot-1", "FF 86 00 00 05 01 00 04 60 01", startsAnew: true),
            Command("read", "FF B0 00 04 10"),
            Command("authenticate:old-form", "FF 88 00 04 60 00", startsAnew: true), Command("read", "FF B0 00 04 10"),
            Command("read:not-authenticated", "FF B0 00 08 10"),
        ] + load("01 02 03 04 05 06", ":wrong", startsAnew: true) + [
            Command("authenticate:wrong-key", "FF 86 00 00 05 01 00 04 60 00")
        ] + load(factory) + [
            Command("authenticate:after-wrong-key", "FF 86 00 00 05 01 00 04 60 00"),
            Command("authenticate", "FF 86 00 00 05 01 00 04 60 00", startsAnew: true),
            Command("read:no-such-block", "FF B0 00 FF 10"), Command("unsupported", "FF FE 00 00 00"),
            Command("uid", "FF CA 00 00 00", startsAnew: true),
        ]
    }()
}
