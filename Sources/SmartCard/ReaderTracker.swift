/// Turns successive states of the readers into events, so that nothing that happened between two looks is missed.
///
/// pcscd counts insertions and removals in the upper half of a reader's event state: a card that was swapped for another
/// while nobody looked shows as "present" both times, and only the counter tells.
struct ReaderTracker {
    /// What pcscd says of one reader.
    struct State: Hashable {
        var present = false
        var mute = false
        var eventCount: UInt16 = 0
        var atr: [UInt8] = []
    }

    private(set) var states: [String: State] = [:]

    /// The readers now are `names`; returns what came and went.
    mutating func readersAre(_ names: [String]) -> [ReaderEvent] {
        var events: [ReaderEvent] = []
        for gone in states.keys.sorted() where !names.contains(gone) {
            if states[gone]?.present == true { events.append(.cardRemoved(reader: gone)) }
            events.append(.readerDetached(gone))
            states[gone] = nil
        }
        for name in names where states[name] == nil {
            states[name] = State()
            events.append(.readerAttached(name))
        }
        return events
    }

    /// `reader` is now in `state`; returns what must have happened since the last look.
    mutating func reader(_ reader: String, is state: State) -> [ReaderEvent] {
        guard let before = states[reader] else { return [] }
        states[reader] = state
        var events: [ReaderEvent] = []
        // The count moves by one for each insertion and each removal; present before and after with another count means
        // that the first card left and one came. A mute card that starts to answer is the same insertion.
        let swapped = before.present && state.present && before.eventCount != state.eventCount
        if before.present && (!state.present || swapped) { events.append(.cardRemoved(reader: reader)) }
        if state.present && (!before.present || swapped || (before.mute && !state.mute)) {
            events.append(state.mute ? .cardMute(reader: reader) : .cardInserted(reader: reader, atr: state.atr))
        }
        return events
    }

    /// pcscd is gone and every reader with it.
    mutating func serviceLost() -> [ReaderEvent] { readersAre([]) }
}
