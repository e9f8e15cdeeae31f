/// What the manufacturer's block 0 says about the chip: UID, type bytes, and the maker's own marks.
///
/// It corrects an ATR that reports the wrong size, and shows cards that were made to look like another. All of it can
/// be copied: it convicts clumsy clones only, and acquits nobody.
public struct ChipFingerprint: Hashable, Sendable {
    /// The UID as block 0 holds it: 4 bytes, or 7.
    public let uid: CardUID
    /// The XOR of a 4-byte UID, as block 0 holds it; `nil` behind a 7-byte UID, which has none.
    public let checkByte: UInt8?
    /// The type byte; NXP sets bit 7 here, though not in the answer to a selection (08 stands as 88).
    public let sak: UInt8
    /// The answer to the first call, as data sheets write it, such as 0x0004; block 0 holds its low byte first.
    public let atqa: UInt16
    /// What the maker put behind them: 8 bytes, or 6 behind a 7-byte UID.
    public let makersBytes: [UInt8]

    private let hasStandIn: Bool
    private let selected: CardUID

    /// Reads `block0` of the card that was selected with `uid`; `nil` for a UID of 10 bytes, which no Classic has.
    ///
    /// With a UID of 4 bytes block 0 holds that, its XOR, SAK and ATQA; with one of 7, no XOR (DS-MFC 8.6.1). A 7-byte
    /// chip may be set to answer with a random or derived number of 4 bytes and then holds its 7 bytes still.
    public init?(block0: Block, uid: CardUID) {
        guard uid.bytes.count <= 7 else { return nil }
        selected = uid
        let bytes = block0.bytes
        hasStandIn = uid.bytes.count == 4 && Self.isStandIn(uid.bytes, for: bytes)
        let length = hasStandIn ? 7 : uid.bytes.count
        guard let stored = CardUID(Array(bytes[..<length])) else { return nil }
        self.uid = stored
        checkByte = length == 4 ? bytes[4] : nil
        let types = length == 4 ? 5 : 7
        sak = bytes[types]
        atqa = UInt16(bytes[types + 1]) | UInt16(bytes[types + 2]) << 8
        makersBytes = Array(bytes[(types + 3)...])
    }

    /// Whether `selected` is a number that an NXP chip with 7 bytes of UID answers with in their place.
    ///
    /// ISO 14443-3 gives random numbers 08 as their first byte, fixed ones that are not unique an F as its low digit.
    private static func isStandIn(_ selected: [UInt8], for block0: [UInt8]) -> Bool {
        guard selected[0] == 0x08 || selected[0] & 0x0F == 0x0F, Array(block0[..<4]) != selected else { return false }
        return block0[0] == Self.nxp && ClassicSize(sak: block0[7]) != nil && block0[8] & 0xC0 == 0x40
    }

    /// NXP's manufacturer code, the first byte of its 7-byte UIDs (ISO 7816-6).
    private static let nxp: UInt8 = 0x04

    /// The size that the type byte stands for; `nil` when it is not a Classic's.
    ///
    /// A Plus 2K in security level 1 is told as 1K: their type bytes are the same (NXP AN10833).
    public var size: ClassicSize? { ClassicSize(sak: sak) }

    /// What is odd about the block.
    ///
    /// Hints only, never a reason to refuse the card (see ``CloneHints``).
    public var hints: CloneHints {
        var hints: CloneHints = []
        if !hasStandIn, uid != selected { hints.insert(.uidMismatch) }
        if let checkByte, checkByte != uid.bytes.reduce(0, ^) { hints.insert(.checkByteWrong) }
        if !typesAgree { hints.insert(.typeMismatch) }
        if isFudan || hasFiller { hints.insert(.knownCloneMaker) }
        return hints
    }

    /// Whether SAK, ATQA and the UID's length go together (NXP AN10833).
    ///
    /// ATQA bits 6 and 7 tell the UID's length. Below them stands 2 on a Classic 4K and 4 on smaller ones; a Plus may
    /// have either, so a type byte without bit 7, which may be a Plus', is not held to it.
    private var typesAgree: Bool {
        guard let size, atqa >> 6 & 0b11 == (uid.bytes.count == 7 ? 1 : 0) else { return false }
        let kind = atqa & 0x3F
        guard sak & 0x80 != 0 || size == .mini else { return kind == 0x02 || kind == 0x04 }
        return kind == (size == .fourK ? 0x02 : 0x04)
    }

    /// FM11RF08 and FM11RF08S, the chips of most copies: `08 04 00`, 01 to 05, ..., and 90, 91, 98 or 1D at the end.
    ///
    /// Seen in the fingerprints that Proxmark3 collects. Their UID has 4 bytes, and NXP's SAK is 88 at this place.
    private var isFudan: Bool {
        guard uid.bytes.count == 4, sak == 0x08, atqa == 0x0004 else { return false }
        return (0x01...0x05).contains(makersBytes[0]) && [0x90, 0x91, 0x98, 0x1D].contains(makersBytes[7])
    }

    /// The letters `bcdefghi`, with which chips of which block 0 can be written are delivered; fewer of them behind a
    /// 7-byte UID.
    private var hasFiller: Bool { makersBytes == Array((0x62...0x69).prefix(makersBytes.count)) }
}
