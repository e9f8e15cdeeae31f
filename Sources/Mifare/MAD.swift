import Platform

/// The MIFARE application directory: which sector belongs to whom (NXP AN10787).
///
/// Version 1 lies in blocks 1 and 2 and covers sectors 1 to 15; version 2 continues in sector 16, for sectors 17 to 39.
/// Each half begins with a checksum and an info byte, then two bytes for each sector, low byte first in both halves.
public struct MAD: Hashable, Sendable {
    /// Which directory a card has; the number is that of ``GeneralPurposeByte``.
    public enum Version: UInt8, CaseIterable, Hashable, Sendable {
        /// In sector 0, for 16 sectors.
        case one = 1
        /// In sectors 0 and 16, for up to 40 sectors.
        case two = 2
    }

    /// Which directory it is.
    public let version: Version

    /// One for each half: bits 0 to 5 point to the card publisher's sector, 6 and 7 are reserved and kept.
    private var infoBytes: [UInt8]
    /// By sector; the directory's own sectors have no entry and stay free here.
    private var entries: [ApplicationID]

    /// An empty directory for a card of `size`; the sectors that it does not have are marked as not applicable.
    public init(for size: ClassicSize) {
        version = size.sectors > 16 ? .two : .one
        infoBytes = [UInt8](repeating: 0, count: version.halves.count)
        entries = (0..<version.sectors).map { $0 < size.sectors ? .free : .notApplicable }
    }

    /// Reads a directory.
    ///
    /// - Parameters:
    ///   - generalPurposeByte: byte 9 of sector 0's trailer, which says how much of a directory there is.
    ///   - blocks: the card's blocks by number, at least those of ``Version/blocks``.
    public init(generalPurposeByte: GeneralPurposeByte, blocks: [Int: Block]) throws(MADError) {
        guard generalPurposeByte.hasDirectory else { throw .noDirectory }
        guard let version = Version(rawValue: generalPurposeByte.versionCode) else {
            throw .unknownVersion(generalPurposeByte.versionCode)
        }
        self.version = version
        infoBytes = []
        entries = []
        for half in version.halves {
            let bytes = try half.bytes(of: blocks)
            infoBytes.append(bytes[1])
            entries.append(.free)
            entries += stride(from: 2, to: bytes.count, by: 2).map { place in
                ApplicationID(functionCluster: bytes[place + 1], applicationCode: bytes[place])
            }
        }
    }

    /// The blocks to write, by number, with their checksums.
    public var blocks: [Int: Block] {
        var blocks: [Int: Block] = [:]
        for (half, info) in zip(version.halves, infoBytes) {
            let content = [info] + half.sectors.flatMap { entries[$0].bytes }
            let bytes = [MAD.checksum(content)] + content
            for (index, block) in half.blocks.enumerated() {
                let start = index * ClassicSize.blockLength
                blocks[block] = Block(assembled: Array(bytes[start..<start + ClassicSize.blockLength]))
            }
        }
        return blocks
    }

    // MARK: Entries

    /// Whose `sector` is; `nil` when the directory has no entry for it.
    public subscript(sector: Int) -> ApplicationID? { version.hasEntry(for: sector) ? entries[sector] : nil }

    /// The sectors of `application`, in rising order.
    public func sectors(of application: ApplicationID) -> [Int] {
        entries.indices.filter { self[$0] == application }
    }

    /// The first sector that is nobody's.
    public var firstFree: Int? { sectors(of: .free).first }

    /// Enters `application` for `sector`, which must be free or its own already.
    public mutating func assign(_ application: ApplicationID, to sector: Int) throws(MADError) {
        let owner = try owner(of: sector)
        guard owner == .free || owner == application else { throw .taken(sector: sector, by: owner) }
        entries[sector] = application
    }

    /// Makes `sector` free, whosever it is.
    public mutating func clear(_ sector: Int) throws(MADError) {
        _ = try owner(of: sector)
        entries[sector] = .free
    }

