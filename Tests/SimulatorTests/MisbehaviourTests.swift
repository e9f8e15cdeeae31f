import DeviceProfiles
import Mifare
import Platform
import SmartCard
import Testing

@testable import Simulator

@Suite struct MisbehaviourTests {
    private let ones = [UInt8](repeating: 1, count: 16)
    private let zeros = [UInt8](repeating: 0, count: 16)

    private func wire(
        _ misbehaviour: ReaderMisbehaviour, at occasion: Int = 1, replacing: [(String, String)] = [], seed: UInt64 = 1
    ) throws -> Wire {
        try Wire(
            try inventedProfile(replacing: replacing),
            misbehaviours: ReaderMisbehaviours([misbehaviour], at: occasion, seed: seed))
    }

    private let reconnecting = [("afterAuthFailure: \"none\"", "afterAuthFailure: \"reconnect\"")]

    @Test("A reader with one word for all says 6300 to a wrong key, a wrong block, a wrong slot and a wrong command")
    func oneWordForAll() throws {
        let wire = try wire(.oneWordForAll)
        #expect(try wire.loadKey(.b) == 0x9000)
        #expect(try wire.loadKey(.a, ones.dropLast(10)) == 0x9000)
        #expect(try wire.authenticate(4, .a) == 0x6300)
        #expect(try wire.send(.read, [.block: [4]]).word == 0x6300)
        #expect(try wire.authenticate(200) == 0x6300)
        #expect(try wire.send(.loadKey, [.slot: [9], .key: Wire.keyA]).word == 0x6300)
        #expect(try wire.reader.transmit([0, 0xA4, 4, 0]) == [0x63, 0x00])
    }

    @Test("A reader that says 6984 to AUTH says it for a wrong key, no key and no block, and for nothing else")
    func authenticateSays6984() throws {
        let wire = try wire(.authenticateSays6984)
        #expect(try wire.authenticate(4) == 0x6984)
        #expect(try wire.loadKey(.b, Wire.keyA) == 0x9000)
        #expect(try wire.authenticate(4) == 0x6984)
        #expect(try wire.authenticate(200) == 0x6984)
        #expect(try wire.send(.read, [.block: [4]]).word == 0x6982)
        try wire.open(4)
    }

    @Test("A reader that refuses its first slot takes keys in the others")
    func refusesFirstSlot() throws {
        let wire = try wire(.refusesFirstSlot)
        #expect(try wire.send(.loadKey, [.slot: [0], .key: Wire.keyA]).word == 0x6988)
        #expect(try wire.send(.loadKey, [.slot: [0], .key: Wire.keyA]).word == 0x6988)
        #expect(try wire.send(.loadKey, [.slot: [1], .key: Wire.keyA]).word == 0x9000)
        #expect(try wire.send(.authenticate, [.slot: [1], .block: [4]]).word == 0x9000)
    }

    @Test("LOAD KEY that fails once leaves the slot as it was, and works the next time")
    func loadKeyFailsOnce() throws {
        let wire = try wire(.loadKeyFailsOnce)
        #expect(try wire.loadKey(.b) == 0x6F01)
        #expect(try wire.authenticate(4) == 0x6B00)
        try wire.open(4)
    }

