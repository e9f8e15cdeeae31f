public import DeviceProfiles
public import Mifare
public import Platform

/// What the old application says: whose card it is and what its small purse holds. It is only ever read.
public struct OldApplication: Hashable, Sendable {
    /// The holder's number (学工号).
    public let holderNumber: String
    /// What the small purse holds; `nil` when it was not read, or could not be read as an amount.
    public internal(set) var smallPurse: Fen?
}

/// Why an old application cannot be read, though the card answers.
public enum OldApplicationProblem: Error, Sendable {
    /// Its keys do not open the card: not one of this campus's.
    case wrongKeys
    /// The identity is not a number in the encoding that the layout gives.
    case undecodableIdentity
    /// The key ring has no key of that name.
    case missingKey(String)
    /// The card could not be spoken to.
    case card(ClassicError)
}

extension OldApplication {
    /// Reads whose card `card` is, as `layout` says.
    public static func read(
        from card: ClassicCard, uid: CardUID, layout: CardLayout.OldApplication, keys: any KeyRing
    ) throws(OldApplicationProblem) -> OldApplication {
        let field = layout.holderNumber
        let block = try read(card, uid, keys, field.key, sector: field.sector, block: field.block)
        guard let number = field.decode(block.bytes) else { throw .undecodableIdentity }
        return OldApplication(holderNumber: number, smallPurse: nil)
    }

    /// Reads the small purse too, which only a card that is to be activated is asked for.
    public mutating func readSmallPurse(
        of card: ClassicCard, uid: CardUID, layout: CardLayout.OldApplication, keys: any KeyRing
    ) throws(OldApplicationProblem) {
        smallPurse = try Self.smallPurse(of: card, uid, layout, keys)
    }

    private static func smallPurse(
        of card: ClassicCard, _ uid: CardUID, _ layout: CardLayout.OldApplication, _ keys: any KeyRing
    ) throws(OldApplicationProblem) -> Fen? {
        guard let purse = layout.smallPurse else { return .zero }
        do throws(OldApplicationProblem) {
            let block = try read(card, uid, keys, purse.key, sector: purse.sector, block: purse.block)
            // A purse below zero holds nothing to be paid out; what it means is for the card centre to find out.
            return ValueBlock(block).flatMap { $0.value < 0 ? nil : Fen(Int64($0.value)) }
        } catch {
            // A purse that cannot be opened or read must not keep the card from being activated: the outcome says
            // "not read", and the card centre settles it. A card that left is another matter.
            guard case .card(let problem) = error, problem.isCardGone else { return nil }
            throw error
        }
    }

    private static func read(
        _ card: ClassicCard, _ uid: CardUID, _ keys: any KeyRing, _ key: CardLayout.KeyReference, sector: Int,
        block: Int
    ) throws(OldApplicationProblem) -> Block {
        guard let secret = keys.sectorKey(key.name, version: 1, uid: uid, sector: sector) else {
            throw .missingKey(key.name)
        }
        do throws(ClassicError) {
            let block = ClassicSize.firstBlock(ofSector: sector) + block
            return try card.read(blocks: block..<block + 1, key: secret, type: KeyType(key.type))[0]
        } catch {
            if case .authenticationFailed = error { throw .wrongKeys }
            throw .card(error)
        }
    }
}

extension KeyType {
    /// The MIFARE key type of a layout's key.
    public init(_ side: CardLayout.KeySide) { self = side == .a ? .a : .b }
}

extension CardLayout.TextField {
    /// The digits or letters in a block of 16 bytes; `nil` when there are none or the encoding forbids a byte.
    func decode(_ block: [UInt8]) -> String? {
        let bytes = block[offset..<offset + length]
        switch encoding {
        case .ascii:
            let end = bytes.lastIndex { $0 != 0 && $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? bytes.startIndex
            let text = bytes[..<end]
            // Holder numbers are digits and Latin letters; anything else is another card's data.
            guard !text.isEmpty, text.allSatisfy({ $0.isASCIILetterOrDigit }) else { return nil }
            return String(decoding: text, as: UTF8.self)
        case .bcd:
            let nibbles = bytes.flatMap { [$0 >> 4, $0 & 15] }
            let end = nibbles.firstIndex(of: 15) ?? nibbles.endIndex
            guard end > 0, nibbles[..<end].allSatisfy({ $0 < 10 }), nibbles[end...].allSatisfy({ $0 == 15 }) else {
                return nil
            }
            return nibbles[..<end].map(String.init).joined()
        }
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
