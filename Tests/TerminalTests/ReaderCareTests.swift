import DeviceProfiles
import Health
import Platform
import Simulator
import SmartCard
import Synchronization
import Testing
import USBReaders

@testable import Terminal

@Suite("Care for readers")
struct ReaderCareTests {
    private static let name = "ACS ACR122U PICC Interface 00 00"

    /// Notes what was done, and lets nothing help.
    private final class Hands: ReaderHands {
        let done = Mutex<[String]>([])
        let hasHelper: Bool
        private let known: AttachedDevice?

        init(hasHelper: Bool = true, known: Bool = true) {
            self.hasHelper = hasHelper
            let identity = USBIdentity(vendor: 0x072F, product: 0x2200)
            self.known = PortPath("1-1.2").flatMap { port in
                known
                    ? AttachedDevice(
                        port: port, address: 4, identity: identity, bcdDevice: 0x0214, deviceClass: 0,
                        interfaces: [.init(number: 0, kind: .init(0x0B, 0, 0), driver: "usbfs")]) : nil
            }
        }

        func reconnect(_ reader: String) throws(PCSCError) { done.withLock { $0.append("reconnect") } }
        func unpower(_ reader: String) throws(PCSCError) {
            done.withLock { $0.append("unpower") }
            throw PCSCError(call: "SCardConnect", code: .readerUnavailable)
        }
        func device(of reader: String) -> AttachedDevice? { known }
        func reset(_ request: ResetRequest) -> ResetDesk.Answer {
            done.withLock { $0.append(request.action.rawValue) }
            return .nobodyThere
        }
    }

    private struct Ward {
        let care: ReaderCare
        let hands: Hands
        let health: HealthRegistry
        let time: SimulatedTime

        init(_ hands: Hands = Hands(), isServing: Bool = false) {
            let time = SimulatedTime()
            let health = HealthRegistry(time: time) { _ in }
            care = ReaderCare(hands: hands, time: time, health: health, isServing: { isServing }) { _ in }
            (self.hands, self.health, self.time) = (hands, health, time)
        }

        func dead(_ times: Int) {
            for _ in 0..<times {
                care.served(ReaderCareTests.name, answered: 0, error: .notTransacted)
                care.step()
            }
        }

        var codes: [String] { health.current.map(\.notice.code) }
        var done: [String] { hands.done.withLock { $0 } }
    }

    @Test("two dead taps are an accident; the third is a reader that has failed, and it is reconnected at once")
    func threshold() {
        let ward = Ward()
        ward.dead(2)
        #expect(ward.done.isEmpty && ward.codes.isEmpty)
        ward.dead(1)
        #expect(ward.done == ["reconnect"] && ward.codes == ["YK-R11"])
        ward.care.served(Self.name, answered: 5, error: nil)
        ward.care.step()
        #expect(ward.codes.isEmpty)
    }

    @Test("what does not help leads on: unpower, reset, port power, and a person; who plugs it in anew ends it")
    func ladder() {
        let ward = Ward()
        ward.dead(3)
        ward.time.advance(milliseconds: 600_000)
        ward.care.step()
        #expect(ward.done == ["reconnect"], "nobody has tried the reader since")
        ward.dead(1)
        for _ in 0..<5 {
            ward.time.advance(milliseconds: 10_000)
            ward.care.step()
        }
        #expect(ward.done == ["reconnect", "unpower", "reset", "power-cycle"])
        #expect(ward.codes == ["YK-R10", "YK-R11"])
        ward.care.attached(Self.name)
        ward.care.step()
        #expect(ward.codes.isEmpty)
    }

    @Test("without the helper, or without knowing the device, USB is left alone and a person is asked")
    func withoutHelper() {
        for hands in [Hands(hasHelper: false), Hands(known: false)] {
            let ward = Ward(hands)
            ward.dead(4)
            for _ in 0..<3 {
                ward.time.advance(milliseconds: 10_000)
                ward.care.step()
            }
            #expect(ward.done == ["reconnect", "unpower"] && ward.codes == ["YK-R10", "YK-R11"])
        }
    }

    @Test("while a card is served anywhere, nothing is reset; after a minute a person is asked instead")
    func cardInHand() {
        let ward = Ward(isServing: true)
        ward.dead(4)
        for _ in 0..<7 {
            ward.time.advance(milliseconds: 10_000)
            ward.care.step()
        }
        #expect(ward.done.isEmpty && ward.codes == ["YK-R10", "YK-R11"])
    }

    @Test("a card that was pulled away, or of another kind, says nothing against the reader")
    func pulledCards() {
        let ward = Ward()
        for _ in 0..<10 {
            for code in [PCSCError.Code.removedCard, .noSmartcard, .unsupportedCard, .sharingViolation] {
                ward.care.served(Self.name, answered: 0, error: code)
            }
            ward.care.step()
        }
        #expect(ward.done.isEmpty && ward.codes.isEmpty)
    }
}
