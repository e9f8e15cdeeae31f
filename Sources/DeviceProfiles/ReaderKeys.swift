import DataFiles

/// A reader's places for keys that we may use, in order.
public struct KeySlots: Hashable, Sendable {
    /// For keys A.
    public let a: [UInt8]
    /// For keys B.
    public let b: [UInt8]

    /// The places for keys of `side`.
    public subscript(side: CardLayout.KeySide) -> [UInt8] { side == .a ? a : b }

    /// Whether a place alone says which of a sector's two keys is in it.
    public var tellKeyTypes: Bool { Set(a).isDisjoint(with: b) }
}

extension KeySlots: Decodable {
    private struct Split: Decodable {
        let a: [Int]
        let b: [Int]

        private enum Key: String, CodingKey, CaseIterable { case a = "A", b = "B" }

        init(from decoder: any Decoder) throws {
            try decoder.refuseNames(except: Key.self)
            let container = try decoder.container(keyedBy: Key.self)
            a = try container.decode([Int].self, forKey: .a)
            b = try container.decode([Int].self, forKey: .b)
        }
    }

    /// Decodes `[0, 1]` for readers that do not care, `{ A: [0], B: [16] }` for those that do.
    public init(from decoder: any Decoder) throws {
        if let shared = try? decoder.singleValueContainer().decode([Int].self) {
            a = try Self.slots(shared, decoder)
            b = a
        } else {
            let split = try Split(from: decoder)
            a = try Self.slots(split.a, decoder)
            b = try Self.slots(split.b, decoder)
            guard tellKeyTypes else { throw decoder.fault("no slot under both A and B") }
        }
    }

    private static func slots(_ numbers: [Int], _ decoder: any Decoder) throws -> [UInt8] {
        let slots = numbers.compactMap { UInt8(exactly: $0) }
        guard !numbers.isEmpty, Set(slots).count == numbers.count else {
            throw decoder.fault("at least one slot number from 0 to 255, none twice")
        }
        return slots
    }
}

/// How long a reader takes, card included, in milliseconds.
public struct ReaderLatency: Hashable, Sendable {
    /// For one command.
    public let command: Int
    /// For selecting the card again.
    public let reselect: Int
    private let exceptions: [CardOperation: Int]

    /// For one command of `operation`.
    public func milliseconds(of operation: CardOperation) -> Int { exceptions[operation] ?? command }
}

extension ReaderLatency: Decodable {
    private static let sensible = 0...10_000

    /// Decodes `30`, or `{ command: 12, reselect: 40, readWithKey: 35 }`.
    public init(from decoder: any Decoder) throws {
        if let one = try? decoder.singleValueContainer().decode(Int.self) {
            (command, reselect, exceptions) = (one, one, [:])
        } else if (try? decoder.singleValueContainer().decode(Double.self)) != nil {
            // A number, but none that an Int holds.
            throw decoder.fault("0 to 10000, whole milliseconds")
        } else {
            let written = try decoder.singleValueContainer().decode([String: Int].self)
            guard let usual = written["command"] else { throw decoder.fault("a number, or an object with command") }
            var exceptions: [CardOperation: Int] = [:]
            for (name, time) in written where !["command", "reselect"].contains(name) {
                guard let operation = CardOperation(rawValue: name) else {
                    let known = ["command", "reselect"] + CardOperation.allCases.map(\.rawValue)
                    throw decoder.fault("one of: \(known.joined(separator: ", ")), not '\(name)'")
                }
                exceptions[operation] = time
            }
            (command, reselect, self.exceptions) = (usual, written["reselect"] ?? usual, exceptions)
        }
        guard ([command, reselect] + exceptions.values).allSatisfy(Self.sensible.contains) else {
            throw decoder.fault("0 to 10000")
        }
    }
}
