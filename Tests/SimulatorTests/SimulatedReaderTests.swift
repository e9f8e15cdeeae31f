import DeviceProfiles
import Mifare
import Platform
import SmartCard
import Testing

@testable import Simulator

@Suite struct SimulatedReaderTests {
    private func reader(
        _ id: String = "acr122u", time: SimulatedTime = SimulatedTime()
    ) throws -> SimulatedReader {
        SimulatedReader(profile: try shippedProfile(id), time: time)
    }

    private let ones = Block(repeating: 1)

    @Test("A session reads and writes in every dialect, with both keys, block by block and several at once")
    func everyDialect() throws {
        let trailer = try SectorTrailer(
            keyA: .factory, accessBits: try #require(AccessBits(conditions: [0b100, 0b110, 0b110, 0b011])),
            keyB: .directory)
        for profile in try allDialects() {
            for size in ClassicSize.allCases {
                let reader = SimulatedReader(profile: profile, time: SimulatedTime())
                reader.layDown(try factoryCard(size))
                let card = session(reader, [1], size: size)
                #expect(try card.selectUID().bytes == [0x12, 0x34, 0x56, 0x78])
                try card.authenticate(sector: 1, key: .factory, type: .a)
                try card.write(from: 4, [ones, .zero, ones])
                #expect(try card.read(blocks: 4..<7) == [ones, .zero, ones])
                try card.writeTrailer(sector: 1, trailer)
                #expect(try card.read(blocks: 4..<7, key: .factory, type: .a) == [ones, .zero, ones], "\(profile.id)")
                // Key A may only read now.
                try card.authenticate(sector: 1, key: .factory, type: .a)
                #expect(throws: ClassicError.self, "\(profile.id)") { try card.write(block: 4, .zero) }
                try card.authenticate(sector: 1, key: .directory, type: .b)
                try card.write(block: 4, .zero)
                #expect(try card.read(block: 4) == .zero, "\(profile.id)")
            }
        }
    }

    @Test("The chip itself adds, subtracts and copies in every dialect that has commands for it")
    func values() throws {
        var tried = 0
        for profile in try allDialects() {
            let reader = SimulatedReader(profile: profile, time: SimulatedTime())
            reader.layDown(try factoryCard())
            let card = session(reader, [1])
            try card.selectUID()
            try card.authenticate(sector: 1, key: .factory, type: .a)
            try card.store(value: 1000, block: 5)
            #expect(try card.readValue(block: 5) == 1000)
            for (operation, value, change) in [
                (CardOperation.increment, Int32(1234), { () throws in try card.increment(block: 5, by: 234) }),
                (.decrement, 1000, { () throws in try card.decrement(block: 5, by: 234) }),
            ] {
                guard profile.commands[operation] != nil else {
                    #expect(throws: ClassicError.self, "\(profile.id)") { try change() }
                    continue
                }
                try change()
                #expect(try card.readValue(block: 5) == value, "\(operation.rawValue) on \(profile.id)")
                tried += 1
            }
            try card.copyValue(block: 5, to: 6)
            #expect(try card.readValue(block: 6) == card.readValue(block: 5), "\(profile.id)")
            // Only data blocks of sectors that are ours hold values.
            for block in [4 + 3, 8, 0] {
                #expect(throws: ClassicError.self) { try card.increment(block: block, by: 1) }
            }
        }
        print("values: \(tried) additions and subtractions by the chip, a copy in every dialect")
        #expect(tried > 0)
    }

    /// Every shipped one, and one that has all that a profile can say.
    private func allDialects() throws -> [ReaderProfile] { try shippedProfiles().profiles + [inventedProfile()] }

    @Test("Every command takes the profile's latency on the simulated clock")
    func latency() throws {
        let time = SimulatedTime()
        let reader = try reader(time: time)
        reader.layDown(try factoryCard())
        let card = session(reader, [])
        try card.selectUID()
        try card.authenticate(sector: 1, key: .factory, type: .a)
        _ = try card.read(block: 4)
        #expect(card.apduCount == 4)
        #expect(time.now().milliseconds == 4 * 30)
    }