    private func owner(of sector: Int) throws(MADError) -> ApplicationID {
        guard let owner = self[sector], owner != .notApplicable else { throw .noEntry(sector: sector) }
        return owner
    }

    // MARK: Card publisher

    /// The sector that names who issued the card; `nil` when there is none or the pointer leads nowhere.
    public var publisherSector: Int? {
        let sector = Int(infoBytes[0] & Self.pointerMask)
        return version.hasEntry(for: sector) ? sector : nil
    }

    /// Points to the card publisher's sector, in both halves; `nil` for none.
    public mutating func setPublisherSector(_ sector: Int?) throws(MADError) {
        if let sector { _ = try owner(of: sector) }
        // 0 means none; entries end at sector 39, so the number fits the pointer's 6 bits.
        let pointer = UInt8(sector ?? 0)
        infoBytes = infoBytes.map { $0 & ~Self.pointerMask | pointer }
    }

    private static let pointerMask: UInt8 = 0x3F

    /// The checksum over everything after it: CRC-8 with polynomial 1D, preset C7.
    ///
    /// AN10787 writes the preset as E3, bit by bit the other way round.
    fileprivate static func checksum(_ bytes: [UInt8]) -> UInt8 {
        bytes.reduce(0xC7) { checksum, byte in
            (0..<8).reduce(checksum ^ byte) { value, _ in value & 0x80 == 0 ? value << 1 : value << 1 ^ 0x1D }
        }
    }
}

extension MAD.Version {
    /// The blocks that hold the directory.
    public var blocks: [Int] { halves.flatMap(\.blocks) }

    /// How many sectors it reaches over, its own included.
    fileprivate var sectors: Int { self == .one ? 16 : 40 }

    fileprivate var halves: [Half] {
        let first = Half(home: 0, blocks: 1..<3, sectors: 1..<16)
        let second = Half(home: 16, blocks: 64..<67, sectors: 17..<40)
        return self == .one ? [first] : [first, second]
    }

    fileprivate func hasEntry(for sector: Int) -> Bool { halves.contains { $0.sectors.contains(sector) } }

    /// The part of a directory that lies in one sector.
    fileprivate struct Half {
        let home: Int
        let blocks: Range<Int>
        let sectors: Range<Int>

        /// Its bytes one after the other, checksum first, once that has been checked.
        func bytes(of blocks: [Int: Block]) throws(MADError) -> [UInt8] {
            var bytes: [UInt8] = []
            for number in self.blocks {
                guard let block = blocks[number] else { throw .missingBlock(number) }
                bytes += block.bytes
            }
            let computed = MAD.checksum(Array(bytes.dropFirst()))
            guard bytes[0] == computed else {
                throw .checksumWrong(sector: home, stored: bytes[0], computed: computed)
            }
            return bytes
        }
    }
}

/// Why an application directory cannot be read, or not be changed so.
public enum MADError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The general purpose byte says that the card has none.
    case noDirectory
    /// The general purpose byte names a version other than 1 and 2.
    case unknownVersion(UInt8)
    /// A block of the directory was not given.
    case missingBlock(Int)
    /// The half in `sector` is damaged: nothing in it can be believed.
    case checksumWrong(sector: Int, stored: UInt8, computed: UInt8)
    /// The directory has no entry for the sector, or the card no such sector.
    case noEntry(sector: Int)
    /// The sector is somebody else's.
    case taken(sector: Int, by: ApplicationID)

    /// For people.
    public var description: String {
        switch self {
        case .noDirectory: "the card has no application directory"
        case .unknownVersion(let version): "application directory of unknown version \(version)"
        case .missingBlock(let block): "block \(block) of the application directory is missing"
        case .checksumWrong(let sector, let stored, let computed):
            "directory in sector \(sector) damaged: checksum \([stored].hex()), expected \([computed].hex())"
        case .noEntry(let sector): "the application directory has no entry for sector \(sector)"
        case .taken(let sector, let owner): "sector \(sector) belongs to application \(owner)"
        }
    }
}
