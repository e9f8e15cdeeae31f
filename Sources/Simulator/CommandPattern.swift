import DeviceProfiles
import Mifare

/// A template of a profile as the simulator needs it: which bytes are always the same, and where its values stand.
///
/// It is learned from commands that the template builds, so that the template's language is read in one place only.
/// Matching allocates nothing.
final class CommandPattern: Sendable {
    /// What a command of this form asks for.
    let operation: CardOperation
    /// How many blocks it may take at once.
    let counts: [Int]
    /// How long it takes, in milliseconds.
    let latency: Int
    /// The byte that says which instruction it is (INS), when it is always the same.
    let instruction: UInt8?

    /// What the reader answers when all went well.
    let okWord: UInt16
    /// Whether a number in the command has its high byte first.
    let isValueHighByteFirst: Bool

    private let block: Int?
    private let target: Int?
    private let slot: Int?
    private let keyType: Int?
    private let key: Int?
    private let content: Int?
    private let length: Int?
    private let value: Int?
    private let words: [UInt16]
    private let head: [Byte]
    /// What comes after the content of several blocks; empty without.
    private let tail: [Byte]
    private let takesSeveralBlocks: Bool
    /// Places that hold the same value, as a block's number that stands twice.
    private let twins: [(Int, Int)]
    /// The places of the bytes that say how many follow.
    private let rests: [Int]

    private struct Byte {
        let value: UInt8
        let isFixed: Bool
    }

    /// The pattern of `operation`'s template in `profile`; `nil` when the reader has no such command.
    init?(_ operation: CardOperation, in profile: ReaderProfile) {
        guard let template = profile.commands[operation] else { return nil }
        let probe = Probe(template)
        self.operation = operation
        counts = profile.commands.counts(of: operation)
        latency = profile.latency.milliseconds(of: operation)
        okWord = profile.statusWords.word(for: .ok, in: operation)
        words = StatusMeaning.allCases.map { profile.statusWords.word(for: $0, in: operation) }
        block = probe.places[.block]?.first
        target = probe.places[.target]?.first
        slot = probe.places[.slot]?.first
        keyType = probe.places[.keyType]?.first
        key = probe.places[.key]?.first
        content = (probe.places[.data] ?? probe.places[.blocks])?.first
        length = probe.places[.length]?.first
        value = (probe.places[.valueBE] ?? probe.places[.valueLE])?.first
        isValueHighByteFirst = template.fields.contains(.valueBE)
        rests = probe.rests
        twins = probe.places.filter { $0.key.length == 1 }.values
            .flatMap { places in places.dropFirst().map { (places[0], $0) } }
        takesSeveralBlocks = template.fields.contains(.blocks)
        let varying = Set(probe.places.values.joined() + probe.rests)
        let bytes = probe.command.enumerated().map { Byte(value: $1, isFixed: !varying.contains($0)) }
        let blocks = takesSeveralBlocks ? probe.places[.blocks] ?? [] : []
        head = Array(bytes.prefix(blocks.first ?? bytes.count))
        tail = Array(bytes.dropFirst(head.count + blocks.count))
        instruction = bytes[1].isFixed ? bytes[1].value : nil
    }

    /// The word that the reader answers with to say `meaning`.
    func word(for meaning: StatusMeaning) -> UInt16 {
        StatusMeaning.allCases.firstIndex(of: meaning).map { words[$0] } ?? 0x6F00
    }

    /// Whether `command` is one that the template builds.
    func matches(_ command: [UInt8]) -> Bool {
        let variable = command.count - head.count - tail.count
        guard takesSeveralBlocks ? variable > 0 : variable == 0 else { return false }
        for index in head.indices where head[index].isFixed && head[index].value != command[index] { return false }
        let end = head.count + variable
        for index in tail.indices where tail[index].isFixed && tail[index].value != command[end + index] {
            return false
        }
        for (one, other) in twins where command[place(one, command)] != command[place(other, command)] { return false }
        return rests.allSatisfy { Int(command[$0]) == command.count - $0 - 1 }
    }

    // MARK: Values of a command that matches

    /// Block numbers, slots and the like; `nil` when the template does not take `field`.
    func byte(_ field: ApduField, of command: [UInt8]) -> UInt8? {
        let found =
            switch field {
            case .block: block
            case .target: target
            case .slot: slot
            case .keyType: keyType
            case .length: length
            case .key, .data, .blocks, .rest, .valueLE, .valueBE: nil as Int?
            }
        return found.map { command[place($0, command)] }
    }

    /// The key; `nil` when the template does not take one.
    func key(of command: [UInt8]) -> [UInt8]? {
        key.map { Array(command[place($0, command)...].prefix(SectorKey.length)) }
    }

    /// The number of a value operation, in its 32 bits.
    func value(of command: [UInt8]) -> Int32? {
        guard let value else { return nil }
        let bytes = command[place(value, command)...].prefix(4)
        let number = (isValueHighByteFirst ? Array(bytes) : bytes.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Int32(bitPattern: number)
    }

    /// What is to be written, of one block or several.
    func content(of command: [UInt8]) -> [UInt8] {
        guard let content else { return [] }
        let end = takesSeveralBlocks ? command.count - tail.count : content + ClassicSize.blockLength
        return Array(command[content..<end])
    }

    /// Where in `command` stands what stands at `place` in a command with one block.
    private func place(_ place: Int, _ command: [UInt8]) -> Int {
        place < head.count ? place : place + command.count - head.count - tail.count - ClassicSize.blockLength
    }
}

/// Finds the places of a template's values by building commands that differ in one value each.
private struct Probe {
    /// The command with all values zero.
    let command: [UInt8]
    /// The places of every byte of every value.
    let places: [ApduField: [Int]]
    /// The places of the bytes that say how many follow, in a command whose length varies.
    let rests: [Int]

    init(_ template: ApduTemplate) {
        func values(_ byte: UInt8, for field: ApduField? = nil) -> [ApduField: [UInt8]] {
            template.fields.reduce(into: [:]) { values, other in
                let length = other.length ?? ClassicSize.blockLength
                values[other] = [UInt8](repeating: other == field ? byte : 0, count: length)
            }
        }
        let zeros = template.build(values(0))
        command = zeros
        places = template.fields.reduce(into: [:]) { places, field in
            let other = template.build(values(0xFF, for: field))
            places[field] = zeros.indices.filter { zeros[$0] != other[$0] }
        }
        guard template.fields.contains(.blocks) else {
            rests = []
            return
        }
        var longer = values(0)
        longer[.blocks] = [UInt8](repeating: 0, count: 2 * ClassicSize.blockLength)
        let head = places[.blocks]?.first ?? 0
        rests = zip(zeros, template.build(longer)).prefix(head).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
    }
}
