public import DeviceProfiles
import Platform
public import SmartCard

/// Why an operation on a MIFARE Classic did not succeed.
///
/// None of them says that the card is unchanged: after a failed write its state is unknown until it is read again.
public enum ClassicError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The card went away, or the reader with it.
    case cardGone(PCSCError)
    /// The reader or pcscd failed in another way.
    case transport(PCSCError)
    /// The card did not accept the key.
    case authenticationFailed(sector: Int, keyType: KeyType)
    /// The reader answered `operation` with a status word other than success.
    case refused(operation: CardOperation, status: UInt16)
    /// The reader's answer to `operation` says success, but is not of the right length.
    case malformedAnswer(operation: CardOperation)
    /// After selecting again, another card was there.
    case cardSwapped(expected: CardUID, found: CardUID)
    /// Our own rules forbid it; nothing was sent.
    case forbidden(String)

    init(_ error: PCSCError) { self = error.isCardGone ? .cardGone(error) : .transport(error) }

    /// True when the card, or the reader with it, went away.
    public var isCardGone: Bool {
        if case .cardGone = self { true } else { false }
    }

    /// Whether the card can be asked again: it refused, but it did not leave and is the one we know.
    public var isCardStillThere: Bool {
        switch self {
        case .cardGone, .cardSwapped: false
        case .transport, .authenticationFailed, .refused, .malformedAnswer, .forbidden: true
        }
    }

    var isForbidden: Bool {
        if case .forbidden = self { true } else { false }
    }

    /// For people.
    public var description: String {
        switch self {
        case .cardGone(let error): "card gone (\(error))"
        case .transport(let error): "reader failed (\(error))"
        case .authenticationFailed(let sector, let keyType): "key \(keyType) of sector \(sector) not accepted"
        case .refused(let operation, let status):
            "\(operation.rawValue) refused with \([UInt8(status >> 8), UInt8(status & 0xFF)].hex())"
        case .malformedAnswer(let operation): "answer to \(operation.rawValue) has the wrong length"
        case .cardSwapped(let expected, let found): "card \(expected.masked) became \(found.masked)"
        case .forbidden(let reason): "forbidden: \(reason)"
        }
    }
}
