import DeviceProfiles
import Foundation
import Mifare
import Platform
import Simulator
import SmartCard
import TestSupport
import Testing

/// The monitor and the transport against a real pcscd with the virtual reader.
@Suite("On a real pcscd", .serialized)
struct RealPcscdTests {
    /// What a monitor reported, to be waited for.
    final class Witness: @unchecked Sendable {
        let events = Mailbox<ReaderEvent>()
        let monitor: ReaderMonitor
        let thread: DedicatedThread

        init() {
            let events = self.events
            monitor = ReaderMonitor(time: SystemTime()) { events.send($0) }
            thread = monitor.start()
        }

        deinit { monitor.stop() }

        /// Takes events until one matches; the patience is for a loaded machine, not a measurement.
        func await(_ what: String, where matches: (ReaderEvent) -> Bool) throws {
            let deadline = SystemTime().now().advanced(milliseconds: 20_000)
            while let event = events.receive(until: deadline) {
                if matches(event) { return }
            }
            throw Missing(what: what)
        }

        struct Missing: Error { let what: String }
    }

    private let pcscd: VirtualPcscd
    private let profile: ReaderProfile
    private static let readerName = "Virtual PCD 00 00"

    init() throws {
        pcscd = try VirtualPcscd()
        let library = ProfileLibrary.load(directory: Repository.profiles + "/readers")
        profile = try #require(library.profile(id: "acr122u"))
    }

