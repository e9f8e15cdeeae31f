import Mifare

/// What became of a part of a block when the card's power went in the middle of writing it.
public enum TornPart: CaseIterable, Hashable, Sendable {
    /// Not reached yet.
    case old
    /// Written.
    case new
    /// Erased, not yet programmed: zeros.
    case erased
}

/// What a write leaves behind when the card's power goes in the middle of it.
///
/// Nobody has published measurements of Classic chips. Tear-off experiments with other chips of the maker (Quarkslab,
/// "When Tearing-Off Becomes a Security Issue") show writes that erase first, and bits that later read now so, now so.
public enum TornWrite: Hashable, Sendable {
    /// Nothing happened yet.
    case old
    /// Everything happened; only the answer was lost.
    case new
    /// Erased, not yet programmed: zeros.
    case erased
    /// Every bit is either the old or the new one, drawn from this seed.
    case mixed(seed: UInt64)
    /// As ``mixed(seed:)``, and some of the bits that were to change are left unstable: they read as 0 or as 1, drawn
    /// anew at every access, until the block is written again.
    ///
    /// The seed also draws how far the write had come and how many bits are unstable, from hardly any to half of them.
    case weak(seed: UInt64)
    /// Each part of a trailer for itself; the user byte goes with the access bits.
    case trailer(keyA: TornPart, accessBits: TornPart, keyB: TornPart)
    /// Each half of a block for itself.
    case halves(TornPart, TornPart)

    /// Every way in which the parts of a block can end up each for itself: 27 for a trailer, 9 for a data block.
    public static func everyField(isTrailer: Bool) -> [TornWrite] {
        let parts = TornPart.allCases
        guard isTrailer else { return parts.flatMap { first in parts.map { .halves(first, $0) } } }
        return parts.flatMap { keyA in
            parts.flatMap { accessBits in parts.map { .trailer(keyA: keyA, accessBits: accessBits, keyB: $0) } }
        }
    }

    /// What remains of a write of `new` over `old`.
    func outcome(old: StoredBlock, new: [UInt8]) -> StoredBlock {
        switch self {
        case .old: return old
        case .new: return StoredBlock(new)
        case .erased: return StoredBlock([UInt8](repeating: 0, count: new.count))
        case .mixed(let seed):
            var random = SplitMix64(seed: seed)
            return old.taking(new.map { _ in UInt8.random(in: .min ... .max, using: &random) }, from: new)
        case .weak(let seed): return Self.weak(old: old, new: new, seed: seed)
        case .trailer(let keyA, let accessBits, let keyB):
            let access = SectorKey.length..<ClassicSize.blockLength - SectorKey.length
            return Self.parts(
                [(keyA, access.lowerBound), (accessBits, access.count), (keyB, SectorKey.length)], old, new)
        case .halves(let first, let second):
            return Self.parts([(first, new.count / 2), (second, new.count - new.count / 2)], old, new)
        }
    }

    private static func weak(old: StoredBlock, new: [UInt8], seed: UInt64) -> StoredBlock {
        var random = SplitMix64(seed: seed)
        // A quarter of the writes has all bits on the old side yet, a quarter all on the new one: there the weak bits
        // alone decide whether a key opens.
        let progress = min(max(Int.random(in: -32...96, using: &random), 0), 64)
        let weakness = 1 << Int.random(in: 0...5, using: &random)
        var torn = old.taking(new.map { _ in random.bits(of64: progress) }, from: new)
        for (index, byte) in new.enumerated() {
            let isToChange = old.bytes[index] ^ byte | old.unstable[index]
            torn.unstable[index] |= isToChange & random.bits(of64: weakness)
        }
        return torn
    }

    private static func parts(
        _ parts: [(part: TornPart, length: Int)], _ old: StoredBlock, _ new: [UInt8]
    ) -> StoredBlock {
        let spread = parts.flatMap { [TornPart](repeating: $0.part, count: $0.length) }
        return old.taking(
            spread.map { $0 == .old ? 0x00 : 0xFF }, from: zip(spread, new).map { $0 == .erased ? 0 : $1 })
    }
}

/// The 16 bytes of a block as its cells hold them.
struct StoredBlock: Hashable {
    /// The bytes; an unstable bit has the value that it would have if it had settled.
    var bytes: [UInt8]
    /// 1 for every bit that reads differently from one access to the next.
    var unstable: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        unstable = [UInt8](repeating: 0, count: bytes.count)
    }

    /// The block with the bits of `new` where `taken` is 1; those are stable, the others stay as they are.
    func taking(_ taken: [UInt8], from new: [UInt8]) -> StoredBlock {
        var result = self
        for (index, mask) in taken.enumerated() {
            result.bytes[index] = bytes[index] & ~mask | new[index] & mask
            result.unstable[index] &= ~mask
        }
        return result
    }
}

extension SplitMix64 {
    /// A byte each of whose bits is 1 with a chance of `count` in 64.
    fileprivate mutating func bits(of64 count: Int) -> UInt8 {
        let draws = next()
        return (0..<8).reduce(0) { $0 | (Int(draws >> UInt64($1 * 6) & 0x3F) < count ? 1 << UInt8($1) : 0) }
    }
}
