public import DataFiles
import DeviceProfiles
import FoundationEssentials
public import Journal
import LedgerProtocol
import Platform
public import Voice

/// What one terminal is and where its parts are: the JSON5 file given to `yikad --config`.
public struct Configuration: Sendable {
    /// The file that it was read from.
    public let file: String
    /// The terminal's number, as ledger and cards know it.
    public let number: UInt16
    /// The terminal's name, for people.
    public let name: String
    /// Where journal, lists and settings live.
    public let stateDirectory: String
    /// The folder `device-profiles`.
    public let profiles: String
    /// The id of the card layout.
    public let cardLayout: String
    /// The key ring's file.
    public let keys: String
    /// Where the secrets shared with the ledger lie.
    public let credentialsFile: String
    /// The secrets shared with the ledger.
    public let credentials: Credentials
    /// Profiles fixed by hand for readers whose name contains the text.
    public let readers: [PinnedReader]
    /// Sound.
    public let voice: Voice
    /// The central ledger.
    public let ledger: Ledger
    /// How old a roster may be to decide by, in hours; an older hotlist is a condition.
    public let rosterMaximumAgeHours: Int64
    /// The journal's epoch: changed only by a technician, when the journal is made anew.
    public let journalEpoch: UInt32
    /// Where `yika` asks and watches; `nil`: nowhere.
    public let controlSocket: String?
    /// What the terminal is for.
    public let role: Role
    /// The till; with the role `canteen` alone.
    public let canteen: Canteen
    /// The port of the screen's page on the loopback interface; `nil`: no screen.
    public let screenPort: UInt16?
    /// The success sentence starts no earlier than this after the tap, in milliseconds: holders were told 3 to 4 s.
    public let successAfterMilliseconds: Int64

    /// What a terminal is for.
    public enum Role: String, Sendable, CaseIterable {
        /// It makes old cards the campus's own.
        case activation
        /// It sells meals.
        case canteen
    }

    /// The till.
    public struct Canteen: Sendable, Decodable {
        /// Whether somebody has to sign in before anything is sold; it is so where nothing is said.
        public var needsShift: Bool?
        /// How long the ledger may take to advise on a sale, in milliseconds, 20...1000; 100 where nothing is said.
        public var askMilliseconds: Int64?
        /// The scanner of payment codes; `nil`: none.
        public var scanner: Scanner?
        /// The recogniser of faces; `nil`: none.
        public var face: Face?

        /// A scanner of payment codes.
        public struct Scanner: Sendable, Decodable {
            /// The id of its profile; `nil`: the first attached one that any profile knows.
            public var profile: String?
            /// Where it is, for one that its profile does not find; needs ``profile``.
            public var path: String?
        }

        /// An external recogniser of faces.
        public struct Face: Sendable, Decodable {
            /// The socket on which it offers its matches.
            public var socket: String
            /// The socket's group; `nil`: the daemon's own.
            public var group: UInt32?
            /// User numbers that may connect.
            public var users: [UInt32]?
            /// Group numbers that may connect.
            public var groups: [UInt32]?
            /// The lowest score, in thousandths; 950 where nothing is said.
            public var scoreLeast: UInt16?
            /// The lowest liveness, in thousandths; 900 where nothing is said.
            public var livenessLeast: UInt16?
            /// The most that a face may pay at once, in fen; ¥30 where nothing is said.
            public var capFen: UInt32?
        }
    }

    /// A reader whose profile a technician fixed.
    public struct PinnedReader: Sendable, Decodable {
        /// A part of the reader's pcscd name.
        public let name: String
        /// The id of the profile.
        public let profile: String
    }

