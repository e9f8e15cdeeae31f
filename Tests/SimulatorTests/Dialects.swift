import DeviceProfiles
import FoundationEssentials
import Mifare
import SmartCard
import Testing

@testable import Simulator

/// The dialect of no reader: everything that a profile can say and that no shipped one need say.
func inventedProfile(_ id: String = "invented", replacing: [(String, String)] = []) throws -> ReaderProfile {
    let text = replacing.reduce(inventedText) { text, change in
        precondition(text.contains(change.0), "the invented profile holds no '\(change.0)'")
        return text.replacing(change.0, with: change.1)
    }
    let folder = "/tmp/yika-dialect-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(text.replacing("invented", with: id).utf8).write(to: URL(filePath: "\(folder)/\(id).json5"))
    let library = ProfileLibrary.load(directory: folder)
    return try #require(library.profile(id: id), "\(library.errors)")
}

/// A reader with slots by key type, several blocks at once, keys in the command, and a word for everything.
private let inventedText = """
    {
        id: "invented", title: "Invented", evidence: ["made up for tests"], verified: false, support: "should-work",
        drivers: [{ name: "ccid" }], match: { names: ["Invented"] },
        commands: {
            uid: "FF CA 00 00 00",
            loadKey: "FF 82 00 {slot} 06 {key}",
            authenticate: "FF 86 00 00 05 01 00 {block} 00 {slot}",
            read: "FF B0 00 {block} 10",
            write: "FF D6 00 {block} 10 {data}",
            readBlocks: { send: "FF B0 00 {block} {length}", most: 15 },
            writeBlocks: { send: "FF D6 00 {block} {length} {blocks}", most: 15 },
            readWithKey: { send: "FF F3 00 {block} 06 {key} {length}", most: 15 },
            writeWithKey: { send: "FF F4 00 {block} {rest} {key} {blocks}", most: 15 },
            readValue: "FF B1 00 {block} 04",
            storeValue: "FF F5 C2 {block} 04 {valueLE}",
            increment: "FF F5 C1 {block} 05 {valueLE} {block}",
            decrement: "FF F5 C0 {block} 05 {valueLE} {block}",
            copyValue: "FF F5 C3 {block} 01 {target}",
        },
        keySlots: { A: [0, 1], B: [16, 17] }, keyMemory: "volatile",
        statusWords: {
            ok: ["9000"], authenticationFailed: ["6F04"], notAuthenticated: ["6982"], notPermitted: ["6F0F"],
            noAnswer: ["6F01"], badParameter: ["6B00"], unsupported: ["6D00"],
        },
        afterAuthFailure: "none",
        latencyMilliseconds: { command: 10, reselect: 50, writeWithKey: 40 },
        controlCodes: { ccid: 1 },
        buzzer: { transport: "escape", onSuccess: { send: "58 1C 00 10", answer: "00 ??" } },
        polling: { transport: "apdu", on: { send: "FF 00 51 FF 00", answer: "90 ??" },
            off: { send: "FF 00 51 7F 00", answer: "90 ??" } },
    }
    """

/// A reader and a card, spoken to in bare commands.
struct Wire {
    let reader: SimulatedReader
    let card: SimulatedCard
    /// Key A of every sector.
    static let keyA: [UInt8] = [1, 2, 3, 4, 5, 6]
    /// Key B of every sector.
    static let keyB: [UInt8] = [11, 12, 13, 14, 15, 16]

    /// A card whose sectors take values: both keys read and decrement, key B writes and increments.
    init(
        _ profile: ReaderProfile, size: ClassicSize = .oneK, latencyMilliseconds: Int? = 0,
        misbehaviours: ReaderMisbehaviours = .none, time: SimulatedTime = SimulatedTime()
    ) throws {
        var chip = ClassicChip(factory: size, uid: try uid([0x12, 0x34, 0x56, 0x78]))
        let bits = try #require(AccessBits(conditions: [0b110, 0b110, 0b110, 0b011]))
        for sector in 0..<size.sectors {
            chip.store(Self.keyA + bits.bytes + [0x69] + Self.keyB, at: ClassicSize.trailer(ofSector: sector))
        }
        card = SimulatedCard(chip)
        reader = SimulatedReader(
            profile: profile, time: time, latencyMilliseconds: latencyMilliseconds, misbehaviours: misbehaviours)
        reader.layDown(card)
    }

    /// Sends the command of `operation`, and returns the data and the status word.
    func send(
        _ operation: CardOperation, _ values: [ApduField: [UInt8]] = [:]
    ) throws -> (data: [UInt8], word: UInt16) {
        let template = try #require(reader.profile.commands[operation])
        let answer = try reader.transmit(template.build(values))
        return (answer.dropLast(2), UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1]))
    }

    /// The first word that the profile has for `meaning`.
    func word(_ meaning: StatusMeaning, _ operation: CardOperation) -> UInt16 {
        reader.profile.statusWords.word(for: meaning, in: operation)
    }

    func key(_ type: KeyType) -> [UInt8] { type == .a ? Self.keyA : Self.keyB }

    func slot(_ type: KeyType) throws -> UInt8 {
        try #require(reader.profile.keySlots[type == .a ? .a : .b].first)
    }

    func loadKey(_ type: KeyType, _ key: [UInt8]? = nil) throws -> UInt16 {
        let values = [ApduField.slot: [try slot(type)], .keyType: [type.rawValue], .key: key ?? self.key(type)]
        return try send(.loadKey, values).word
    }

    func authenticate(_ block: Int, _ type: KeyType = .b) throws -> UInt16 {
        let values = [ApduField.slot: [try slot(type)], .keyType: [type.rawValue], .block: [UInt8(block)]]
        return try send(.authenticate, values).word
    }

    /// Loads the key and authenticates with it.
    func open(_ block: Int, _ type: KeyType = .b) throws {
        #expect(try loadKey(type) == word(.ok, .loadKey))
        #expect(try authenticate(block, type) == word(.ok, .authenticate))
    }

    /// Lays the card down anew.
    func layDown(_ fault: CardFault? = nil) { reader.layDown(card, fault: fault) }

    /// Makes `block` a value block past all rules.
    func store(_ value: Int32, at block: Int) {
        card.chip.store(ValueBlock(value: value, address: UInt8(block)).block.bytes, at: block)
    }

    /// The number in `block` as the chip holds it.
    func value(of block: Int) -> Int32? { Block(card.chip.content(of: block)).flatMap(ValueBlock.init)?.value }
}
