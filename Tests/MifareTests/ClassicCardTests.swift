import DeviceProfiles
import Mifare
import Platform
import Simulator
import SmartCard
import Testing

/// A transport that answers from a list and keeps what was sent.
private final class ScriptedTransport: CardTransport {
    let atr: [UInt8] = []
    var sent: [String] = []
    var reselections = 0
    private var answers: [Result<String, PCSCError>]

    init(_ answers: [Result<String, PCSCError>]) { self.answers = answers }

    convenience init(_ answers: [String]) { self.init(answers.map { .success($0) }) }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        sent.append(command.hex())
        guard !answers.isEmpty else { throw PCSCError(call: "SCardTransmit", code: .removedCard) }
        return [UInt8](hex: try answers.removeFirst().get()) ?? []
    }

    func reselect() throws(PCSCError) { reselections += 1 }

    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] { [] }
}

@Suite struct ClassicCardTests {
    private let profile: ReaderProfile
    private let uid = "123456789000"
    private let otherKey: SectorKey

    init() throws {
        let parts = #filePath.split(separator: "/").dropLast(3)
        let library = ProfileLibrary.load(directory: "/" + parts.joined(separator: "/") + "/device-profiles/readers")
        profile = try #require(library.profile(id: "acr122u"))
        otherKey = try #require(SectorKey(hex: "a1a2a3a4a5a6"))
    }

    private func card(_ transport: ScriptedTransport, writable: Set<Int> = []) -> ClassicCard {
        ClassicCard(transport: transport, dialect: profile, writableSectors: writable, size: .oneK)
    }