    /// Sound.
    public struct Voice: Sendable, Decodable {
        /// The ALSA device.
        public let device: String
        /// Languages of the voice packs, in order of preference.
        public let languages: [String]
        /// In which of them a sentence is said; the first where nothing is said.
        public var speak: SpeakingLanguages?
        /// How loud, 0...100 %; `nil`: as the device is, and its mixer is left alone.
        public var volume: Int?
        /// How loud at night.
        public var night: Night?
        /// The volume control to use; where nothing is said, that of the device's card if there is one.
        public var mixer: ALSAOutput.Control?
        /// Whether a tone comes before the words; it does where nothing is said.
        public var tones: Bool?
        /// Whether readers that have a buzzer sound it with the outcome; they do not where nothing is said.
        public var buzzer: Bool?
        /// What is said of money.
        public var says: Says?

        /// The quiet hours, by the campus's time.
        public struct Night: Sendable, Decodable {
            /// When they begin: `21:30`.
            public var from: ClockTime
            /// When they end; before ``from`` when midnight lies between.
            public var to: ClockTime
            /// How loud, 0...100 %.
            public var volume: Int
        }

        /// What is said of money. Everybody around hears it.
        public struct Says: Sendable, Decodable {
            /// What was paid or given back, and a shift's total; yes where nothing is said.
            public var amounts: Bool?
            /// What is left, and what was on the small purse; no where nothing is said.
            public var balances: Bool?
            /// The price before it is paid; no where nothing is said.
            public var prices: Bool?
        }
    }

    /// The central ledger.
    public struct Ledger: Sendable {
        /// Its address, `http://` or `https://`.
        public let url: String
        /// The public key that signs lists and settings: Ed25519, 32 bytes in hexadecimal.
        public let publicKey: String
        /// A file of certificates to trust in place of the system's, for a campus with its own authority.
        public var authorities: String?
        /// How long a permission may take, in milliseconds.
        public let permitMilliseconds: Int64?
        /// How often to report, in milliseconds, where the campus's settings do not say; `nil`: every 3 s.
        public let heartbeatMilliseconds: Int64?
    }

    /// The secrets shared with the ledger. They never print.
    public struct Credentials: Sendable, CustomStringConvertible {
        /// Names this terminal to the ledger.
        public let token: String
        /// The root key of the journal's chain, where a terminal set up for format 1 still has it; see ``JournalKeyFile``.
        public let journalKey: ChainKey?
        /// The campus's key over holder numbers and UIDs, 32 bytes.
        public let rosterKey: [UInt8]

        /// The value for people; nothing secret.
        public var description: String { "Credentials(hidden)" }
    }
}

extension Configuration {
    fileprivate struct File: Decodable {
        struct Terminal: Decodable {
            let number: UInt16
            let name: String
            let role: String
        }
        let terminal: Terminal
        let stateDirectory: String
        let profiles: String
        let cardLayout: String
        let keys: String
        let credentials: String
        let readers: [PinnedReader]?
        let voice: Voice
        let ledger: Ledger
        let rosterMaximumAgeHours: Int64?
        let journalEpoch: UInt32?
        let controlSocket: String?
        let successAfterMilliseconds: Int64?
        let canteen: Canteen?
        let screenPort: UInt16?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case terminal, stateDirectory, profiles, cardLayout, keys, credentials, readers, voice, ledger
            case rosterMaximumAgeHours, journalEpoch, controlSocket, successAfterMilliseconds, canteen, screenPort
        }

        // Written out to refuse names that mean nothing: a mistyped optional setting would be passed over in silence.
        init(from decoder: any Decoder) throws {
            try decoder.refuseNames(except: CodingKeys.self)
            let container = try decoder.container(keyedBy: CodingKeys.self)
            terminal = try container.decode(Terminal.self, forKey: .terminal)
            stateDirectory = try container.decode(String.self, forKey: .stateDirectory)
            profiles = try container.decode(String.self, forKey: .profiles)
            cardLayout = try container.decode(String.self, forKey: .cardLayout)
            keys = try container.decode(String.self, forKey: .keys)
            credentials = try container.decode(String.self, forKey: .credentials)
            readers = try container.decodeIfPresent([PinnedReader].self, forKey: .readers)
            voice = try container.decode(Voice.self, forKey: .voice)
            ledger = try container.decode(Ledger.self, forKey: .ledger)
            rosterMaximumAgeHours = try container.decodeIfPresent(Int64.self, forKey: .rosterMaximumAgeHours)
            journalEpoch = try container.decodeIfPresent(UInt32.self, forKey: .journalEpoch)
            controlSocket = try container.decodeIfPresent(String.self, forKey: .controlSocket)
            successAfterMilliseconds = try container.decodeIfPresent(Int64.self, forKey: .successAfterMilliseconds)
            canteen = try container.decodeIfPresent(Canteen.self, forKey: .canteen)
            screenPort = try container.decodeIfPresent(UInt16.self, forKey: .screenPort)
        }

