/// What went wrong between us and a card: the PC/SC call, its return code, and what the code means.
public struct PCSCError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The PC/SC function that failed, by its C name.
    public let call: String
    /// Its return code.
    public let code: Code

    /// The failure `code` of `call`.
    public init(call: String, code: Code) {
        self.call = call
        self.code = code
    }

    /// A PC/SC return code. Open: a reader driver may return one that has no name here.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The 32-bit code, as in `pcsclite.h`.
        public let rawValue: UInt32
        /// The code with this number.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
    }

    /// What the code means, in a phrase.
    public var meaning: String { code.meaning }

    /// True when the card, or the reader with it, went away: what was under way is *unknown* until it is read again.
    public var isCardGone: Bool { code.saysCardGone }

    /// The value for people; nothing secret.
    public var description: String { "\(call): 0x\(String(code.rawValue, radix: 16)) (\(meaning))" }
}

// The numbers are those of pcsc-lite's pcsclite.h, which are PC/SC's own.
extension PCSCError.Code {
    /// The call was cancelled by `SCardCancel`.
    public static let cancelled = Self(rawValue: 0x8010_0002)
    /// The context or card handle is no longer valid: pcscd was restarted.
    public static let invalidHandle = Self(rawValue: 0x8010_0003)
    /// An argument was refused.
    public static let invalidParameter = Self(rawValue: 0x8010_0004)
    /// The answer does not fit the buffer.
    public static let insufficientBuffer = Self(rawValue: 0x8010_0008)
    /// No reader of that name.
    public static let unknownReader = Self(rawValue: 0x8010_0009)
    /// The time given passed.
    public static let timeout = Self(rawValue: 0x8010_000A)
    /// Another program holds the card exclusively.
    public static let sharingViolation = Self(rawValue: 0x8010_000B)
    /// No card in the reader.
    public static let noSmartcard = Self(rawValue: 0x8010_000C)
    /// The protocol asked for is not the card's.
    public static let protocolMismatch = Self(rawValue: 0x8010_000F)
    /// An internal communication error between us and pcscd.
    public static let communication = Self(rawValue: 0x8010_0013)
    /// The transaction or transmission ended without an answer.
    public static let notTransacted = Self(rawValue: 0x8010_0016)
    /// The reader is gone.
    public static let readerUnavailable = Self(rawValue: 0x8010_0017)
    /// pcscd is not running.
    public static let noService = Self(rawValue: 0x8010_001D)
    /// pcscd stopped while we were connected.
    public static let serviceStopped = Self(rawValue: 0x8010_001E)
    /// No reader at all is attached.
    public static let noReadersAvailable = Self(rawValue: 0x8010_002E)
    /// The card cannot be talked to because of a protocol it does not support.
    public static let unsupportedCard = Self(rawValue: 0x8010_0065)
    /// The card does not answer a reset.
    public static let unresponsiveCard = Self(rawValue: 0x8010_0066)
    /// The card is without power.
    public static let unpoweredCard = Self(rawValue: 0x8010_0067)
    /// The card was reset by somebody else.
    public static let resetCard = Self(rawValue: 0x8010_0068)
    /// The card was taken away.
    public static let removedCard = Self(rawValue: 0x8010_0069)
    /// Access was denied by policy (polkit).
    public static let securityViolation = Self(rawValue: 0x8010_006A)

    /// The return code `status` as the C library gives it: a `LONG` whose upper half is sign or zero.
    init(status: Int) { self.init(rawValue: UInt32(truncatingIfNeeded: status)) }

    var saysCardGone: Bool {
        switch self {
        case .removedCard, .resetCard, .noSmartcard, .readerUnavailable, .unknownReader, .notTransacted,
            .unpoweredCard, .unresponsiveCard, .invalidHandle, .serviceStopped, .noService, .communication:
            true
        default: false
        }
    }

    var meaning: String {
        switch self {
        case .cancelled: "cancelled"
        case .invalidHandle: "handle no longer valid"
        case .invalidParameter: "invalid parameter"
        case .insufficientBuffer: "answer longer than the buffer"
        case .unknownReader: "no such reader"
        case .timeout: "timed out"
        case .sharingViolation: "another program holds the card"
        case .noSmartcard: "no card in the reader"
        case .protocolMismatch: "protocol mismatch"
        case .communication: "lost contact with pcscd"
        case .notTransacted: "no answer from the card"
        case .readerUnavailable: "reader gone"
        case .noService: "pcscd is not running"
        case .serviceStopped: "pcscd stopped"
        case .noReadersAvailable: "no reader attached"
        case .unsupportedCard: "card not supported by the reader"
        case .unresponsiveCard: "card does not answer"
        case .unpoweredCard: "card has no power"
        case .resetCard: "card was reset"
        case .removedCard: "card removed"
        case .securityViolation: "access denied by policy"
        default: "not a code we know"
        }
    }
}
