import Testing

@testable import SmartCard

@Suite("The reader tracker")
struct ReaderTrackerTests {
    private let atr: [UInt8] = [0x3B, 0x01]

    private func state(_ present: Bool, count: UInt16, mute: Bool = false) -> ReaderTracker.State {
        .init(present: present, mute: mute, eventCount: count, atr: present && !mute ? atr : [])
    }

    @Test("tells of readers that come and go, and of the card that goes with one")
    func comingAndGoing() {
        var tracker = ReaderTracker()
        #expect(tracker.readersAre(["A", "B"]) == [.readerAttached("A"), .readerAttached("B")])
        #expect(tracker.reader("A", is: state(true, count: 1)) == [.cardInserted(reader: "A", atr: atr)])
        #expect(tracker.readersAre(["B"]) == [.cardRemoved(reader: "A"), .readerDetached("A")])
        #expect(tracker.readersAre(["A", "B"]) == [.readerAttached("A")])
        #expect(tracker.reader("A", is: state(true, count: 0)) == [.cardInserted(reader: "A", atr: atr)])
    }

    @Test("notices a card that was swapped between two looks, by the event counter alone")
    func swapBetweenLooks() {
        var tracker = ReaderTracker()
        _ = tracker.readersAre(["A"])
        _ = tracker.reader("A", is: state(true, count: 1))
        #expect(tracker.reader("A", is: state(true, count: 1)) == [])
        #expect(
            tracker.reader("A", is: state(true, count: 3))
                == [.cardRemoved(reader: "A"), .cardInserted(reader: "A", atr: atr)])
    }

    @Test("tells a mute card from one that answers, and hears it when it answers after all")
    func muteCard() {
        var tracker = ReaderTracker()
        _ = tracker.readersAre(["A"])
        #expect(tracker.reader("A", is: state(true, count: 1, mute: true)) == [.cardMute(reader: "A")])
        #expect(tracker.reader("A", is: state(true, count: 1)) == [.cardInserted(reader: "A", atr: atr)])
        #expect(tracker.reader("A", is: state(false, count: 2)) == [.cardRemoved(reader: "A")])
    }

    @Test("keeps two readers with a card each apart")
    func twoReaders() {
        var tracker = ReaderTracker()
        _ = tracker.readersAre(["A", "B"])
        #expect(tracker.reader("A", is: state(true, count: 1)) == [.cardInserted(reader: "A", atr: atr)])
        #expect(tracker.reader("B", is: state(true, count: 1)) == [.cardInserted(reader: "B", atr: atr)])
        #expect(tracker.reader("A", is: state(false, count: 2)) == [.cardRemoved(reader: "A")])
    }

    @Test("reports every card and reader as gone when pcscd is lost")
    func serviceLost() {
        var tracker = ReaderTracker()
        _ = tracker.readersAre(["A"])
        _ = tracker.reader("A", is: state(true, count: 1))
        #expect(tracker.serviceLost() == [.cardRemoved(reader: "A"), .readerDetached("A")])
        #expect(tracker.serviceLost() == [])
    }
}