        static func read(_ path: String) throws(DataFileError) -> File {
            let file = try JSON5File.decode(File.self, from: path)
            func expect(_ holds: Bool, _ place: String, _ expected: String) throws(DataFileError) {
                if !holds { throw DataFileError(file: path, path: place, expected: expected) }
            }
            try expect(
                Role(rawValue: file.terminal.role) != nil, "terminal.role",
                Role.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or "))
            try expect(
                (20...1000).contains(file.canteen?.askMilliseconds ?? 100), "canteen.askMilliseconds", "20 to 1000")
            try expect(file.screenPort ?? 1024 >= 1024, "screenPort", "a port from 1024 to 65535")
            try expect(file.terminal.number > 0, "terminal.number", "a number from 1 to 65535")
            try expect(
                file.ledger.url.hasPrefix("http://") || file.ledger.url.hasPrefix("https://"), "ledger.url",
                "an address beginning with http:// or https://")
            try expect(
                [UInt8](hex: file.ledger.publicKey)?.count == 32, "ledger.publicKey", "32 bytes in hexadecimal")
            try expect(!file.voice.languages.isEmpty, "voice.languages", "at least one language")
            let percents = 0...100
            try expect(file.voice.volume.map(percents.contains) ?? true, "voice.volume", "0 to 100")
            try expect(file.voice.night.map { percents.contains($0.volume) } ?? true, "voice.night.volume", "0 to 100")
            try expect(file.voice.night == nil || file.voice.volume != nil, "voice.volume", "a volume for the day")
            try expect((file.journalEpoch ?? 1) > 0, "journalEpoch", "a number from 1")
            let permit = file.ledger.permitMilliseconds ?? 800
            try expect((50...5000).contains(permit), "ledger.permitMilliseconds", "50 to 5000")
            let heartbeat = file.ledger.heartbeatMilliseconds ?? 3000
            try expect(
                TerminalSettings.heartbeatRange.contains(heartbeat), "ledger.heartbeatMilliseconds", "1000 to 60000")
            let success = file.successAfterMilliseconds ?? 3000
            try expect((0...10_000).contains(success), "successAfterMilliseconds", "0 to 10000")
            try expect(file.rosterMaximumAgeHours ?? 168 > 0, "rosterMaximumAgeHours", "at least 1")
            if let authorities = file.ledger.authorities {
                try AuthoritiesFile.check(TerminalSetup.resolve(authorities, besides: path))
            }
            return file
        }
    }

    private struct CredentialsFile: Decodable {
        let token: String
        let journalKey: String?
        let rosterKey: String
    }

    /// Reads the configuration in `path`. Paths in it are relative to its folder.
    ///
    /// - Throws: ``DataFileError`` with the file, the path to the value, and what was expected there.
    public static func load(path: String) throws(DataFileError) -> Configuration {
        let file = try File.read(path)
        let setup = TerminalSetup(file, at: path)
        func resolve(_ other: String) -> String { TerminalSetup.resolve(other, besides: path) }
        try SealedCredentials.check(file.credentials, in: path)
        return Configuration(
            file: path, number: setup.number, name: file.terminal.name, stateDirectory: setup.stateDirectory,
            profiles: setup.profiles, cardLayout: file.cardLayout, keys: resolve(file.keys),
            credentialsFile: setup.credentials, credentials: try loadCredentials(setup.credentials),
            readers: file.readers ?? [],
            voice: file.voice, ledger: setup.ledger, rosterMaximumAgeHours: file.rosterMaximumAgeHours ?? 168,
            journalEpoch: setup.journalEpoch, controlSocket: setup.controlSocket,
            role: Role(rawValue: file.terminal.role) ?? .activation,
            canteen: file.canteen ?? Canteen(), screenPort: file.screenPort,
            successAfterMilliseconds: file.successAfterMilliseconds ?? 3000)
    }

