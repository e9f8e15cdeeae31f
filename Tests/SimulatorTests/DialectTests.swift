import DeviceProfiles
import Mifare
import Platform
import SmartCard
import Testing

@testable import Simulator

@Suite struct DialectTests {
    @Test("Every operation that a profile offers is understood, on cards of every size, and done")
    func everyOperation() throws {
        let library = shippedProfiles()
        #expect(library.errors.isEmpty)
        var done = 0
        let profiles = library.profiles + [try inventedProfile(), try typedProfile(), try singleProfile()]
        for profile in profiles {
            for size in ClassicSize.allCases {
                for sector in [1, size.sectors - 1] {
                    let offered = CardOperation.allCases.filter { profile.commands[$0] != nil }
                    for operation in offered {
                        try perform(operation, on: try Wire(profile, size: size), sector: sector)
                        done += 1
                    }
                }
            }
        }
        print("dialects: \(done) operations of \(profiles.count) profiles done on 3 sizes of card")
    }

    /// Slots by key type, chosen without a number, as Identiv's readers want it.
    private func typedProfile() throws -> ReaderProfile {
        try inventedProfile(
            "typed",
            replacing: [
                ("FF 82 00 {slot} 06", "FF 82 00 {keyType} 06"),
                ("{block} 00 {slot}", "{block} {keyType} 01"),
            ])
    }

    /// One block at once, keys with their type, no lengths, and the content last but one.
    private func singleProfile() throws -> ReaderProfile {
        try inventedProfile(
            "single",
            replacing: [
                ("06 {key} {length}\", most: 15", "07 {key} {keyType}\", most: 1"),
                ("{block} {length} {blocks}\", most: 15", "{block} {rest} {blocks} {length}\", most: 2"),
                ("{rest} {key} {blocks}\", most: 15", "{rest} {key} {blocks} {keyType} 07\", most: 3"),
            ])
    }

