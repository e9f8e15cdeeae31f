import DeviceProfiles
import Glibc
import Mifare
import Platform
import Synchronization
import Testing

@testable import Simulator

/// The other end of the wire: listens as vpcd does, and speaks its frames.
private final class FakeVpcd {
    let port: UInt16
    private let listener: Int32

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(listener, pointer, length) + listen(listener, 4) + getsockname(listener, pointer, &length)
            }
        }
        try #require(status == 0)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    func accept() -> Connection { Connection(socket: Glibc.accept(listener, nil, nil)) }

    final class Connection {
        private let socket: Int32

        init(socket: Int32) { self.socket = socket }

        deinit { close(socket) }

        func send(_ payload: [UInt8]) {
            let frame = [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload
            _ = unsafe Glibc.send(socket, frame, frame.count, Int32(MSG_NOSIGNAL))
        }

        /// The next frame; `nil` when the card was taken away.
        func receive() -> [UInt8]? {
            guard let head = receive(2) else { return nil }
            return receive(Int(head[0]) << 8 | Int(head[1]))
        }

        func ask(_ payload: [UInt8]) -> [UInt8]? {
            send(payload)
            return receive()
        }

        private func receive(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            guard count > 0 else { return bytes }
            let got = unsafe recv(socket, &bytes, count, Int32(MSG_WAITALL))
            return got == count ? bytes : nil
        }
    }
}

@Suite struct VpcdCardTests {
    private let uidCommand: [UInt8] = [0xFF, 0xCA, 0x00, 0x00, 0x00]
    private let uidAnswer: [UInt8] = [0x12, 0x34, 0x56, 0x78, 0x90, 0x00]
    private let changes = Mailbox<VpcdCard.Change>()

    private func stage() throws -> (vpcd: FakeVpcd, card: VpcdCard) {
        let vpcd = try FakeVpcd()
        let reader = SimulatedReader(profile: try shippedProfile("virtual-pcd"), time: SimulatedTime())
        return (vpcd, VpcdCard(port: vpcd.port, reader: reader))
    }

    private func next() -> VpcdCard.Change? {
        changes.receive(until: SystemTime().now().advanced(milliseconds: 10_000))
    }

    @Test("A card answers the ATR request and APDUs, and power control with silence")
    func answers() throws {
        let (vpcd, card) = try stage()
        try card.lay(try factoryCard()) { changes.send($0) }
        let connection = vpcd.accept()
        #expect(connection.ask([4]) == SimulatedCard.atr(of: .oneK))
        connection.send([1])
        connection.send([2])
        #expect(connection.ask(uidCommand) == uidAnswer)
        #expect(next() == .laid)
        connection.send([0])
        #expect(connection.ask(uidCommand) == [0x64, 0x00])
        connection.send([1])
        #expect(connection.ask(uidCommand) == uidAnswer)
        #expect(connection.ask([0xFF, 0x00, 0x00, 0x00]) == [0x6D, 0x00])
        card.lift()
        #expect(connection.receive() == nil)
        #expect(next() == .lifted)
        #expect(!card.isLaid)
    }

    @Test("A card pulled at a command closes the connection without an answer, and can be laid down again")
    func pulled() throws {
        let (vpcd, card) = try stage()
        let object = try factoryCard()
        try card.lay(object, fault: CardFault(at: 2, .afterCommand)) { changes.send($0) }
        let first = vpcd.accept()
        #expect(first.ask(uidCommand) == uidAnswer)
        #expect(first.ask(uidCommand) == nil)
        #expect([next(), next()] == [.laid, .pulled(at: 2)])
        try card.lay(object) { changes.send($0) }
        let second = vpcd.accept()
        #expect(second.ask(uidCommand) == uidAnswer)
        #expect(second.ask(uidCommand) == uidAnswer)
        card.lift()
        #expect([next(), next()] == [.laid, .lifted])
    }

