import CampusCard
import DeviceProfiles
import Mifare
import Platform
import Simulator

/// Somebody who does not exist, with the cards that name them.
final class Holder {
    let number: String
    var hasAccount: Bool
    var isLost: Bool
    var wasEverLost: Bool
    var cards: [HeldCard] = []

    init(number: String, hasAccount: Bool, isLost: Bool) {
        self.number = number
        self.hasAccount = hasAccount
        self.isLost = isLost
        wasEverLost = isLost
    }
}

/// A card in somebody's hand, and what it was like before any kiosk saw it.
final class HeldCard {
    let uid: CardUID
    let chip: SimulatedCard
    let original: [UInt8]
    /// What its small purse holds; `nil` when the purse makes no sense.
    let purse: Fen?
    /// `nil`: a card of another campus.
    let holder: Holder?
    /// Candidate sectors that are free for us.
    let free: [Int]
    /// Lies on a reader.
    var isInUse = false

    init(uid: CardUID, chip: SimulatedCard, purse: Fen?, holder: Holder?, free: [Int]) {
        self.uid = uid
        self.chip = chip
        original = chip.chip.memory
        self.purse = purse
        self.holder = holder
        self.free = free
    }

    var memory: [UInt8] { chip.chip.memory }

    /// What must be paid for it once it is active, and never more; the ledger believes up to ¥1,000.
    var payable: Int64 {
        guard let purse, (1...100_000).contains(purse.rawValue) else { return 0 }
        return purse.rawValue
    }

    /// The sectors free at the start whose trailer is neither the old one nor ours: torn, and lost to everybody.
    var tornSectors: [Int] {
        free.filter { sector in
            let block = ClassicSize.trailer(ofSector: sector)
            let now = chip.chip.content(of: block)
            return now != Array(original[block * 16..<block * 16 + 16]) && now != trailer(of: sector)
        }
    }

    /// The trailer that makes `sector` ours.
    private func trailer(of sector: Int) -> [UInt8]? {
        let grounds = Grounds.shared
        return CampusSector.trailer(of: sector, uid: uid, layout: grounds.layout.ours, keys: grounds.keys)
            .map { $0.keyA.bytes + $0.accessBits.bytes + [$0.userByte] + $0.keyB.bytes }
    }

    /// Bytes that no terminal may change: everything outside the free candidate sectors.
    var isUntouchedElsewhere: Bool {
        let size = chip.chip.size
        let now = memory
        return (0..<size.sectors).allSatisfy { sector in
            let blocks = ClassicSize.blocks(ofSector: sector)
            let range = blocks.lowerBound * 16..<blocks.upperBound * 16
            return free.contains(sector) || now[range] == original[range]
        }
    }
}

extension SplitMix64 {
    /// True once in `count` times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// Makes up people and their cards.
struct Population {
    var random: SplitMix64
    private var uids = 0

    init(random: SplitMix64) { self.random = random }

    mutating func holders(_ count: Int) -> [Holder] {
        (0..<count).map { index in
            let hasAccount = !random.oneIn(7)
            let holder = Holder(
                number: "20260\(10_000 + index)", hasAccount: hasAccount, isLost: hasAccount && random.oneIn(12))
            for _ in 0..<(random.oneIn(3) ? 2 : 1) {
                if let card = card(of: holder) { holder.cards.append(card) }
            }
            return holder
        }
    }

    /// A card from somewhere else: a factory chip.
    mutating func stranger() -> HeldCard? {
        let size = ClassicSize.oneK
        guard let uid = uid() else { return nil }
        return HeldCard(
            uid: uid, chip: SimulatedCard(ClassicChip(factory: size, uid: uid)), purse: nil, holder: nil, free: [])
    }

    private mutating func uid() -> CardUID? {
        uids += 1
        let length = random.oneIn(3) ? 7 : 4
        let tail = (0..<length - 3).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return CardUID([0x04, UInt8(uids >> 8), UInt8(uids & 0xFF)] + tail)
    }

    private mutating func card(of holder: Holder) -> HeldCard? {
        let grounds = Grounds.shared
        let size: ClassicSize = random.oneIn(8) ? .mini : random.oneIn(6) ? .fourK : .oneK
        // Small amounts, nothing, more than is believed, and less than nothing, which is no amount.
        let purse: Int64 =
            switch random.number(0...9) {
            case 0, 1: 0
            case 2: Int64(random.number(100_001...5_000_000))
            case 3: -5
            default: Int64(random.number(1...20_000))
            }
        guard let uid = uid(),
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: holder.number, smallPurse: Fen(purse),
                otherPurse: Fen(Int64(random.number(0...9_000))), layout: grounds.layout, keys: grounds.keys),
            var chip = ClassicChip(size: size, uid: uid, memory: memory)
        else { return nil }
        var free = grounds.layout.ours.candidates.filter { $0 < size.sectors }
        if size != .mini, random.oneIn(5) {
            // The dormitory's door system took the sector that we like best.
            let bytes = (0..<16).map { _ in UInt8.random(in: 1 ... .max, using: &random) }
            chip.store(bytes, at: ClassicSize.firstBlock(ofSector: free.removeFirst()))
        }
        return HeldCard(
            uid: uid, chip: SimulatedCard(chip), purse: purse < 0 ? nil : Fen(purse), holder: holder, free: free)
    }
}
