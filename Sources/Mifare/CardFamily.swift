/// What kind of card an answer to reset hints at.
///
/// A routing hint only: readers report wrong kinds, and an ATR tells neither the chip's generation nor its maker. What
/// the card is shows itself when it is spoken to.
public enum CardFamily: Hashable, Sendable, CustomStringConvertible {
    /// MIFARE Classic, or a chip that behaves as one, of this size.
    case classic(ClassicSize)
    /// MIFARE Plus in security level 1: it behaves as a Classic of at least this size.
    case plusSL1(ClassicSize)
    /// Something else; the text says what, as far as the ATR does.
    case other(String)

    /// Reads the card name that PC/SC part 3 puts into the ATR of a storage card.
    public init(atr: [UInt8]) {
        // 3B 8F 80 01 (TS T0 TD1 TD2), 80 4F 0C (historical bytes: application identifier of 12 bytes), the PC/SC
        // workgroup's A0 00 00 03 06, then the standard (03: ISO 14443 A part 3) and the card name, two bytes.
        let storageCard: [UInt8] = [0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06]
        guard atr.count >= 15, atr.starts(with: storageCard) else {
            self = .other("not a PC/SC storage card")
            return
        }
        let name = UInt16(atr[13]) << 8 | UInt16(atr[14])
        self =
            switch name {
            case 0x0001, 0xFF88: .classic(.oneK)
            case 0x0002: .classic(.fourK)
            case 0x0026: .classic(.mini)
            // The first half of a 2K Plus is laid out like a 1K Classic, and no layout of ours goes beyond it.
            case 0x0036: .plusSL1(.oneK)
            case 0x0037: .plusSL1(.fourK)
            case 0x0003, 0x003A, 0x003D: .other("MIFARE Ultralight")
            case 0x0038, 0x0039: .other("MIFARE Plus SL2")
            case 0x003B: .other("FeliCa")
            default: .other("storage card of an unknown kind")
            }
    }

    /// The size to treat the card as, when it speaks the Classic commands.
    public var classicSize: ClassicSize? {
        switch self {
        case .classic(let size), .plusSL1(let size): size
        case .other: nil
        }
    }

    /// For people.
    public var description: String {
        switch self {
        case .classic(let size): "MIFARE Classic \(size)"
        case .plusSL1(let size): "MIFARE Plus SL1, as Classic \(size)"
        case .other(let what): what
        }
    }
}