    private func classic(_ uid: [UInt8]) throws -> SimulatedCard {
        SimulatedCard(ClassicChip(factory: .oneK, uid: try #require(CardUID(uid))))
    }

    private func slot(_ offset: UInt16 = 0) -> VpcdCard {
        VpcdCard(
            port: pcscd.port + offset,
            reader: SimulatedReader(profile: profile, time: SystemTime(), latencyMilliseconds: 0))
    }

    private func lay(_ card: SimulatedCard, on slot: VpcdCard, fault: CardFault? = nil) throws {
        try slot.lay(card, fault: fault, timeoutMilliseconds: 10_000) { _ in }
    }

    private func uid(_ transport: PCSCTransport) throws -> [UInt8] {
        Array(try transport.transmit([0xFF, 0xCA, 0, 0, 0]).dropLast(2))
    }

    private func isInserted(_ event: ReaderEvent, _ reader: String = readerName) -> Bool {
        if case .cardInserted(reader, _) = event { true } else { false }
    }

    @Test("a pcscd that is absent at the start is waited for, and one that is restarted is found again with its card")
    func absentAndRestarted() throws {
        let witness = Witness()
        try witness.await("pcscd's absence") { if case .serviceUnavailable = $0 { true } else { false } }
        try pcscd.start()
        try witness.await("pcscd") { $0 == .serviceAvailable }
        try witness.await("the reader") { $0 == .readerAttached(Self.readerName) }
        for hard in [false, true] {
            pcscd.stop(hard: hard)
            try witness.await("the reader's loss") { $0 == .readerDetached(Self.readerName) }
            try witness.await("pcscd's loss") { if case .serviceUnavailable = $0 { true } else { false } }
            try pcscd.start()
            try witness.await("the reader again") { $0 == .readerAttached(Self.readerName) }
        }
        let slot = slot()
        try lay(try classic([1, 2, 3, 4]), on: slot)
        try witness.await("the card") { isInserted($0) }
        slot.lift()
        try witness.await("the card's going") { $0 == .cardRemoved(reader: Self.readerName) }
    }

    @Test("a monitor stops at once, whatever it is doing at that moment")
    func stopped() throws {
        try pcscd.start()
        let rounds: Int64 = 60
        for round in 0..<rounds {
            // So long that only a cancelled wait can end in time.
            let monitor = ReaderMonitor(time: SystemTime(), waitMilliseconds: 600_000) { _ in }
            let thread = monitor.start()
            let time = SystemTime()
            time.sleep(until: Platform.Instant(nanoseconds: time.now().nanoseconds + round * 50_000))
            monitor.stop()
            try #require(thread.join(until: time.now().advanced(milliseconds: 20_000)), "round \(round)")
        }
        print("\(rounds) monitors stopped at moments 50 µs apart")
    }

    @Test("a card tells its ATR and its UID, and another program cannot come in between")
    func cardAnswers() throws {
        try pcscd.start()
        let witness = Witness()
        let slot = slot()
        try lay(try classic([1, 2, 3, 4]), on: slot)
        try witness.await("the card") {
            $0 == .cardInserted(reader: Self.readerName, atr: SimulatedCard.atr(of: .oneK))
        }
        let transport = try PCSCTransport(reader: Self.readerName)
        #expect(transport.atr == SimulatedCard.atr(of: .oneK))
        #expect(try uid(transport) == [1, 2, 3, 4])
        #expect(throws: PCSCError(call: "SCardConnect", code: .sharingViolation)) {
            try PCSCTransport(reader: Self.readerName)
        }
        slot.lift()
    }

    @Test("a card that leaves in the middle of a command is gone, not merely silent")
    func goneInMidTransmit() throws {
        try pcscd.start()
        let witness = Witness()
        let slot = slot()
        try lay(try classic([1, 2, 3, 4]), on: slot, fault: CardFault(at: 2, .afterCommand))
        try witness.await("the card") { isInserted($0) }
        let transport = try PCSCTransport(reader: Self.readerName)
        #expect(try uid(transport) == [1, 2, 3, 4])
        do {
            _ = try uid(transport)
            Issue.record("the second command was answered")
        } catch let error as PCSCError {
            #expect(error.isCardGone, "\(error)")
        }
        try witness.await("the card's going") { $0 == .cardRemoved(reader: Self.readerName) }
    }

    @Test("a card swapped for another is two cards, with two UIDs")
    func swapped() throws {
        try pcscd.start()
        let witness = Witness()
        let slot = slot()
        for uid in [[1, 2, 3, 4], [5, 6, 7, 8]] as [[UInt8]] {
            try lay(try classic(uid), on: slot)
            try witness.await("the card") { isInserted($0) }
            let transport = try PCSCTransport(reader: Self.readerName)
            #expect(try self.uid(transport) == uid)
        }
        slot.lift()
    }

    @Test("a card of another kind shows by its ATR, and its answers come through")
    func anotherKind() throws {
        try pcscd.start()
        let witness = Witness()
        let slot = slot()
        let desfire: [UInt8] = [0x3B, 0x81, 0x80, 0x01, 0x80, 0x80]
        try lay(
            SimulatedCard(ClassicChip(factory: .oneK, uid: try #require(CardUID([9, 9, 9, 9]))), atr: desfire), on: slot
        )
        try witness.await("the card") { $0 == .cardInserted(reader: Self.readerName, atr: desfire) }
        slot.lift()
    }

    @Test("two cards at once on two readers are both served")
    func twoAtOnce() throws {
        try pcscd.start()
        let witness = Witness()
        let slots = [slot(), slot(1)]
        try lay(try classic([1, 2, 3, 4]), on: slots[0])
        try lay(try classic([5, 6, 7, 8]), on: slots[1])
        var waiting: Set = ["Virtual PCD 00 00", "Virtual PCD 00 01"]
        try witness.await("both cards") { event in
            if case .cardInserted(let reader, _) = event { waiting.remove(reader) }
            return waiting.isEmpty
        }
        let transports = [
            try PCSCTransport(reader: "Virtual PCD 00 00"), try PCSCTransport(reader: "Virtual PCD 00 01"),
        ]
        #expect(try uid(transports[0]) == [1, 2, 3, 4])
        #expect(try uid(transports[1]) == [5, 6, 7, 8])
        slots.forEach { $0.lift() }
    }

    @Test("a card silent after a failed authentication answers again once it is selected anew")
    func silentAfterFailure() throws {
        try pcscd.start()
        let witness = Witness()
        let slot = slot()
        try lay(try classic([1, 2, 3, 4]), on: slot)
        try witness.await("the card") { isInserted($0) }
        let card = ClassicCard(
            transport: try PCSCTransport(reader: Self.readerName), dialect: profile, writableSectors: [], size: .oneK)
        try card.selectUID()
        let wrong = try #require(SectorKey(hex: "000000000001"))
        #expect(throws: ClassicError.authenticationFailed(sector: 1, keyType: .a)) {
            try card.authenticate(sector: 1, key: wrong, type: .a)
        }
        try card.authenticate(sector: 1, key: .factory, type: .a)
        #expect(try card.read(block: 4) == .zero)
        slot.lift()
    }

    @Test("a driver that tells nothing about its reader is no error; a reader or a pcscd that is not there is one")
    func factsOfReader() throws {
        let noService = #expect(throws: PCSCError.self) { try ReaderFacts.ask(Self.readerName) }
        #expect(noService?.code == .noService)
        try pcscd.start()
        #expect(try ReaderFacts.ask(Self.readerName) == ReaderFacts())
        let missing = #expect(throws: PCSCError.self) { try ReaderFacts.ask("No such reader 00 00") }
        #expect(missing?.code == .unknownReader)
        let witness = Witness()
        try witness.await("the reader") { $0 == .readerAttached(Self.readerName) }
        let slot = slot()
        try lay(classic([1, 2, 3, 4]), on: slot)
        try witness.await("the card") { isInserted($0) }
        // Somebody works with the card: the reader is not to be asked now.
        let transport = try PCSCTransport(reader: Self.readerName)
        let busy = #expect(throws: PCSCError.self) { try ReaderFacts.ask(Self.readerName) }
        #expect(busy?.code == .sharingViolation)
        _ = try uid(transport)
    }

}
