import CLinux
import Crypto
import LedgerProtocol
import Measuring

/// A hotlist of a million cards beside a plain set of the same tags.
struct HotlistFigures {
    let cards: Int

    private static let changes = 5000
    private static let rounds = 21

    func figures() throws -> [Figure] {
        let signer = Curve25519.Signing.PrivateKey()
        let key = RosterKey(bytes: [UInt8](repeating: 1, count: 32))
        let tags = (0..<UInt64(cards)).map { CardTag(account: $0, key: key) }
        let bytes = try Hotlist(version: 1, issuedMilliseconds: 0, tags: tags).signed(by: signer)
        let bare = heapBytes()
        var list = Hotlist(version: 0, issuedMilliseconds: 0, tags: [])
        let reading = try microseconds { list = try Hotlist(verifying: bytes, with: signer.publicKey) }
        // What lay there before must lie there after, or its end would count for the list.
        let listBytes = withExtendedLifetime(bytes) { heapBytes() - bare }
        let set = Set(tags)
        let setBytes = withExtendedLifetime((bytes, tags)) { heapBytes() - bare - listBytes }

        let strangers = (0..<UInt64(100_000)).map { CardTag(account: $0 | 1 << 40, key: key) }
        let probes = (tags.shuffled().prefix(100_000) + strangers).shuffled()
        let lookup = lookupTime(probes) { list.contains($0) }
        let peer = lookupTime(probes) { set.contains($0) }

        let settled = heapBytes()
        var waits: [Double] = []
        for round in 0..<Self.rounds {
            let delta = try delta(round, after: list, signer, key)
            waits.append(try microseconds { try list.apply(delta) } / 1000)
        }
        let grown = heapBytes() - settled
        let megabyte = 1e6
        return [
            Figure(
                "hotlist of \(cards) cards, memory", Double(listBytes) / megabyte, "MB",
                floor: Double(setBytes) / megabyte, budget: 8),
            Figure(
                "the same after \(Self.rounds) deltas", Double(listBytes + grown) / megabyte, "MB", budget: 8),
            Figure("lookup, mean of hits and misses", lookup, "ns", floor: peer, budget: 1000),
            Figure("delta of \(Self.changes) cards applied, median", waits.median, "ms", budget: 10),
            Figure("delta of \(Self.changes) cards applied, slowest", waits.quantile(1), "ms", budget: 10),
            Figure("snapshot verified and taken up", reading / 1000, "ms"),
        ]
    }

    private func delta(
        _ round: Int, after list: Hotlist, _ signer: Curve25519.Signing.PrivateKey, _ key: RosterKey
    ) throws -> HotlistDelta {
        let half = Self.changes / 2
        let first = UInt64(cards + round * half)
        let added = (first..<first + UInt64(half)).map { CardTag(account: $0, key: key) }
        let removed = (UInt64(round * half)..<UInt64(round * half + half)).map { CardTag(account: $0, key: key) }
        let delta = HotlistDelta(
            base: list.version, version: list.version + 1, issuedMilliseconds: 0, added: added, removed: removed,
            totalAfter: list.count)
        // As a terminal gets it.
        return try HotlistDelta(verifying: try delta.signed(by: signer), with: signer.publicKey)
    }

    private func lookupTime(_ probes: [CardTag], _ contains: (CardTag) -> Bool) -> Double {
        var hits = 0
        let spent = microseconds { for probe in probes where contains(probe) { hits += 1 } }
        // Used, so that the optimiser may not leave the work out.
        precondition(hits >= probes.count / 2)
        return spent * 1000 / Double(probes.count)
    }
}

/// Bytes that the allocator has given out.
private func heapBytes() -> Int {
    let info = mallinfo2()
    return Int(info.uordblks + info.hblkhd)
}
