import Platform

/// What kind of card an answer to reset hints at.
///
/// A routing hint only: readers report wrong kinds, and an ATR tells neither the chip's generation nor its maker. What
/// the card is shows itself when it is spoken to.
public enum CardFamily: Hashable, Sendable, CustomStringConvertible {
    /// MIFARE Classic, or a chip that behaves as one, of this size.
    case classic(ClassicSize)
    /// MIFARE Plus in security level 1: it behaves as a Classic of this size.
    case plusSL1(ClassicSize)
    /// A storage card whose name the standard does not know, as readers report when they do not recognise a Classic;
    /// the size is a guess.
    case presumedClassic(ClassicSize, name: UInt16)
    /// A storage card that is reported as something other than a Classic, of the same radio standard.
    case otherStorageCard(String)
    /// Something that cannot be a Classic; the text says what, as far as the ATR does.
    case other(String)

    /// Reads what a reader made up for a storage card, or what a card with a processor says of itself.
    ///
    /// Takes any bytes; a wrong check byte at the end is overlooked.
    public init(atr: [UInt8]) {
        self = Self.storageCard(atr) ?? Self.oldOmnikey(atr) ?? .other(Self.processorCard(atr))
    }

    /// The size to treat the card as, when it speaks the Classic commands.
    public var classicSize: ClassicSize? {
        switch self {
        case .classic(let size), .plusSL1(let size), .presumedClassic(let size, _): size
        case .otherStorageCard, .other: nil
        }
    }

    /// Whether the reader stated the size, rather than that it follows from nothing better than being common.
    ///
    /// What is stated may still be wrong: some readers report a Plus 2K as a 1K. Block 0 tells more
    /// (``ChipFingerprint/size``).
    public var isSizeStated: Bool {
        switch self {
        case .classic, .plusSL1: true
        case .presumedClassic, .otherStorageCard, .other: false
        }
    }

    /// Whether a Classic may be behind this ATR, so that probing it is worth a refused authentication.
    ///
    /// True for every ISO 14443 A storage card, whatever its name, since readers report wrong ones.
    public var mayBeClassic: Bool {
        switch self {
        case .classic, .plusSL1, .presumedClassic, .otherStorageCard: true
        case .other: false
        }
    }

    /// For people.
    public var description: String {
        switch self {
        case .classic(let size): "MIFARE Classic \(size)"
        case .plusSL1(let size): "MIFARE Plus SL1, as Classic \(size)"
        case .presumedClassic(let size, let name):
            "storage card of unknown name \([UInt8(name >> 8), UInt8(name & 0xFF)].hex()), perhaps Classic \(size)"
        case .otherStorageCard(let what), .other(let what): what
        }
    }

    // MARK: Storage cards

    /// The ATR that PC/SC part 3 prescribes for storage cards.
    private static func storageCard(_ atr: [UInt8]) -> CardFamily? {
        // 3B 8F 80 01 (TS T0 TD1 TD2), 80 4F 0C (historical bytes: application identifier of 12 bytes), the PC/SC
        // workgroup's A0 00 00 03 06, then the standard (03: ISO 14443 A part 3) and the card name, two bytes.
        let prefix: [UInt8] = [0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06]
        guard atr.count >= 15, atr.starts(with: prefix) else { return nil }
        let name = UInt16(atr[13]) << 8 | UInt16(atr[14])
        return named(name) ?? unnamed(name, standard: atr[12])
    }

    /// Card names of PC/SC part 3, and two that ACS added for FeliCa.
    private static func named(_ name: UInt16) -> CardFamily? {
        switch name {
        case 0x0001: .classic(.oneK)
        case 0x0002: .classic(.fourK)
        case 0x0026: .classic(.mini)
        case 0x0036: .plusSL1(.twoK)
        case 0x0037: .plusSL1(.fourK)
        case 0x0003: .otherStorageCard("MIFARE Ultralight")
        case 0x003A: .otherStorageCard("MIFARE Ultralight C")
        case 0x003D: .otherStorageCard("MIFARE Ultralight EV1")
        case 0x0038, 0x0039: .otherStorageCard("MIFARE Plus SL2")
        case 0x003B, 0xF011, 0xF012: .other("FeliCa")
        default: nil
        }
    }

    /// A card without one of these names.
    ///
    /// ACS readers, and others after them, put FF and the chip's type byte where they know no name: FF88 is Infineon's
    /// 1K. 0000 and FFA0 come from readers that did not recognise a Classic.
    private static func unnamed(_ name: UInt16, standard: UInt8) -> CardFamily {
        switch standard {
        // PC/SC part 3: ISO 14443 B, ISO 15693, cards with contacts, FeliCa.
        case 0x05...0x07, 0x09...0x11: return .other("storage card of another radio standard")
        default:
            let typed = name >> 8 == 0xFF ? ClassicSize(sak: UInt8(name & 0xFF)) : nil
            return .presumedClassic(typed ?? .oneK, name: name)
        }
    }

    /// What OMNIKEY's older readers make up: `3B F5 91 00 FF 91 81 71 FE 40 00 41`, type byte, three zeros, check byte.
    ///
    /// 41 stands for ISO 14443 A; passports and other type B cards have 42 there (pcsc-tools' list of ATRs).
    private static func oldOmnikey(_ atr: [UInt8]) -> CardFamily? {
        let prefix: [UInt8] = [0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x41]
        guard atr.count >= 13, atr.starts(with: prefix) else { return nil }
        let sak = atr[12]
        if sak == 0x00 { return .otherStorageCard("MIFARE Ultralight") }
        // 88 is a 1K, but was seen from a 4K too (pcsc-tools).
        if sak != 0x88, let size = ClassicSize(sak: sak) { return .classic(size) }
        return .presumedClassic(ClassicSize(sak: sak) ?? .oneK, name: 0xFF00 | UInt16(sak))
    }

    // MARK: Cards with a processor

    private static func processorCard(_ atr: [UInt8]) -> String {
        // 3B 8n 80 01: ISO 14443-4, n historical bytes (PC/SC part 3).
        guard atr.count >= 4, atr[0] == 0x3B, atr[1] & 0xF0 == 0x80, atr[2] == 0x80, atr[3] == 0x01 else {
            return "no contactless card that PC/SC knows"
        }
        let historical = atr[4...].prefix(Int(atr[1] & 0x0F))
        // Seen from readers, see the tests: a lone 80 or the ATS' own bytes from a DESFire; C1 05 2F 2F from a Plus
        // that was not personalised yet (SL0) or is in SL3.
        if historical.starts(with: [0xC1, 0x05, 0x2F, 0x2F]) { return "MIFARE Plus SL0 or SL3" }
        let desfire: [[UInt8]] = [[0x80], [0x06, 0x75, 0x77, 0x81, 0x02, 0x80], [0x81, 0x02, 0x80]]
        if desfire.contains(Array(historical)) { return "MIFARE DESFire" }
        return "ISO 14443-4 card"
    }
}
