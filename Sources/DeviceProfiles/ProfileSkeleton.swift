import Platform

/// A new profile to be filled in: every value of the format in the order of its README, with what belongs there.
public struct ProfileSkeleton: Sendable {
    /// Stands wherever somebody has to write; a check warns of it.
    public static let toFillIn = "TO FILL IN"

    /// The profile's name, the same as its file's without `.json5`.
    public let id: String
    /// The reader's name for people.
    public let title: String
    /// Its USB devices.
    public let usb: [USBIdentity]
    /// Parts of the names that pcscd gives it.
    public let names: [String]
    /// The drivers that serve it, the best first.
    public let drivers: [ReaderProfile.Driver.Name]

    /// A skeleton; what is not given is looked up in the drivers installed, as far as they know the devices.
    ///
    /// `nil` when `id` is no file's name of small letters, digits and hyphens, or `title` would need escaping in JSON5.
    public init?(id: String, title: String?, usb: [USBIdentity], installed: InstalledDrivers) {
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        guard !id.isEmpty, id.allSatisfy(letters.contains), !id.hasPrefix("-") else { return nil }
        let known = installed.lists.map { list in (list: list, names: usb.flatMap { list.readers[$0] ?? [] }) }
        let serving = known.filter { !$0.names.isEmpty }
        var names: [String] = []
        for name in serving.flatMap(\.names) where !names.contains(name) { names.append(name) }
        self.title = title ?? names.first ?? id
        guard !self.title.isEmpty, (names + [self.title]).allSatisfy(Self.isPlain) else { return nil }
        self.id = id
        self.usb = usb
        self.names = names.isEmpty ? [self.title] : names
        // Of devices that no driver's list has, the maker's own driver is the only one that can serve them.
        drivers = serving.isEmpty ? (usb.isEmpty ? [.ccid] : [.vendor]) : serving.map(\.list.name)
    }

    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\"" && $0 != "\\" && $0.value != 0x7F }
    }

    /// The whole file, with PC/SC part 3's commands.
    public var text: String { head(evidence: Self.evidence) + Self.body }

    /// The whole file, with everything from `commands` on as it stands in `source`, the file of the profile `origin`;
    /// `nil` when that file does not have the usual order.
    public func text(from source: String, origin: String) -> String? {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("    commands:") }) else { return nil }
        let copied =
            "\(Self.toFillIn): everything from commands on is \(origin)'s; say by which manual it holds here too"
        return head(evidence: copied) + lines[start...].joined(separator: "\n")
    }

    private static let evidence = "\(toFillIn): manual, edition and page; for each statement below"

    private func head(evidence: String) -> String {
        let devices = usb.map { "\"\($0)\"" }.joined(separator: ", ")
        let names = names.map { "\"\($0)\"" }.joined(separator: ", ")
        let drivers = drivers.map { "{ name: \"\($0.rawValue)\" }" }.joined(separator: ", ")
        return """
            {
                // The file's name without .json5.
                id: "\(id)",
                // The reader's name for people.
                title: "\(title)",
                // Where the statements come from; at least one source.
                evidence: [
                    "\(evidence)",
                ],
                // true once somebody has tried this profile on the device; support is "supported" then.
                verified: false,
                // supported, should-work, unsupported (cannot work), disabled (works, must not be used).
                support: "should-work",
                // Why, for the last two.
                // supportReason: "",
                // The drivers that serve it, best first: ccid, acsccid, vpcd, vendor; { name: "ccid", since: "1.5.3" } when
                // older ones do not know it, and leastFirmware: "0206" when it takes no older reader.
                drivers: [\(drivers)],

                match: {
                    // USB devices, VID:PID; { id: "072F:2200", bcdDevice: ["0100", "0214"], interface: 0, manufacturer: "",
                    // product: "" } where readers share the numbers.
                    usb: [\(devices)],
                    // Parts of the name that pcscd shows.
                    names: [\(names)],
                    // Parts of the names of its slots that take no contactless card, as "SAM".
                    otherSlots: [],
                    // How the ATRs begin that it reports for storage cards, when they are not PC/SC part 3's.
                    atrs: [],
                    // USB devices that pretend to be this one and do not work.
                    counterfeits: [],
                    // true for the one profile that takes every other reader.
                    fallback: false,
                },
                // true when this is a reader's other mode, in which it plays a keyboard.
                keyboard: false,
                // Drivers of the kernel that take it away from pcscd, as "pn533_usb".
                kernelDrivers: [],


            """
    }

    private static let body = """
            // PC/SC part 3's. README.md lists what each may take, and more commands that a reader may have: readBlocks,
            // writeBlocks, readWithKey, writeWithKey, readValue, storeValue, increment, decrement, copyValue.
            commands: {
                uid: "FF CA 00 00 00",
                // P1 00: volatile memory.
                loadKey: "FF 82 00 {slot} 06 {key}",
                authenticate: "FF 86 00 00 05 01 00 {block} {keyType} {slot}",
                read: "FF B0 00 {block} 10",
                write: "FF D6 00 {block} 10 {data}",
            },
            // The key slots that may be used; { A: [0], B: [16] } when a slot is for one type of key.
            keySlots: [0, 1],
            // non-volatile only when the reader offers nothing else: keys then stay in a box that can be stolen.
            keyMemory: "volatile",

            // Which words (SW1 SW2) mean what; the first of a list is what the simulator answers.
            statusWords: {
                ok: ["9000"],
                // The card did not take the key.
                authenticationFailed: ["6300", "6982", "6983"],
                notAuthenticated: ["6982"],
                // By the access bits.
                notPermitted: ["6982"],
                // The card is silent or gone.
                noAnswer: ["6300", "6400"],
                // No such slot or block.
                badParameter: ["6B00", "6A82"],
                // Command unknown.
                unsupported: ["6D00", "6A81", "6E00"],
                // Exceptions by operation.
                perOperation: {
                    loadKey: { badParameter: ["6988", "6989"] },
                    authenticate: { badParameter: ["6984", "6986", "6988"] },
                    read: { badParameter: ["6A82"] },
                    write: { badParameter: ["6A82"] },
                },
            },

            // reconnect: the card is silent after a refusal until selected again; none: the reader does that itself.
            afterAuthFailure: "reconnect",
            // For one command, card included; { command: 20, reselect: 40, read: 15 } where operations differ.
            latencyMilliseconds: 20,
            // tpdu, short or extended, and CCID's longest message in bytes.
            // limits: { level: "short", message: 271 },
            // The drivers' numbers for escape commands.
            // controlCodes: { ccid: 1, acsccid: 3500 },
            // transport apdu or escape; onCardPresent, onSuccess, onFailure, onIdle; ?? for a byte that varies.
            // lights: { transport: "apdu", onSuccess: { send: "FF 00 40 0E 04 00 00 00 00", answer: "90 ??" } },
            // buzzer: { transport: "escape", onFailure: { send: "E0 00 00 28 01 0A", answer: "E1 00 00 00 01 ??" } },
            // What is sent once after attaching.
            // setup: [{ transport: "apdu", send: "FF 00 52 00 00", answer: "90 00", why: "no beep of its own" }],
            // Whether the reader looks for cards by itself.
            // polling: {
            //     transport: "escape",
            //     on: { send: "FF 00 51 FF 00", answer: "90 ??" },
            //     off: { send: "FF 00 51 7F 00", answer: "90 ??" },
            // },
            // What a technician should know.
            quirks: [],
        }

        """
}
