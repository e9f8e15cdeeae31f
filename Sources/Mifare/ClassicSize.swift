/// How much memory a MIFARE Classic has, and how it is divided (DS-MFC 8.6).
///
/// Sectors 0 to 31 have 4 blocks; sectors 32 to 39 of a 4K have 16. The last block of a sector is its trailer.
public enum ClassicSize: String, CaseIterable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// 320 bytes.
    case mini
    /// 1024 bytes.
    case oneK = "1K"
    /// 2048 bytes: a MIFARE Plus 2K in security level 1 (DS-PLUS).
    case twoK = "2K"
    /// 4096 bytes.
    case fourK = "4K"

    /// Bytes in a block.
    public static let blockLength = 16

    /// The size of a card with `bytes` bytes.
    public init?(bytes: Int) {
        guard let size = Self.allCases.first(where: { $0.bytes == bytes }) else { return nil }
        self = size
    }

    /// The size that a card's type byte (SAK) stands for; `nil` when it is not one of a Classic (NXP AN10833).
    ///
    /// A Plus 2K in security level 1 answers 08 as a 1K does, so 08 says at least 1K. Bit 7 is set on Infineon's chips
    /// (88) and in block 0 of NXP's, whose selection answers without it. 28 and 38 are smart cards that play a Classic.
    public init?(sak: UInt8) {
        switch sak & 0x7F {
        case 0x09: self = .mini
        case 0x08, 0x28: self = .oneK
        case 0x19: self = .twoK
        case 0x18, 0x38: self = .fourK
        default: return nil
        }
    }

    /// The number of blocks.
    public var blocks: Int {
        switch self {
        case .mini: 20
        case .oneK: 64
        case .twoK: 128
        case .fourK: 256
        }
    }

    /// The number of sectors.
    public var sectors: Int {
        switch self {
        case .mini: 5
        case .oneK: 16
        case .twoK: 32
        case .fourK: 40
        }
    }

    /// The number of bytes.
    public var bytes: Int { blocks * Self.blockLength }

    /// For people.
    public var description: String { self == .mini ? "Mini" : rawValue }

    /// The blocks of `sector`, trailer last.
    ///
    /// Sectors beyond the card's end have blocks beyond its end.
    public static func blocks(ofSector sector: Int) -> Range<Int> {
        if sector < 32 { return sector * 4..<sector * 4 + 4 }
        let first = 128 + (sector - 32) * 16
        return first..<first + 16
    }

    /// The first block of `sector`.
    public static func firstBlock(ofSector sector: Int) -> Int { blocks(ofSector: sector).lowerBound }

    /// The trailer of `sector`.
    public static func trailer(ofSector sector: Int) -> Int { blocks(ofSector: sector).upperBound - 1 }

    /// The blocks of `sector` that hold data: all but the trailer, and in sector 0 not the manufacturer's block 0.
    public static func dataBlocks(ofSector sector: Int) -> Range<Int> {
        let all = blocks(ofSector: sector)
        return (sector == 0 ? 1 : all.lowerBound)..<all.upperBound - 1
    }

    /// The sector that `block` lies in.
    public static func sector(ofBlock block: Int) -> Int { block < 128 ? block / 4 : 32 + (block - 128) / 16 }

    /// Whether `block` is a trailer.
    public static func isTrailer(_ block: Int) -> Bool { block == trailer(ofSector: sector(ofBlock: block)) }

    /// Which of a sector's four access conditions holds for `block`: 0 to 2 for data, 3 for the trailer.
    ///
    /// In a sector of 16 blocks five data blocks share a condition (DS-MFC 8.7.1).
    public static func accessGroup(ofBlock block: Int) -> Int {
        let sector = sector(ofBlock: block)
        let offset = block - firstBlock(ofSector: sector)
        return sector < 32 ? offset : offset / 5
    }
}
