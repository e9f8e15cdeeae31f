import DataFiles
public import Platform

/// A reader model as data: how it is recognised, how it wants to be spoken to, and what is known to be odd about it.
///
/// Code interprets profiles and has no branch on a model. `device-profiles/readers/README.md` explains the file format.
public struct ReaderProfile: Hashable, Sendable {
    /// The profile's name, the same as its file's.
    public let id: String
    /// The reader's name for people.
    public let title: String
    /// Where each statement of the profile comes from.
    public let evidence: [String]
    /// Whether somebody has tried the profile on the device.
    public let verified: Bool
    /// How far this reader may be relied on.
    public let support: Support
    /// Why not, when ``support`` says that it must or can not be used.
    public let supportReason: String?
    /// The drivers that serve it under pcscd, the best first.
    public let drivers: [Driver]
    /// What the profile is recognised by.
    public let match: ReaderMatch
    /// Whether this is a reader's other mode, in which it plays a keyboard and is no PC/SC reader.
    public let keyboard: Bool
    /// Drivers of the kernel that are known to take the reader away from pcscd, by their modules' names.
    public let kernelDrivers: [String]
    /// The bytes for each operation.
    public let commands: ReaderCommands
    /// The reader's places for keys that we may use.
    public let keySlots: KeySlots
    /// Whether keys stay in the reader without power.
    public let keyMemory: KeyMemory
    /// What its status words mean.
    public let statusWords: StatusWords
    /// What a card needs after it refused us.
    public let afterAuthFailure: AfterAuthFailure
    /// How long commands take on this reader, card included; the simulator keeps to it.
    public let latency: ReaderLatency
    /// What its USB interface can take at once.
    public let limits: Limits?
    /// The driver's numbers for commands to the reader itself.
    public let controlCodes: ControlCodes
    /// The commands for its lights, when it has any.
    public let lights: ReaderSignals?
    /// The commands for its buzzer, when it has one.
    public let buzzer: ReaderSignals?
    /// What is to be sent to it once after it was attached.
    public let setup: [SetupCommand]
    /// The commands that let it look for cards by itself or not.
    public let polling: Polling?
    /// What a technician should know about it.
    public let quirks: [String]

    /// How far a reader may be relied on; the four lists of the CCID driver's project.
    public enum Support: String, Hashable, Sendable, Codable, CaseIterable {
        /// Used and tested.
        case supported
        /// By its documents; nobody has tried.
        case shouldWork = "should-work"
        /// Known not to work.
        case unsupported
        /// Works, but must not be used.
        case disabled

        /// For people; in English.
        public var title: String { text.english }

        /// For people.
        public var text: Text {
            switch self {
            case .supported: Text("支持", rawValue)
            case .shouldWork: Text("应可使用", "should work")
            case .unsupported: Text("不支持", rawValue)
            case .disabled: Text("停用", rawValue)
            }
        }
    }

    /// Whether a terminal may work with the reader.
    public var isUsable: Bool { support == .supported || support == .shouldWork }

    /// A driver below pcscd.
    public struct Driver: Hashable, Sendable {
        /// Which one.
        public let name: Name
        /// The first version that knows this reader, as in `1.5.3`; `nil`: every one that is still in use.
        public let since: String?
        /// The lowest bcdDevice of a reader that this driver takes; `nil`: any.
        public let leastFirmware: UInt16?

        /// The drivers that we know of.
        public enum Name: String, Hashable, Sendable, Codable, CaseIterable {
            /// libccid, the free driver for CCID readers.
            case ccid
            /// ACS's own, which must come before libccid for some readers.
            case acsccid
            /// vsmartcard's virtual reader.
            case vpcd
            /// The maker's own, not in Debian.
            case vendor
        }
    }

    /// Where a reader keeps the keys that are loaded.
    public enum KeyMemory: String, Hashable, Sendable, Codable, CaseIterable {
        /// They are gone without power.
        case volatile
        /// They stay, for whoever steals the reader, and each loading wears its memory.
        case nonVolatile = "non-volatile"
    }

    /// What a card needs after a failed authentication or a refused access.
    public enum AfterAuthFailure: String, Hashable, Sendable, Codable, CaseIterable {
        /// It stays silent until the field is taken away and it is selected again.
        case reconnect
        /// The reader selects it again by itself.
        case none
    }

    /// What a reader's USB interface can take at once (CCID: dwFeatures and dwMaxCCIDMessageLength).
    public struct Limits: Hashable, Sendable {
        /// How it exchanges data with pcscd.
        public let level: Level
        /// The longest message, in bytes, with the ten of CCID's header.
        public let message: Int

        /// The exchange levels of CCID.
        public enum Level: String, Hashable, Sendable, Codable, CaseIterable {
            /// Bare protocol frames: pcscd's driver does the rest.
            case tpdu
            /// APDUs of at most 261 bytes.
            case short
            /// APDUs of any length.
            case extended
        }
    }
}