    private func perform(_ operation: CardOperation, on wire: Wire, sector: Int) throws {
        let first = ClassicSize.firstBlock(ofSector: sector)
        let count = wire.reader.profile.commands.blocks(
            of: operation, wanted: ClassicSize.dataBlocks(ofSector: sector).count)
        let bytes = (0..<max(count, 1) * 16).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        var values: [ApduField: [UInt8]] = [
            .block: [UInt8(first)], .target: [UInt8(first + 1)], .slot: [try wire.slot(.b)], .keyType: [0x61],
            .key: Wire.keyB, .length: [UInt8(count * 16)], .blocks: bytes, .data: Array(bytes.prefix(16)),
        ]
        (values[.valueLE], values[.valueBE]) = ([5, 1, 0, 0], [0, 0, 1, 5])
        if operation != .uid, operation != .loadKey { #expect(try wire.loadKey(.b) == wire.word(.ok, .loadKey)) }
        switch operation {
        case .uid, .loadKey, .authenticate, .readWithKey, .writeWithKey: break
        default: try wire.open(first)
        }
        let reads: Set<CardOperation> = [.read, .readBlocks, .readWithKey]
        let counts: Set<CardOperation> = [.readValue, .increment, .decrement, .copyValue]
        if reads.contains(operation) {
            for block in 0..<count {
                wire.card.chip.store(Array(bytes[block * 16..<block * 16 + 16]), at: first + block)
            }
        }
        if counts.contains(operation) { wire.store(1000, at: first) }
        let answer = try wire.send(operation, values)
        let what = "\(wire.reader.profile.id) \(operation), sector \(sector)"
        #expect(answer.word == wire.word(.ok, operation), "\(what)")
        switch operation {
        case .uid: #expect(answer.data == wire.card.chip.uid.bytes)
        case .loadKey, .authenticate: #expect(answer.data.isEmpty)
        case .read, .readBlocks, .readWithKey: #expect(answer.data == bytes, "\(what)")
        case .write, .writeBlocks, .writeWithKey:
            #expect((0..<count).flatMap { wire.card.chip.content(of: first + $0) } == bytes, "\(what)")
        case .readValue:
            let isHighFirst = wire.reader.profile.commands[.storeValue]?.fields.contains(.valueBE) ?? false
            #expect(answer.data == (isHighFirst ? [0, 0, 3, 0xE8] : [0xE8, 3, 0, 0]), "\(what)")
        case .storeValue: #expect(wire.value(of: first) == 0x105, "\(what)")
        case .increment: #expect(wire.value(of: first) == 1261, "\(what)")
        case .decrement: #expect(wire.value(of: first) == 739, "\(what)")
        case .copyValue: #expect(wire.value(of: first + 1) == 1000, "\(what)")
        }
    }

    @Test("Several blocks are read and written up to the sector's trailer and the reader's most, and no further")
    func severalBlocks() throws {
        for (size, first, most, all) in [(ClassicSize.oneK, 4, 15, 3), (.fourK, 128, 15, 15), (.fourK, 128, 4, 4)] {
            let profile = try inventedProfile(replacing: [("most: 15", "most: \(most)")])
            for operation in [CardOperation.readBlocks, .writeBlocks, .readWithKey, .writeWithKey] {
                for start in [first, first + 1] {
                    // Nothing to write, and more than a short command holds, no template builds.
                    let isWriting = [.writeBlocks, .writeWithKey].contains(operation)
                    for count in isWriting ? 1...15 : 0...16 {
                        let wire = try Wire(profile, size: size)
                        try wire.open(first)
                        let values: [ApduField: [UInt8]] = [
                            .block: [UInt8(start)], .length: [UInt8(truncatingIfNeeded: count * 16)],
                            .key: Wire.keyB, .blocks: [UInt8](repeating: 7, count: count * 16),
                        ]
                        let left = min(most, most < 15 ? all : all - (start - first))
                        let isDone = (1...left).contains(count)
                        let answer = try wire.send(operation, values)
                        #expect(answer.word == wire.word(isDone ? .ok : .badParameter, operation))
                    }
                }
            }
        }
    }

    @Test("A key that comes in the command is tried as A and then as B, and leaves no sector authenticated")
    func broughtKeys() throws {
        let profile = try inventedProfile()
        for key in [Wire.keyA, Wire.keyB] {
            let wire = try Wire(profile)
            try wire.open(8)
            #expect(try wire.send(.readWithKey, [.block: [4], .key: key, .length: [16]]).word == 0x9000)
            for block in [UInt8(4), 8] { #expect(try wire.send(.read, [.block: [block]]).word == 0x6982) }
        }
        let wire = try Wire(profile)
        let wrong = [UInt8](repeating: 9, count: 6)
        #expect(try wire.send(.readWithKey, [.block: [4], .key: wrong, .length: [16]]).word == 0x6F04)
        // Key A may not write here: it authenticates, so key B is not tried.
        let values: [ApduField: [UInt8]] = [.block: [4], .key: Wire.keyA, .blocks: [UInt8](repeating: 1, count: 16)]
        #expect(try wire.send(.writeWithKey, values).word == 0x6F0F)
    }

    @Test("A slot for keys A authenticates as key A, one for keys B as key B, and there are no others")
    func slotsByKeyType() throws {
        let wire = try Wire(try inventedProfile())
        #expect(try wire.loadKey(.a, Wire.keyB) == 0x9000)
        #expect(try wire.loadKey(.b, Wire.keyA) == 0x9000)
        #expect(try wire.authenticate(4, .a) == 0x6F04)
        #expect(try wire.authenticate(4, .b) == 0x6F04)
        #expect(try wire.loadKey(.b) == 0x9000)
        #expect(try wire.authenticate(4, .b) == 0x9000)
        #expect(try wire.send(.loadKey, [.slot: [2], .key: Wire.keyA]).word == 0x6B00)
        #expect(try wire.send(.authenticate, [.block: [4], .slot: [2]]).word == 0x6B00)
        #expect(try wire.send(.authenticate, [.block: [4], .slot: [17]]).word == 0x6B00)
    }

    @Test("A value command on what is no value block is refused, and so is a key that may not count")
    func valueRefusals() throws {
        let wire = try Wire(try inventedProfile())
        try wire.open(4)
        for operation in [CardOperation.readValue, .increment, .decrement, .copyValue] {
            try wire.open(4)
            let values: [ApduField: [UInt8]] = [.block: [4], .target: [5], .valueLE: [1, 0, 0, 0]]
            #expect(try wire.send(operation, values).word == 0x6F0F)
        }
        wire.store(10, at: 4)
        try wire.open(4, .a)
        #expect(try wire.send(.increment, [.block: [4], .valueLE: [1, 0, 0, 0]]).word == 0x6F0F)
        try wire.open(4, .a)
        #expect(try wire.send(.decrement, [.block: [4], .valueLE: [1, 0, 0, 0]]).word == 0x9000)
        #expect(wire.value(of: 4) == 9)
    }

    @Test("Each command and each selection takes its own time, unless one time is given for all")
    func latencies() throws {
        for (given, expected) in [(nil, [10, 50, 40]), (7, [7, 7, 7])] as [(Int?, [Int64])] {
            let time = SimulatedTime()
            let wire = try Wire(try inventedProfile(), latencyMilliseconds: given, time: time)
            var marks = [time.now().milliseconds]
            _ = try wire.send(.uid)
            marks.append(time.now().milliseconds)
            try wire.reader.reselect()
            marks.append(time.now().milliseconds)
            let ones = [UInt8](repeating: 1, count: 16)
            _ = try wire.send(.writeWithKey, [.block: [4], .key: Wire.keyB, .blocks: ones])
            marks.append(time.now().milliseconds)
            #expect(zip(marks, marks.dropFirst()).map { $1 - $0 } == expected)
        }
    }

    @Test("Every signal of every profile is answered as the profile says, by the way that it says")
    func signals() throws {
        var count = 0
        for profile in shippedProfiles().profiles + [try inventedProfile()] {
            let wire = try Wire(profile)
            for (transport, command) in profile.signals {
                switch transport {
                case .apdu: #expect(command.isAnswered(by: try wire.reader.transmit(command.send)))
                case .escape:
                    for code in profile.controlCodes.controlCodes {
                        #expect(command.isAnswered(by: try wire.reader.control(code: code, command.send)))
                    }
                    #expect(throws: PCSCError.self) { try wire.reader.control(code: 5, command.send) }
                }
                count += 1
            }
        }
        print("dialects: \(count) signals answered")
        let wire = try Wire(try inventedProfile())
        let polling = try #require(wire.reader.profile.polling)
        let answers = try [polling.on, polling.off].map { try wire.reader.transmit($0.send) }
        #expect(answers[0] != answers[1], "a byte that varies varies")
    }

    @Test("A write of several blocks that is torn leaves new blocks before the one that is hit, and old ones after it")
    func tornSeveral() throws {
        let profile = try inventedProfile()
        let new = (0..<48).map { UInt8($0 + 1) }
        var tears = 0
        for operation in [CardOperation.writeBlocks, .writeWithKey] {
            for hit in 0...3 {
                let wire = try Wire(profile)
                let at = operation == .writeBlocks ? 3 : 1
                wire.layDown(CardFault(at: at, .tear(.erased, block: hit)))
                for block in 4...6 { wire.card.chip.store([UInt8](repeating: 0xEE, count: 16), at: block) }
                if operation == .writeBlocks { try wire.open(4) }
                #expect(throws: PCSCError(call: "SCardTransmit", code: .notTransacted)) {
                    try wire.send(operation, [.block: [4], .length: [48], .key: Wire.keyB, .blocks: new])
                }
                for index in 0...2 {
                    let expected =
                        index < min(hit, 2)
                        ? Array(new[index * 16..<index * 16 + 16])
                        : [UInt8](repeating: index == min(hit, 2) ? 0 : 0xEE, count: 16)
                    #expect(wire.card.chip.content(of: 4 + index) == expected)
                }
                tears += 1
            }
        }
        print("dialects: \(tears) torn writes of several blocks")
    }

    @Test("A torn value command leaves the old value, the new one, or no value; what it copies from stays")
    func tornValues() throws {
        let profile = try inventedProfile()
        for (operation, block, new) in [
            (CardOperation.storeValue, 4, Int32(3)), (.increment, 4, 103), (.decrement, 4, 97), (.copyValue, 5, 100),
        ] {
            for (torn, expected) in [
                (TornWrite.old, operation == .copyValue ? nil : 100), (.new, new), (.erased, nil),
                (.halves(.new, .erased), nil),
            ] as [(TornWrite, Int32?)] {
                let wire = try Wire(profile)
                wire.layDown(CardFault(at: 3, .tear(torn)))
                wire.store(100, at: 4)
                try wire.open(4)
                #expect(throws: PCSCError.self) {
                    try wire.send(operation, [.block: [4], .target: [5], .valueLE: [3, 0, 0, 0]])
                }
                #expect(wire.value(of: block) == expected, "\(operation) \(torn)")
                if operation == .copyValue { #expect(wire.value(of: 4) == 100) }
            }
        }
    }

    @Test("What a reader tells about commands names them and holds no key byte")
    func whatIsTold() throws {
        let told = Mailbox<SimulatedReader.Exchange>()
        let profile = try inventedProfile()
        let reader = SimulatedReader(profile: profile, time: SimulatedTime()) { told.send($0) }
        reader.layDown(try factoryCard())
        let key: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6]
        let values: [ApduField: [UInt8]] = [
            .block: [4], .target: [5], .slot: [16], .key: key, .length: [32], .data: key + key + [0, 0, 0, 0],
            .blocks: key + key + key + [0, 0, 0, 0] + [UInt8](repeating: 0, count: 10), .valueLE: [0xA1, 0xB2, 0, 0],
        ]
        let expected: [CardOperation: (String, Range<Int>)] = [
            .loadKey: ("LOAD KEY slot 16", 0..<0), .authenticate: ("AUTH block 4 key B slot 16", 0..<0),
            .write: ("WRITE block 4", 4..<5), .readBlocks: ("READ blocks 4 to 5", 0..<0),
            .writeBlocks: ("WRITE blocks 4 to 5", 4..<6), .readWithKey: ("READ blocks 4 to 5 with its key", 0..<0),
            .writeWithKey: ("WRITE blocks 4 to 5 with its key", 4..<6), .readValue: ("READ VALUE block 4", 0..<0),
            .increment: ("INCREMENT block 4", 4..<5), .copyValue: ("COPY VALUE block 4 to 5", 5..<6),
        ]
        for operation in CardOperation.allCases {
            let command = try #require(profile.commands[operation]).build(values)
            _ = try? reader.transmit(command)
            let exchange = try #require(told.receive(until: SystemTime().now().advanced(milliseconds: 1000)))
            if let (what, written) = expected[operation] {
                #expect(exchange.what == what)
                #expect(exchange.written == written)
            }
            // The same in a dialect that is not this reader's.
            _ = try? reader.transmit([0xFE] + command.dropFirst())
            let foreign = try #require(told.receive(until: SystemTime().now().advanced(milliseconds: 1000)))
            for what in [exchange.what, foreign.what] {
                #expect(!what.lowercased().contains("b2") && !what.contains("178"))
            }
        }
    }
}
