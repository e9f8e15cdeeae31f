import Simulator

/// Changes an input as a fuzzer without a compiler's help would: bytes anywhere, and words where there are words.
public struct Mutation {
    private var random: SplitMix64

    /// Changes drawn from `seed`.
    public init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// Numbers at the ends of the ranges that values have on cards and in files.
    private static let numbers = [
        "-1", "0", "1", "3", "4", "15", "16", "31", "32", "39", "40", "255", "256", "65535", "65536", "2147483648",
        "9223372036854775807", "-9223372036854775808", "1e99", "0.5",
    ]

    /// `input` with one to four changes; the first byte, which chooses the target, stays.
    public mutating func changed(_ input: [UInt8]) -> [UInt8] {
        var bytes = Array(input.dropFirst())
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty { change(&bytes) }
        return input.prefix(1) + bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let length = min(Int.random(in: 1...40, using: &random), bytes.count - place)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 4: bytes.removeLast(bytes.count - place)
        default: changeWord(&bytes)
        }
    }

    /// Puts another word of the same text, or a number from the end of a range, in place of a word.
    private mutating func changeWord(_ bytes: inout [UInt8]) {
        let words = Self.words(of: bytes)
        guard let old = words.randomElement(using: &random), let other = words.randomElement(using: &random) else {
            return
        }
        var new = Array(bytes[other])
        if Bool.random(using: &random), let number = Self.numbers.randomElement(using: &random) {
            new = Array(number.utf8)
        }
        bytes.replaceSubrange(old, with: new)
    }

    private static func words(of bytes: [UInt8]) -> [Range<Int>] {
        bytes.indices.split { !isWord(bytes[$0]) }.map { $0.startIndex..<$0.endIndex }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            true
        default: false
        }
    }
}
