/// The tags of a hotlist that share their first byte: of each the last six bytes, in order, and by the second byte
/// where to look.
struct TagShelf: Sendable {
    /// How many shelves a hotlist has, one for each first byte.
    static let all = 256
    private static let tailSize = 6
    private static let buckets = 256
    /// Shelves grow by tags at a time, so that the next one fits where the last one lay.
    private static let step = 85

    /// Where each second byte's tags begin, counted in tags, and at last where they end. Empty when there are none.
    private var starts: [UInt32] = []
    private var tails: [UInt8] = []

    /// An empty shelf.
    init() {}

    /// The tags that `number` gives for `range`, ascending.
    init(ascending range: Range<Int>, _ number: (Int) -> UInt64) {
        starts = [UInt32](repeating: 0, count: Self.buckets + 1)
        tails.reserveCapacity(Self.capacity(range.count))
        for index in range {
            let number = number(index)
            starts[Self.bucket(number) + 1] += 1
            append(number)
        }
        for bucket in 1...Self.buckets { starts[bucket] += starts[bucket - 1] }
    }

    var memoryBytes: Int {
        // A Swift array's header, and what the allocator puts before each block.
        starts.capacity * 4 + tails.capacity + (starts.isEmpty ? 0 : 2 * (32 + 16))
    }

    func forEach(_ body: (UInt64) -> Void) {
        guard !starts.isEmpty else { return }
        for bucket in 0..<Self.buckets {
            for place in Int(starts[bucket])..<Int(starts[bucket + 1]) { body(UInt64(bucket) << 48 | tail(at: place)) }
        }
    }

    /// Where a tag stands, or would stand, and whether it does.
    func find(_ number: UInt64) -> (place: Int, isThere: Bool) {
        guard !starts.isEmpty else { return (0, false) }
        let bucket = Self.bucket(number)
        let wanted = number & 0xFFFF_FFFF_FFFF
        let end = Int(starts[bucket + 1])
        var low = Int(starts[bucket])
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if tail(at: middle) < wanted { low = middle + 1 } else { high = middle }
        }
        return (low, low < end && tail(at: low) == wanted)
    }

    /// Puts tags in and takes others out, both ascending; those that are there, or not there, already are passed over.
    mutating func change(adding added: ArraySlice<CardTag>, removing removed: ArraySlice<CardTag>) {
        if starts.isEmpty { starts = [UInt32](repeating: 0, count: Self.buckets + 1) }
        let old = self
        tails = []
        tails.reserveCapacity(Self.capacity(old.count + added.count))
        var shifts = [Int](repeating: 0, count: Self.buckets)
        var taken = 0
        func copy(to place: Int, _ tails: inout [UInt8]) {
            tails += old.tails[taken * Self.tailSize..<place * Self.tailSize]
            taken = place
        }
        var (added, removed) = (added, removed)
        while let number = [added.first, removed.first].compactMap({ $0?.number }).min() {
            let (place, isThere) = old.find(number)
            let isAdded = added.first?.number == number
            if isAdded { added.removeFirst() } else { removed.removeFirst() }
            guard isAdded != isThere else { continue }
            copy(to: place, &tails)
            if isAdded { append(number) } else { taken += 1 }
            shifts[Self.bucket(number)] += isAdded ? 1 : -1
        }
        copy(to: old.count, &tails)
        var shift = 0
        for bucket in 0..<Self.buckets {
            shift += shifts[bucket]
            starts[bucket + 1] = UInt32(Int(old.starts[bucket + 1]) + shift)
        }
        if tails.isEmpty { self = TagShelf() }
    }

    private var count: Int { tails.count / Self.tailSize }

    private func tail(at place: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in place * Self.tailSize..<(place + 1) * Self.tailSize { value = value << 8 | UInt64(tails[index]) }
        return value
    }

    private mutating func append(_ number: UInt64) {
        for shift in stride(from: 40, through: 0, by: -8) {
            tails.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    private static func bucket(_ number: UInt64) -> Int { Int(number >> 48 & 0xFF) }

    private static func capacity(_ count: Int) -> Int { (count + step - 1) / step * step * tailSize }
}