    @Test("A card that stays silent after a refusal answers when it is selected again, although the profile says none")
    func silentAfterRefusal() throws {
        for (misbehaviour, isSilent) in [(ReaderMisbehaviour.silentAfterRefusal, true), (.oneWordForAll, false)] {
            let wire = try wire(misbehaviour)
            #expect(try wire.loadKey(.b, Wire.keyA) == 0x9000)
            #expect(try wire.authenticate(4) != 0x9000)
            #expect(try wire.loadKey(.b) == 0x9000)
            for _ in 0..<2 { #expect((try wire.authenticate(4) != 0x9000) == isSilent) }
            try wire.reader.reselect()
            #expect(try wire.authenticate(4) == 0x9000)
        }
    }

    @Test("A reader that selects again by itself needs no reconnect, although the profile asks for one")
    func selectsAgainItself() throws {
        for (misbehaviour, isSilent) in [(ReaderMisbehaviour.selectsAgainItself, false), (.emptyUIDOnce, true)] {
            let wire = try wire(misbehaviour, replacing: reconnecting)
            #expect(try wire.loadKey(.b, Wire.keyA) == 0x9000)
            #expect(try wire.authenticate(4) == 0x6F04)
            #expect(try wire.loadKey(.b) == 0x9000)
            #expect((try wire.authenticate(4) != 0x9000) == isSilent)
        }
    }

    @Test("Signals answered with 90 and a state are not what the profile says")
    func signalsAnswerTheirState() throws {
        let wire = try wire(.signalsAnswerTheirState)
        let sound = try #require(wire.reader.profile.buzzer?.onSuccess)
        let code = try #require(wire.reader.profile.controlCodes.controlCodes.first)
        let answers = try (0..<2).map { _ in try wire.reader.control(code: code, sound.send) }
        #expect(answers.allSatisfy { $0.count == 2 && $0[0] == 0x90 && !sound.isAnswered(by: $0) })
        #expect(answers[0] != answers[1])
    }

    @Test("A write that is claimed once was not done; the next one is")
    func claimsAWrite() throws {
        for operation in [CardOperation.write, .writeBlocks, .writeWithKey] {
            let wire = try wire(.claimsAWriteOnce, at: 2)
            try wire.open(4)
            for (value, expected) in [(UInt8(1), UInt8(1)), (2, 1), (3, 3)] {
                let bytes = [UInt8](repeating: value, count: operation == .write ? 16 : 32)
                let values: [ApduField: [UInt8]] = [
                    .block: [4], .data: bytes, .blocks: bytes, .length: [32], .key: Wire.keyB,
                ]
                #expect(try wire.send(operation, values).word == 0x9000)
                #expect(wire.card.chip.content(of: 4) == [UInt8](repeating: expected, count: 16))
            }
        }
    }

    @Test("A write that is denied once was done")
    func deniesAWrite() throws {
        let wire = try wire(.deniesAWriteOnce, at: 2)
        try wire.open(4)
        #expect(try wire.send(.write, [.block: [4], .data: zeros]).word == 0x9000)
        #expect(try wire.send(.write, [.block: [4], .data: ones]).word == 0x6F01)
        #expect(wire.card.chip.content(of: 4) == ones)
        #expect(try wire.send(.read, [.block: [4]]).data == ones)
        let counting = try self.wire(.deniesAWriteOnce)
        counting.store(10, at: 5)
        try counting.open(5)
        #expect(try counting.send(.decrement, [.block: [5], .valueLE: [4, 0, 0, 0]]).word == 0x6F01)
        #expect(counting.value(of: 5) == 6)
    }

    @Test("An authentication that is lost once is asked for again at the command that it is lost at")
    func losesAuthentication() throws {
        for replacing in [[], reconnecting] {
            let wire = try wire(.losesAuthenticationOnce, at: 2, replacing: replacing)
            try wire.open(4)
            #expect(try wire.send(.read, [.block: [4]]).word == 0x9000)
            #expect(try wire.send(.read, [.block: [4]]).word == 0x6982)
            if !replacing.isEmpty { try wire.reader.reselect() }
            #expect(try wire.authenticate(4) == 0x9000)
            #expect(try wire.send(.read, [.block: [4]]).word == 0x9000)
        }
    }

    @Test("An answer is delivered a byte short once: a data byte, or the last of all")
    func shortAnswer() throws {
        let uid: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var answers: Set<[UInt8]> = []
        for seed in UInt64(1)...20 {
            let wire = try wire(.shortAnswerOnce, seed: seed)
            answers.insert(try wire.reader.transmit(wire.reader.profile.commands.uid.build()))
            #expect(try wire.send(.uid).data == uid)
        }
        #expect(answers == [uid.dropLast() + [0x90, 0x00], uid + [0x90]])
        // What is left of a bare status word is no answer at all.
        let wire = try wire(.shortAnswerOnce)
        #expect(throws: PCSCError(call: "SCardTransmit", code: .notTransacted)) { try wire.loadKey(.b) }
        try wire.open(4)
    }

    @Test("The UID is empty once, with a good status word")
    func emptyUID() throws {
        let wire = try wire(.emptyUIDOnce)
        #expect(try wire.send(.uid) == ([], 0x9000))
        #expect(try wire.send(.uid).data.count == 4)
    }

    @Test("A seed draws the same occasions every time, and seeds draw all of the first eight")
    func drawn() {
        let kinds = Set(ReaderMisbehaviour.allCases)
        var seen: Set<Int> = []
        for seed in UInt64(0)..<100 {
            let drawn = ReaderMisbehaviours.drawn(kinds, seed: seed)
            #expect(drawn == .drawn(kinds, seed: seed))
            #expect(drawn.occasions.count == kinds.filter(\.isOnce).count)
            seen.formUnion(drawn.occasions.values)
        }
        #expect(seen == Set(1...8))
    }

    @Test("A reader that behaves again behaves")
    func behavesAgain() throws {
        let wire = try wire(.oneWordForAll)
        #expect(try wire.authenticate(4) == 0x6300)
        wire.reader.misbehave(.none)
        #expect(try wire.authenticate(4) == 0x6B00)
    }
}
