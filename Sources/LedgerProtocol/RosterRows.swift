import Platform

/// Roster entries in their encoding, ascending by holder hash, none twice.
struct RosterRows: Hashable, Sendable {
    /// Bytes of an entry.
    static let size = 40
    private(set) var bytes: [UInt8]

    /// Rows of `entries`, which are in order.
    init(_ entries: [Roster.Entry]) {
        bytes = []
        bytes.reserveCapacity(entries.count * Self.size)
        for entry in entries {
            var row = [UInt8](repeating: 0, count: Self.size)
            row.replaceSubrange(0..<HolderHash.size, with: entry.holder.bytes)
            row.store(entry.account, at: 16)
            row.store(entry.cardSerial, at: 24)
            row[28] = entry.status.rawValue
            row.replaceSubrange(32..<40, with: entry.card.bytes)
            bytes += row
        }
    }

    /// Rows as somebody else wrote them; `nil` unless they are whole, in order, and all of a known status.
    init?(checking bytes: [UInt8]) {
        guard bytes.count.isMultiple(of: Self.size) else { return nil }
        self.bytes = bytes
        for index in 0..<count {
            guard Roster.Status(rawValue: bytes[index * Self.size + 28]) != nil else { return nil }
            if index > 0, !isBefore(index - 1, holder(at: index)) { return nil }
        }
    }

    var count: Int { bytes.count / Self.size }

    func holder(at index: Int) -> [UInt8] { Array(bytes[index * Self.size..<index * Self.size + HolderHash.size]) }

    func entry(at index: Int) -> Roster.Entry? {
        let row = Array(bytes[index * Self.size..<(index + 1) * Self.size])
        guard let holder = HolderHash(bytes: Array(row[..<16])), let status = Roster.Status(rawValue: row[28]),
            let card = CardTag(bytes: Array(row[32..<40]))
        else { return nil }
        return Roster.Entry(
            holder: holder, account: row.integer(at: 16), cardSerial: row.integer(at: 24), status: status, card: card)
    }

    /// Where `holder` stands, or would stand.
    func place(of holder: [UInt8]) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle, holder) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether the row at `index` is that of `holder`; false beyond the end.
    func holds(_ holder: [UInt8], at index: Int) -> Bool {
        guard index < count else { return false }
        return bytes[index * Self.size..<index * Self.size + HolderHash.size].elementsEqual(holder)
    }

    /// These rows with those of `others` in place or added, and without those of the holders `removed`.
    ///
    /// Both are ascending and name nobody twice.
    func merging(_ others: RosterRows, without removed: [[UInt8]]) -> RosterRows {
        var merged = self
        merged.bytes = []
        merged.bytes.reserveCapacity(bytes.count + others.bytes.count)
        var taken = 0
        var removed = removed[...]
        func copy(to place: Int) {
            merged.bytes += bytes[taken * Self.size..<place * Self.size]
            taken = place
        }
        func drop(_ holder: [UInt8]) {
            let place = place(of: holder)
            copy(to: place)
            if holds(holder, at: place) { taken += 1 }
        }
        for index in 0..<others.count {
            let holder = others.holder(at: index)
            while let gone = removed.first, gone.lexicographicallyPrecedes(holder) {
                drop(gone)
                removed.removeFirst()
            }
            drop(holder)
            merged.bytes += others.bytes[index * Self.size..<(index + 1) * Self.size]
        }
        for gone in removed { drop(gone) }
        copy(to: count)
        return merged
    }

    private func isBefore(_ index: Int, _ holder: [UInt8]) -> Bool {
        bytes[index * Self.size..<index * Self.size + HolderHash.size].lexicographicallyPrecedes(holder)
    }
}
