import Journal
import Platform
import Simulator

/// What one record of a soak must hold.
///
/// Whoever knows the seed and these two numbers knows every byte of it, and no two records of a journal have both.
struct SoakRecord: Hashable, Sendable {
    /// Leaves the business's types alone and is none of the journal's own.
    static let type = RecordType(rawValue: 0xEF)
    private static let fixedSize = 16
    private static let largestFill = 60

    /// The journal's last sequence when the process that wrote the record had opened it.
    let base: UInt64
    /// Which one of that process's records it is, from 1.
    let count: UInt64

    init(base: UInt64, count: UInt64) {
        self.base = base
        self.count = count
    }

    /// The record that `payload` is, if it is one of the soak with this seed, byte for byte.
    init?(decoding payload: [UInt8], seed: UInt64) {
        guard payload.count >= Self.fixedSize else { return nil }
        self.init(base: payload.integer(at: 0), count: payload.integer(at: 8))
        guard self.payload(seed: seed) == payload else { return nil }
    }

    /// The payload: the two numbers, then a fill of any length that follows from them.
    func payload(seed: UInt64) -> [UInt8] {
        var mix = SplitMix64(seed: seed &+ base)
        var generator = SplitMix64(seed: mix.next() &+ count)
        let fill = Int(generator.next() % UInt64(Self.largestFill + 1))
        var bytes = [UInt8](repeating: 0, count: Self.fixedSize)
        bytes.store(base, at: 0)
        bytes.store(count, at: 8)
        for _ in 0..<fill { bytes.append(UInt8(truncatingIfNeeded: generator.next())) }
        return bytes
    }

    /// Whether it can have become the record `sequence` when so many threads wrote at once.
    ///
    /// It can be late by any number, when its thread had to wait, but early only by those that then waited instead.
    func canBe(_ sequence: UInt64, callers: Int) -> Bool {
        let (alone, overflow) = base.addingReportingOverflow(count)
        guard !overflow, base < sequence, count > 0 else { return false }
        return alone <= sequence || alone - sequence < UInt64(callers)
    }
}