    @Test("A card pulled before, in or after a command is gone at the command it was pulled at")
    func pulls() throws {
        // UID, LOAD KEY, AUTH, WRITE: the write is command 4.
        let cases: [(CardFault.Kind, Bool)] = [
            (.beforeCommand, false), (.afterCommand, true), (.tear(.old), false), (.tear(.new), true),
        ]
        for (kind, isWritten) in cases {
            let reader = try reader()
            let card = try factoryCard()
            reader.layDown(card, fault: CardFault(at: 4, kind))
            let session = session(reader, [1])
            try session.selectUID()
            try session.authenticate(sector: 1, key: .factory, type: .a)
            let error = #expect(throws: ClassicError.self) { try session.write(block: 4, ones) }
            #expect(error?.isCardGone == true)
            #expect((card.chip.content(of: 4) == ones.bytes) == isWritten)
            #expect(reader.card == nil)
        }
    }

    @Test("A card pulled after an answer leaves the answer, and fails what comes next")
    func pullAfterAnswer() throws {
        let reader = try reader()
        reader.layDown(try factoryCard(), fault: CardFault(at: 1, .afterAnswer))
        let card = session(reader, [])
        try card.selectUID()
        let error = #expect(throws: ClassicError.self) { try card.reselect() }
        #expect(error?.isCardGone == true)
    }

    @Test("A trailer torn to zeros blocks its sector, and the other sectors go on working")
    func erasedTrailer() throws {
        let reader = try reader()
        let card = try factoryCard()
        reader.layDown(card, fault: CardFault(at: 4, .tear(.erased)))
        let first = session(reader, [1])
        try first.selectUID()
        try first.authenticate(sector: 1, key: .factory, type: .a)
        let torn = #expect(throws: ClassicError.self) { try first.writeTrailer(sector: 1, .factory) }
        #expect(torn?.isCardGone == true)
        reader.layDown(card)
        let second = session(reader, [1])
        try second.selectUID()
        #expect(throws: ClassicError.authenticationFailed(sector: 1, keyType: .a)) {
            try second.authenticate(sector: 1, key: .factory, type: .a)
        }
        try second.authenticate(sector: 2, key: .factory, type: .a)
        #expect(try second.read(block: 8) == .zero)
    }

    @Test("Selecting again finds a card that took the first one's place")
    func swap() throws {
        let reader = try reader()
        reader.layDown(try factoryCard())
        let other = SimulatedCard(ClassicChip(factory: .oneK, uid: try uid([4, 1, 2, 3, 4, 5, 6])))
        reader.swap(at: 2, to: other)
        let card = session(reader, [])
        let first = try card.selectUID()
        let gone = #expect(throws: ClassicError.self) { try card.authenticate(sector: 1, key: .factory, type: .a) }
        #expect(gone?.isCardGone == true)
        #expect(throws: ClassicError.cardSwapped(expected: first, found: other.chip.uid)) { try card.reselect() }
    }

    @Test("A removed card, an empty reader and an unknown command are told apart")
    func errors() throws {
        let reader = try reader("virtual-pcd")
        #expect(throws: PCSCError(call: "SCardTransmit", code: .removedCard)) {
            try reader.transmit([0xFF, 0xCA, 0, 0, 0])
        }
        #expect(throws: PCSCError(call: "SCardReconnect", code: .noSmartcard)) { try reader.reselect() }
        reader.layDown(try factoryCard())
        #expect(try reader.transmit([0x00, 0xA4, 0x04, 0x00]) == [0x6D, 0x00])
        reader.lift()
        #expect(throws: PCSCError.self) { try reader.transmit([0xFF, 0xCA, 0, 0, 0]) }
    }

    @Test("Lights answer as the profile says and need a card")
    func lights() throws {
        let reader = try reader()
        let light = try #require(reader.profile.lights?.onSuccess)
        #expect(throws: PCSCError.self) { try reader.transmit(light.send) }
        reader.layDown(try factoryCard())
        #expect(try reader.transmit(light.send) == [0x90, 0x02])
    }

    @Test("What a reader tells about commands never holds a key byte")
    func keysStayHidden() throws {
        let key = try #require(SectorKey(hex: "a1b2c3d4e5f6"))
        for id in ["acr122u", "generic-pcsc", "virtual-pcd"] {
            let profile = try shippedProfile(id)
            let command = profile.commands.loadKey.build([.key: key.bytes, .slot: [0]])
            #expect(!ReaderDialect.of(profile).request(command).description.lowercased().contains("b2"))
            let foreign = [0xFF, 0x82, 0x60, 0x00] + command.dropFirst(4)
            #expect(!ReaderDialect.of(profile).request(foreign).description.lowercased().contains("b2"))
        }
    }
}
