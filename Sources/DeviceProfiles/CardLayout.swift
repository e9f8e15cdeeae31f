public import DataFiles
import Platform

/// What lies where on a card: the old campus application that we find, and ours that we put beside it.
///
/// Read from `device-profiles/cards/*.json5`. Sector numbers stand there and nowhere in the code.
public struct CardLayout: Sendable, Decodable {
    /// A stable name, as configurations refer to it.
    public let id: String
    /// A stable number, as journal records refer to it.
    public let number: UInt16
    /// For people.
    public let title: String
    /// The key that reads the manufacturer's block 0, which tells the chip's kind and gives copied cards away; left out
    /// where the cards' sector 0 is kept closed.
    public let chipKey: KeyReference?
    /// The application found on the card.
    public let old: OldApplication
    /// The application that activation puts there.
    public let ours: OurApplication

    /// The old application: whose card it is, and what must not be touched.
    public struct OldApplication: Sendable, Decodable {
        /// Where the holder's number (学工号) is.
        public let holderNumber: TextField
        /// The small purse (小钱包) to be registered and paid into the account, if this campus had one.
        public let smallPurse: PurseField?
        /// Sectors that keep serving others (water, electricity): never written, whatever happens.
        public let preserve: [Int]
    }

    /// A text in one block.
    public struct TextField: Sendable, Decodable {
        /// The sector.
        public let sector: Int
        /// The block within the sector, from 0.
        public let block: Int
        /// The first byte within the block.
        public let offset: Int
        /// The number of bytes.
        public let length: Int
        /// How bytes make digits.
        public let encoding: TextEncoding
        /// The key that reads it.
        public let key: KeyReference
    }

    /// How a text lies in bytes.
    public enum TextEncoding: String, Sendable, Decodable {
        /// One ASCII character a byte; padding by zero bytes or spaces at the end.
        case ascii
        /// Two decimal digits a byte, the first in the upper half; padding by F at the end.
        case bcd
    }

    /// An amount of money in one block.
    public struct PurseField: Sendable, Decodable {
        /// The sector.
        public let sector: Int
        /// The block within the sector, from 0.
        public let block: Int
        /// How the amount lies in the block.
        public let encoding: PurseEncoding
        /// The key that reads it.
        public let key: KeyReference
    }

    /// How an amount lies in a block.
    public enum PurseEncoding: String, Sendable, Decodable {
        /// A MIFARE value block in fen: three copies of a 32-bit integer, one inverted, and four address bytes.
        case valueBlock = "value-block"
    }

    /// A key by name; the bytes come from the key ring.
    public struct KeyReference: Sendable, Hashable, Decodable {
        /// The name in the key ring.
        public let name: String
        /// Key A or key B of the sector.
        public let type: KeySide
    }

    /// Which of a sector's two keys.
    public enum KeySide: String, Sendable, Hashable, Decodable {
        /// Key A.
        case a = "A"
        /// Key B.
        case b = "B"
    }

    /// Our application: one sector.
    public struct OurApplication: Sendable, Decodable {
        /// The version written into the identity block.
        public let version: UInt8
        /// Sectors that may be claimed, best first. Those that a card does not have are passed over.
        public let candidates: [Int]
        /// Under which keys a sector still free may be opened.
        public let freeKeys: [KeyReference]
        /// The name of the master key whose diversified keys become key A (may read).
        public let readKey: String
        /// The name of the master key whose diversified keys become key B (may write).
        public let writeKey: String
        /// The name of the master key of the allowance record's MAC.
        public let macKey: String
        /// The version of these master keys.
        public let keyVersion: UInt8
        /// Access condition (C1 C2 C3) of the data blocks, for example `100`.
        public let dataAccess: String
        /// Access condition (C1 C2 C3) of the sector trailer.
        public let trailerAccess: String
    }
}

extension CardLayout {
    /// Reads the layout in `path` and checks that it contradicts neither itself nor the chip.
    public static func load(path: String) throws(DataFileError) -> CardLayout {
        try JSON5File.decode(CardLayout.self, from: path).checked(file: path)
    }

    /// Reads the layout in `bytes`, with the checks of ``load(path:)``; `file` is the name that an error gives.
    public static func decode(_ bytes: [UInt8], file: String) throws(DataFileError) -> CardLayout {
        try JSON5File.decode(CardLayout.self, from: bytes, file: file).checked(file: file)
    }

    private func checked(file: String) throws(DataFileError) -> CardLayout {
        if let problem { throw DataFileError(file: file, path: problem.path, expected: problem.expected) }
        return self
    }

    /// MIFARE Classic 4K has 40 sectors (MF1S70 datasheet); the last eight have 15 data blocks.
    private static let sectorCount = 40
    private static let blockSize = 16

    private var problem: (path: String, expected: String)? {
        let claimed = Set(ours.candidates)
        let needed = [old.holderNumber.sector] + (old.smallPurse.map { [$0.sector] } ?? []) + old.preserve
        if let sector = needed.first(where: claimed.contains) {
            return (
                "ours.candidates",
                "sectors apart from those of the old application and from old.preserve, not \(sector)"
            )
        }
        if ours.candidates.isEmpty || claimed.count != ours.candidates.count {
            return ("ours.candidates", "at least one sector, each once")
        }
        // Sector 0 holds the maker's block and the MAD.
        if let sector = ours.candidates.first(where: { !(1..<Self.sectorCount).contains($0) }) {
            return ("ours.candidates", "sectors from 1 to 39, not \(sector)")
        }
        if ours.freeKeys.isEmpty { return ("ours.freeKeys", "at least one key") }
        // A block that begins with 0 is no identity, so the card would not be found again.
        if ours.version == 0 { return ("ours.version", "a number from 1 to 255") }
        if let problem = accessProblem { return problem }
        let field = old.holderNumber
        guard (0..<Self.blockSize).contains(field.offset), (1...Self.blockSize - field.offset).contains(field.length)
        else { return ("old.holderNumber", "offset and length within one block of 16 bytes") }
        if let problem = Self.problem(sector: field.sector, block: field.block, at: "old.holderNumber") {
            return problem
        }
        if let purse = old.smallPurse {
            return Self.problem(sector: purse.sector, block: purse.block, at: "old.smallPurse")
        }
        return nil
    }

    /// Under any other condition the sector's own keys could not prove it after its trailer was written, and the card
    /// would lose one candidate after the other (MF1S50YYX_V1, tables 7 and 8).
    private var accessProblem: (path: String, expected: String)? {
        guard ["100", "110"].contains(ours.dataAccess) else {
            return ("ours.dataAccess", "100 or 110: both keys read, only key B writes")
        }
        guard ["011", "100", "101"].contains(ours.trailerAccess) else {
            return ("ours.trailerAccess", "011, 100 or 101: key B cannot be read, and may change the trailer")
        }
        return nil
    }

    private static func problem(sector: Int, block: Int, at path: String) -> (path: String, expected: String)? {
        guard (0..<sectorCount).contains(sector) else { return (path + ".sector", "a sector from 0 to 39") }
        guard (0..<(sector < 32 ? 3 : 15)).contains(block) else {
            return (path + ".block", "a data block of the sector")
        }
        return nil
    }
}