extension ReaderProfile: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case id, title, evidence, verified, support, supportReason, drivers, match, keyboard, kernelDrivers, commands
        case keySlots, keyMemory, statusWords, afterAuthFailure, latencyMilliseconds, limits, controlCodes, lights,
            buzzer, setup, polling
        case quirks
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        id = try container.decode(String.self, forKey: .id)
        title = try container.decode(String.self, forKey: .title)
        evidence = try container.decode([String].self, forKey: .evidence)
        guard !evidence.isEmpty else { throw decoder.fault("at least one source", at: Key.evidence) }
        verified = try container.decode(Bool.self, forKey: .verified)
        support = try container.choice(Support.self, forKey: .support, decoder)
        supportReason = try container.decodeIfPresent(String.self, forKey: .supportReason)
        guard supportReason != nil || support == .supported || support == .shouldWork else {
            throw decoder.fault("a reason, because support is \(support.rawValue)", at: Key.supportReason)
        }
        drivers = try container.decode([Driver].self, forKey: .drivers)
        match = try container.decode(ReaderMatch.self, forKey: .match)
        keyboard = try container.decodeIfPresent(Bool.self, forKey: .keyboard) ?? false
        guard !keyboard || support == .unsupported else {
            throw decoder.fault("support: unsupported, because no card is read from a keyboard", at: Key.keyboard)
        }
        kernelDrivers = try container.decodeIfPresent([String].self, forKey: .kernelDrivers) ?? []
        guard kernelDrivers.allSatisfy(Self.isModule) else {
            throw decoder.fault("names of kernel modules, as in pn533_usb; usbfs is pcscd's own", at: Key.kernelDrivers)
        }
        commands = try container.decode(ReaderCommands.self, forKey: .commands)
        keySlots = try container.decode(KeySlots.self, forKey: .keySlots)
        guard commands.authenticate.fields.contains(.keyType) || keySlots.tellKeyTypes else {
            throw decoder.fault("{keyType}, because keySlots does not tell A from B", at: Key.commands)
        }
        keyMemory = try container.choice(KeyMemory.self, forKey: .keyMemory, decoder)
        statusWords = try container.decode(StatusWords.self, forKey: .statusWords)
        afterAuthFailure = try container.choice(AfterAuthFailure.self, forKey: .afterAuthFailure, decoder)
        latency = try container.decode(ReaderLatency.self, forKey: .latencyMilliseconds)
        limits = try container.decodeIfPresent(Limits.self, forKey: .limits)
        controlCodes = try container.decodeIfPresent(ControlCodes.self, forKey: .controlCodes) ?? ControlCodes()
        lights = try container.decodeIfPresent(ReaderSignals.self, forKey: .lights)
        buzzer = try container.decodeIfPresent(ReaderSignals.self, forKey: .buzzer)
        setup = try container.decodeIfPresent([SetupCommand].self, forKey: .setup) ?? []
        polling = try container.decodeIfPresent(Polling.self, forKey: .polling)
        quirks = try container.decodeIfPresent([String].self, forKey: .quirks) ?? []
        let ways =
            [lights?.transport, buzzer?.transport, polling?.transport].compactMap(\.self) + setup.map(\.transport)
        guard !ways.contains(.escape) || !controlCodes.numbers.isEmpty else {
            throw decoder.fault("the drivers' numbers, because a command is sent as escape", at: Key.controlCodes)
        }
    }

    /// Whether `name` can be a kernel driver's that takes a reader away: `usbfs` stands for pcscd itself.
    private static func isModule(_ name: String) -> Bool {
        !name.isEmpty && name != "usbfs"
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }
}

extension ReaderProfile.Driver: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case name, since, leastFirmware }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.choice(Name.self, forKey: .name, decoder)
        since = try container.decodeIfPresent(String.self, forKey: .since)
        if let since, since.split(separator: ".").map({ Int($0) }).contains(nil) {
            throw decoder.fault("a version as in 1.5.3", at: Key.since)
        }
        guard let digits = try container.decodeIfPresent(String.self, forKey: .leastFirmware) else {
            leastFirmware = nil
            return
        }
        guard digits.utf8.count == 4, let version = UInt16(digits, radix: 16) else {
            throw decoder.fault("a bcdDevice as in 0206", at: Key.leastFirmware)
        }
        leastFirmware = version
    }
}

extension ReaderProfile.Limits: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case level, message }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        level = try container.choice(Level.self, forKey: .level, decoder)
        message = try container.decode(Int.self, forKey: .message)
        // CCID 1.1, table 5.1-1: at least a header and the longest APDU of its level, at most what a 32-bit field
        // is used for in practice.
        guard (32...65_556).contains(message) else { throw decoder.fault("32 to 65556 bytes", at: Key.message) }
    }
}

extension KeyedDecodingContainer {
    /// One of the words of `Choice`; the error names them all.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type, forKey key: Key, _ decoder: any Decoder
    ) throws -> Choice {
        let text = try decode(String.self, forKey: key)
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw decoder.fault("one of: \(words), not '\(text)'", at: key)
        }
        return choice
    }
}
