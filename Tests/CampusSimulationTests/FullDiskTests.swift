import Activation
import Health
import Journal
import LedgerProtocol
import Platform
import Simulator
import Testing

@testable import Terminal

@Suite("A full disk")
struct FullDiskTests {
    private let intent = ActivationIntent(
        uid: [1, 2, 3, 4], layout: 1, sector: 9, keyVersion: 1, account: 7, cardSerial: 1, permit: .online,
        rosterVersion: 0)

    @Test("lets no card be begun that could not be concluded, and is left behind once there is room")
    func intentsStopFirst() throws {
        let disk = SimulatedStorage(seed: 1)
        let time = SimulatedTime()
        let journal = try JournalWriter.open(
            storage: disk, terminal: 1, key: ChainKey(bytes: Grounds.journalKey(1)), time: time,
            options: JournalOptions(slotsPerSegment: 32, epoch: 1))
        // Room for the segment in use, the spare, and small files.
        disk.limit(toBytes: 2 * (512 + 32 * 128) + 4096)
        let health = HealthRegistry { _ in }
        let desk = JournalDesk(journal: journal, health: health) { _, _ in }
        let outcome = ActivationOutcome(
            intent: intent, intentSequence: 1, result: .activated, smallPurse: .zero, apdus: 25,
            elapsedMilliseconds: 800)
        var begun = 0
        while (try? desk.append(intent)) != nil { begun += 1 }
        #expect(begun > 32 && journal.freeSlots == JournalDesk.reserve - 1)
        #expect(health.current.map(\.notice.code) == ["YK-J04"])
        for _ in 1..<JournalDesk.reserve { _ = try desk.append(outcome) }
        print("full disk: \(begun) cards begun, then \(JournalDesk.reserve - 1) outcomes still concluded")

        disk.limit(toBytes: .max)
        _ = try desk.append(outcome)
        _ = try desk.append(intent)
        #expect(health.current.isEmpty)
    }
}