    /// Reads the secrets shared with the ledger.
    static func loadCredentials(_ path: String) throws(DataFileError) -> Credentials {
        let file = try JSON5File.decode(CredentialsFile.self, from: path)
        func key(_ text: String, _ place: String) throws(DataFileError) -> [UInt8] {
            guard let bytes = [UInt8](hex: text), bytes.count == 32 else {
                throw DataFileError(file: path, path: place, expected: "32 bytes in hexadecimal")
            }
            return bytes
        }
        guard !file.token.isEmpty else { throw DataFileError(file: path, path: "token", expected: "a text") }
        return Credentials(
            token: file.token,
            journalKey: try file.journalKey.map { text throws(DataFileError) in
                ChainKey(bytes: try key(text, "journalKey"))
            },
            rosterKey: try key(file.rosterKey, "rosterKey"))
    }
}

extension Configuration.Ledger: Decodable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case url, publicKey, authorities, permitMilliseconds, heartbeatMilliseconds
    }

    /// Reads the setting `ledger`, and refuses names that mean nothing.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: CodingKeys.self)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        url = try container.decode(String.self, forKey: .url)
        publicKey = try container.decode(String.self, forKey: .publicKey)
        authorities = try container.decodeIfPresent(String.self, forKey: .authorities)
        permitMilliseconds = try container.decodeIfPresent(Int64.self, forKey: .permitMilliseconds)
        heartbeatMilliseconds = try container.decodeIfPresent(Int64.self, forKey: .heartbeatMilliseconds)
    }
}

/// What a technician's tool needs to know of a terminal, credentials or not: they may not be there yet.
public struct TerminalSetup: Sendable {
    /// The terminal's number.
    public let number: UInt16
    /// Where journal and roster live.
    public let stateDirectory: String
    /// The file of the secrets shared with the ledger; where systemd unseals them, it is there only while the daemon runs.
    public let credentials: String
    /// By which name systemd unseals them for the daemon; `nil`: they lie open in their file.
    public let sealedName: String?
    /// The central ledger; the path of its authorities is resolved.
    public let ledger: Configuration.Ledger
    /// The journal's epoch.
    public let journalEpoch: UInt32
    /// The daemon's control socket; `nil`: it has none.
    public let controlSocket: String?
    /// The folder of profiles and voices.
    public let profiles: String
    /// Sound.
    public let voice: Configuration.Voice

    /// Reads what there is of it in the configuration `path`.
    ///
    /// - Throws: ``DataFileError`` with the file, the path to the value, and what was expected there.
    public static func load(path: String) throws(DataFileError) -> TerminalSetup {
        TerminalSetup(try Configuration.File.read(path), at: path)
    }

    fileprivate init(_ file: Configuration.File, at path: String) {
        number = file.terminal.number
        stateDirectory = Self.resolve(file.stateDirectory, besides: path)
        sealedName = SealedCredentials.name(file.credentials)
        credentials =
            SealedCredentials.place(file.credentials) ?? Self.resolve(file.credentials, besides: path)
        var ledger = file.ledger
        ledger.authorities = ledger.authorities.map { Self.resolve($0, besides: path) }
        self.ledger = ledger
        journalEpoch = file.journalEpoch ?? 1
        controlSocket = file.controlSocket.map { Self.resolve($0, besides: path) }
        profiles = Self.resolve(file.profiles, besides: path)
        voice = file.voice
    }

    /// The path `other` as the file at `path` means it.
    fileprivate static func resolve(_ other: String, besides path: String) -> String {
        guard !other.hasPrefix("/") else { return other }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return folder + "/" + other
    }
}