    @Test("A card notices that pcscd went away, and a card that finds nobody says so")
    func readerGone() throws {
        let (vpcd, card) = try stage()
        try card.lay(try factoryCard()) { changes.send($0) }
        var connection: FakeVpcd.Connection? = vpcd.accept()
        #expect(connection?.ask(uidCommand) == uidAnswer)
        connection = nil
        #expect([next(), next()] == [.laid, .readerGone])
        let reader = SimulatedReader(profile: try shippedProfile("virtual-pcd"), time: SimulatedTime())
        // Port 1 (tcpmux) has no listener on any machine that this could run on.
        let nobody = VpcdCard(port: 1, reader: reader)
        #expect(throws: VpcdCard.Unreachable.self) { try nobody.lay(try factoryCard()) { _ in } }
    }

    @Test("Orders lay, pull, save and load cards, and mistaken ones are answered with what was expected")
    func orders() throws {
        let vpcd = try FakeVpcd()
        let path = "/tmp/yika-hand-\(UInt64.random(in: 0 ... .max)).mfd"
        defer { _ = unsafe unlink(path) }
        let chip = try factoryCard().chip
        try CardImage(chip).write(path: path)
        let events = Mailbox<VirtualHand.Event>()
        let hand = try VirtualHand(
            image: path, profile: try shippedProfile("acr122u"), port: vpcd.port, latencyMilliseconds: 0,
            writesBack: true
        ) { events.send($0) }
        func event() -> VirtualHand.Event? {
            events.receive(until: SystemTime().now().advanced(milliseconds: 10_000))
        }
        #expect(event()?.line == "{\"event\":\"ready\",\"path\":\"\(path)\"}")
        let pull = #"{"do":"lay","pullAt":3,"how":"tear","torn":"new"}"#
        #expect(hand.order(pull))
        let connection = vpcd.accept()
        #expect(event()?.line == #"{"event":"laid"}"#)
        let commands = try shippedProfile("acr122u").commands
        _ = connection.ask(commands.loadKey.build([.slot: [0], .key: SectorKey.factory.bytes]))
        _ = connection.ask(commands.authenticate.build([.block: [4], .slot: [0], .keyType: [0x60]]))
        let ones = [UInt8](repeating: 1, count: 16)
        #expect(connection.ask(commands.write.build([.block: [4], .data: ones])) == nil)
        let told = (0..<5).compactMap { _ in event()?.line }
        #expect(told[0].contains(#""what":"LOAD KEY slot 0""#) && told[0].contains(#""sw":"9000""#))
        #expect(told[2].contains(#""what":"WRITE block 4""#) && !told[2].contains("sw"))
        #expect(told[3].contains("saved"))
        #expect(told[4] == #"{"at":3,"event":"pulled"}"#)
        #expect(!told.joined().lowercased().contains("ffff"))
        #expect(try CardImage.read(path: path).chip.content(of: 4) == ones)
        #expect(hand.order(#"{"do":"lay","pullAt":2,"how":"tear","torn":"weak","misbehaviour":["oneWordForAll"]}"#))
        let second = vpcd.accept()
        #expect(event()?.line == #"{"event":"laid"}"#)
        #expect(second.ask([0, 0xA4, 4, 0]) == [0x63, 0x00])
        #expect(second.ask(commands.read.build([.block: [4]])) == nil)
        while let line = event()?.line, !line.contains("pulled") {}
        for (order, message) in [
            ("nonsense", "an order"), (#"{"do":"jump"}"#, "'do'"), (#"{"do":"lay","pullAt":1,"how":"x"}"#, "'how'"),
            (#"{"do":"lay","pullAt":1,"how":"tear","torn":"x"}"#, "'torn'"), (#"{"do":"load"}"#, "'image'"),
            (#"{"do":"lay","misbehaviour":["sulks"]}"#, "shortAnswerOnce"),
            (#"{"do":"load","image":"/nonexistent.mfd"}"#, "can be read"),
        ] {
            #expect(hand.order(order))
            #expect(event()?.message?.contains(message) == true)
        }
        #expect(!hand.order(#"{"do":"quit"}"#))
    }
}
