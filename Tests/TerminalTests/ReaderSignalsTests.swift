import DeviceProfiles
import Foundation
import Health
import Platform
import Simulator
import SmartCard
import Synchronization
import Testing
import Voice

@testable import Terminal

/// What a reader was sent, and when.
private final class Signals: CardTransport, Sendable {
    let atr: [UInt8] = []
    let sent = Mutex<[(at: Int64, command: [UInt8])]>([])
    private let time: SimulatedTime

    init(_ time: SimulatedTime) { self.time = time }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] { note(command) }
    func reselect() throws(PCSCError) {}
    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] { note(command) }

    private func note(_ command: [UInt8]) -> [UInt8] {
        sent.withLock { $0.append((time.now().milliseconds, command)) }
        return [0x90, 0x00]
    }

    func times(of command: [UInt8]?) -> [Int64] {
        sent.withLock { $0.filter { $0.command == command }.map(\.at) }
    }
}

/// A tap that takes a second and ends as it is told.
private final class OneSecondOfWork: TapWork {
    private let announcement: Announcement
    private let time: SimulatedTime

    init(_ announcement: Announcement, _ time: SimulatedTime) { (self.announcement, self.time) = (announcement, time) }

    func begin() {}
    func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, observe: @escaping (TerminalEvent) -> Void
    ) -> TapEnd {
        time.advance(milliseconds: 1_000)
        return TapEnd(announcement: announcement)
    }
    func end(of error: PCSCError) -> TapEnd { TapEnd(announcement: announcement) }
    func finish(_ end: TapEnd) {}
}

@Suite("A reader's light and buzzer")
struct ReaderSignalsTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("device-profiles/readers").path

    private func tap(
        _ announcement: Announcement, buzzes: Bool, lifted: Bool = false
    ) throws -> (signals: Signals, profile: ReaderProfile, said: Int64?) {
        let profile = try #require(ProfileLibrary.load(directory: Self.directory).profile(id: "acr1281u"))
        let time = SimulatedTime()
        let signals = Signals(time)
        let said = Mutex<Int64?>(nil)
        let station = ReaderStation(
            name: "a", profile: profile,
            around: .init(
                work: { OneSecondOfWork(announcement, time) }, time: time,
                announce: { sentence in said.withLock { $0 = (sentence.notBefore ?? time.now()).milliseconds } },
                publish: { _ in }, connect: { (_, _) throws(PCSCError) in signals },
                successAfterMilliseconds: 3_000, buzzes: buzzes))
        station.cardArrived(tap: 1, at: time.now())
        if lifted { station.cardLeft() }
        station.serve(.init(tap: 1, at: time.now()), OneSecondOfWork(announcement, time))
        return (signals, profile, said.withLock { $0 })
    }

    private let activated = Announcement(.activated, saying: [Utterance(.activated)], waits: true, .success)

    @Test("They tell success when the voice does, three seconds after the tap, and not while it says “do not remove”")
    func inStep() throws {
        let (signals, profile, said) = try tap(activated, buzzes: true)
        #expect(said == 3_000)
        #expect(signals.times(of: profile.buzzer?.onSuccess?.send) == [3_000])
        #expect(profile.lights == nil || signals.times(of: profile.lights?.onSuccess?.send) == [3_000])
    }

    @Test("A refusal is told at once, and a card that was lifted is waited for no longer")
    func atOnce() throws {
        let refused = try tap(Announcement(.noAccount, [.noAccount]), buzzes: true)
        #expect(refused.said == 1_000)
        #expect(refused.signals.times(of: refused.profile.buzzer?.onFailure?.send) == [1_000])
        let lifted = try tap(activated, buzzes: true, lifted: true)
        #expect(lifted.signals.times(of: lifted.profile.buzzer?.onSuccess?.send) == [1_000])
        #expect(lifted.said == 3_000)
    }

    @Test("The buzzer is silent unless the configuration asks for it")
    func silent() throws {
        let (signals, profile, _) = try tap(activated, buzzes: false)
        #expect(profile.buzzer?.onSuccess != nil)
        #expect(signals.times(of: profile.buzzer?.onSuccess?.send) == [])
    }
}