    @Test("A key that its slot holds is not loaded again, and a sector that is open is not authenticated again")
    func savesCommands() throws {
        let transport = ScriptedTransport([String](repeating: "9000", count: 20))
        let card = card(transport)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.authenticate(sector: 2, key: .factory, type: .b)
        try card.authenticate(sector: 1, key: otherKey, type: .a)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        #expect(
            transport.sent == [
                "ff82000006ffffffffffff", "ff860000050100046000", "ff860000050100086100",
                "ff82000106a1a2a3a4a5a6", "ff860000050100046001", "ff860000050100046000",
            ])
        #expect(card.apduCount == 6)
    }

    @Test("A refused key is tried once more on the card selected again, and only then believed to be wrong")
    func believesNoSingleRefusal() throws {
        let transport = ScriptedTransport([uid, "9000", "6300", uid, "9000", "6300", uid, "9000", "9000"])
        let card = card(transport)
        try card.selectUID()
        #expect(throws: ClassicError.authenticationFailed(sector: 1, keyType: .a)) {
            try card.authenticate(sector: 1, key: .factory, type: .a)
        }
        #expect(transport.reselections == 1)
        #expect(transport.sent.map { $0.prefix(4) } == ["ffca", "ff82", "ff86", "ffca", "ff82", "ff86"])
        try card.authenticate(sector: 1, key: otherKey, type: .a)
        #expect(transport.reselections == 2)
        #expect(transport.sent.suffix(3).map { $0.prefix(4) } == ["ffca", "ff82", "ff86"])
    }

    @Test("A card that lost its authentication while it was read is selected, authenticated and read again")
    func readsAgain() throws {
        let block = String(repeating: "55", count: 16)
        let transport = ScriptedTransport(["9000", "9000", "6300", uid, "9000", "9000", block + "9000"])
        let card = card(transport)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        #expect(try card.read(block: 4) == Block(repeating: 0x55))
        #expect(transport.reselections == 1)
    }

    @Test("A write that was refused is not repeated: what became of it is for its caller to find out")
    func writesOnce() throws {
        let transport = ScriptedTransport(["9000", "9000", "6300", uid, "9000", "9000"])
        let card = card(transport, writable: [1])
        try card.authenticate(sector: 1, key: .factory, type: .a)
        #expect(throws: ClassicError.refused(operation: .write, status: 0x6300)) {
            try card.write(block: 4, .zero)
        }
        #expect(transport.sent.count == 3 && transport.reselections == 0)
    }

    @Test("A slot that the reader refuses is left out, and another one is used")
    func refusedSlot() throws {
        let transport = ScriptedTransport(["6300", "9000", "9000", "9000", "9000"])
        let card = card(transport)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.authenticate(sector: 1, key: otherKey, type: .a)
        #expect(
            transport.sent == [
                "ff82000006ffffffffffff", "ff82000106ffffffffffff", "ff860000050100046001",
                "ff82000106a1a2a3a4a5a6", "ff860000050100046001",
            ])
    }

    @Test("A card swapped while it was selected again is found out before anything is sent to it")
    func swappedCard() throws {
        let transport = ScriptedTransport([uid, "9000", "6300", "aabbccdd9000"])
        let card = card(transport)
        let first = try card.selectUID()
        let other = try #require(CardUID([0xAA, 0xBB, 0xCC, 0xDD]))
        #expect(throws: ClassicError.cardSwapped(expected: first, found: other)) {
            try card.authenticate(sector: 1, key: otherKey, type: .a)
        }
        #expect(transport.sent.count == 4)
    }

    @Test("Block 0 and trailers are never written as data, even in a sector that is open and ours")
    func forbiddenBlocks() throws {
        let transport = ScriptedTransport([String](repeating: "9000", count: 99))
        let card = card(transport, writable: Set(0..<16))
        for sector in 0..<16 {
            try card.authenticate(sector: sector, key: .factory, type: .a)
            let sent = transport.sent.count
            let trailer = ClassicSize.trailer(ofSector: sector)
            #expect(throws: ClassicError.self) { try card.write(block: trailer, .zero) }
            if sector == 0 { #expect(throws: ClassicError.self) { try card.write(block: 0, .zero) } }
            #expect(transport.sent.count == sent)
        }
    }

    @Test("A sector that is not ours is never written, even when it is open")
    func foreignSectors() throws {
        let transport = ScriptedTransport([String](repeating: "9000", count: 99))
        let card = card(transport, writable: [1])
        for sector in 0..<16 where sector != 1 {
            try card.authenticate(sector: sector, key: .factory, type: .a)
            let sent = transport.sent.count
            let expected = ClassicError.forbidden("sector \(sector) is not ours to write")
            for block in ClassicSize.dataBlocks(ofSector: sector) {
                #expect(throws: expected) { try card.write(block: block, .zero) }
            }
            #expect(throws: expected) { try card.writeTrailer(sector: sector, .factory) }
            #expect(transport.sent.count == sent)
        }
    }

    @Test("Nothing is sent for a sector that is not open, or for one or a block that the card does not have")
    func outOfPlace() throws {
        let transport = ScriptedTransport([String](repeating: "9000", count: 20))
        let card = card(transport, writable: Set(-1...64))
        try card.authenticate(sector: 1, key: .factory, type: .a)
        let sent = transport.sent.count
        for block in [-1, 8, 64, 255, 1000] {
            #expect(throws: ClassicError.self) { try card.write(block: block, .zero) }
            #expect(throws: ClassicError.self) { try card.read(block: block) }
        }
        for sector in [-1, 16, 64] {
            #expect(throws: ClassicError.self) { try card.authenticate(sector: sector, key: .factory, type: .a) }
            #expect(throws: ClassicError.self) { try card.writeTrailer(sector: sector, .factory) }
        }
        #expect(transport.sent.count == sent)
    }

    @Test("A trailer that was written must be proved by a new authentication")
    func trailerForgetsSession() throws {
        let transport = ScriptedTransport([String](repeating: "9000", count: 20))
        let card = card(transport, writable: [1])
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.writeTrailer(sector: 1, .factory)
        #expect(throws: ClassicError.self) { try card.read(block: 4) }
        try card.authenticate(sector: 1, key: .factory, type: .a)
        #expect(transport.sent.filter { $0.hasPrefix("ff86") }.count == 2)
    }

    @Test("Answers of the wrong length and refusals are errors that name the operation, and never trap")
    func oddAnswers() throws {
        for (answer, error) in [
            ("9000", ClassicError.malformedAnswer(operation: .uid)), ("", .malformedAnswer(operation: .uid)),
            ("90", .malformedAnswer(operation: .uid)), ("1234569000", .malformedAnswer(operation: .uid)),
            ("6a81", .refused(operation: .uid, status: 0x6A81)),
        ] {
            #expect(throws: error) { try card(ScriptedTransport([answer, answer, answer])).selectUID() }
        }
        let brief = "00112233" + "9000"
        let short = card(ScriptedTransport(["9000", "9000", brief, uid, "9000", "9000", brief]))
        try short.authenticate(sector: 1, key: .factory, type: .a)
        #expect(throws: ClassicError.malformedAnswer(operation: .read)) { try short.read(block: 4) }
    }

    @Test("A card that left and a reader that failed are told apart")
    func transportErrors() throws {
        let gone = PCSCError(call: "SCardTransmit", code: .removedCard)
        let other = PCSCError(call: "SCardTransmit", code: .timeout)
        let first = #expect(throws: ClassicError.cardGone(gone)) {
            try card(ScriptedTransport([.failure(gone)])).selectUID()
        }
        #expect(first?.isCardGone == true)
        let second = #expect(throws: ClassicError.transport(other)) {
            try card(ScriptedTransport([.failure(other), .failure(other), .failure(other)])).selectUID()
        }
        #expect(second?.isCardGone == false)
    }

    @Test("What is told about commands names them and times them, and holds no key byte")
    func exchanges() throws {
        let time = SimulatedTime()
        let reader = SimulatedReader(profile: profile, time: time)
        let uid = try #require(CardUID([0x12, 0x34, 0x56, 0x78]))
        reader.layDown(SimulatedCard(ClassicChip(factory: .oneK, uid: uid)))
        let card = ClassicCard(
            transport: reader, dialect: profile, writableSectors: [1], size: .oneK, clock: time)
        var told: [ClassicCard.Exchange] = []
        card.onExchange = { told.append($0) }
        try card.selectUID()
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.write(block: 4, Block(repeating: 0x77))
        try card.writeTrailer(sector: 1, .factory)
        _ = try? card.authenticate(sector: 1, key: otherKey, type: .a)
        #expect(told.count == card.apduCount)
        #expect(told.allSatisfy { $0.milliseconds == 30 })
        #expect(told.last?.status == 0x6300)
        let text = told.map(\.what).joined(separator: " ").lowercased()
        for secret in ["ff", "a1", "a2"] { #expect(!text.contains(secret)) }
    }
}
