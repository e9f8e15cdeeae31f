import Platform

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
    /// What the profile is recognised by.
    public let match: Match
    /// The bytes for each operation.
    public let commands: Commands
    /// The reader's key slots that we may use, in order.
    public let keySlots: [UInt8]
    /// What its status words mean.
    public let statusWords: StatusWords
    /// What a card needs after it refused us.
    public let afterAuthFailure: AfterAuthFailure
    /// How long one APDU takes on this reader, card included, in milliseconds; the simulator keeps to it.
    public let latencyMilliseconds: Int
    /// The commands for its lights and its buzzer, when it has any.
    public let lights: Lights?
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
    }

    /// What a card needs after a failed authentication or a refused access.
    public enum AfterAuthFailure: String, Hashable, Sendable, Codable, CaseIterable {
        /// It stays silent until the field is taken away and it is selected again.
        case reconnect
        /// The reader selects it again by itself.
        case none
    }

    /// What a reader is recognised by: the USB identity first, then the name that pcscd gives it.
    public struct Match: Hashable, Sendable {
        /// USB identities.
        public let usb: [USBIdentity]
        /// Parts of the name, in any case of letters.
        public let names: [String]
        /// Whether this profile is for readers that no other one matches.
        public let fallback: Bool
    }

    /// The templates of the operations.
    public struct Commands: Hashable, Sendable {
        /// Gives the UID.
        public let uid: ApduTemplate
        /// Puts a key into a slot.
        public let loadKey: ApduTemplate
        /// Authenticates the sector of a block.
        public let authenticate: ApduTemplate
        /// Reads a block.
        public let read: ApduTemplate
        /// Writes a block.
        public let write: ApduTemplate

        /// The template of `operation`.
        public subscript(operation: CardOperation) -> ApduTemplate {
            switch operation {
            case .uid: uid
            case .loadKey: loadKey
            case .authenticate: authenticate
            case .read: read
            case .write: write
            }
        }
    }

    /// Fixed commands for lights and buzzer.
    public struct Lights: Hashable, Sendable {
        /// How they reach the reader.
        public let transport: Transport
        /// The control code to send them under when ``transport`` is ``Transport/escape``.
        public let controlCode: UInt32?
        /// When a card was laid down and is worked on.
        public let onCardPresent: Command?
        /// When the card is done.
        public let onSuccess: Command?
        /// When it was refused or the work failed.
        public let onFailure: Command?
        /// When no card is there.
        public let onIdle: Command?

        /// The ways to the reader itself.
        public enum Transport: String, Hashable, Sendable, Codable, CaseIterable {
            /// As an APDU, which needs a card in the field.
            case apdu
            /// As a PC/SC escape command, at any time, where the driver allows it.
            case escape
        }

        /// One command and what the reader answers to it, which need not be 9000.
        public struct Command: Hashable, Sendable {
            /// The bytes to send.
            public let send: [UInt8]
            /// The bytes that it answers.
            public let answer: [UInt8]
        }

        /// All commands that there are.
        public var all: [Command] { [onCardPresent, onSuccess, onFailure, onIdle].compactMap(\.self) }
    }
}

/// A USB vendor and product number.
public struct USBIdentity: Hashable, Sendable, CustomStringConvertible {
    /// idVendor.
    public let vendor: UInt16
    /// idProduct.
    public let product: UInt16

    /// The identity of these two numbers.
    public init(vendor: UInt16, product: UInt16) {
        self.vendor = vendor
        self.product = product
    }

    /// Reads `072F:2200`.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ $0.utf8.count == 4 }),
            let vendor = UInt16(halves[0], radix: 16), let product = UInt16(halves[1], radix: 16)
        else { return nil }
        self.init(vendor: vendor, product: product)
    }

    /// For people.
    public var description: String { "\(Self.digits(vendor)):\(Self.digits(product))" }

    private static func digits(_ number: UInt16) -> String {
        [UInt8(number >> 8), UInt8(number & 0xFF)].hex()
    }
}
