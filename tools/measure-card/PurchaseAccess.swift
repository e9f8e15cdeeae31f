import CampusCard
import DeviceProfiles
import MeasuringCards
import Mifare
import Platform
import Simulator

/// What a sale does to a card, without the sale: our application read, and carried one use further.
func purchaseAccess(_ counter: Counter) throws -> Work? {
    let layout = counter.campus.layout.ours
    return try counter.work {
        let card = ClassicCard(
            transport: counter.reader, dialect: counter.reader.profile, writableSectors: Set(layout.candidates),
            size: counter.card.chip.size)
        let access = AllowanceAccess(card: card, layout: layout, keys: counter.campus.keys)
        let state = try access.read()
        // Topped up and spent at once, so that every byte changes.
        let next = AllowanceRecord(
            sequence: state.record.sequence + 1, allowance: Fen(state.record.allowance.rawValue ^ 0x5A_5A5A),
            terminal: Campus.terminal)
        try access.write(next, after: state)
    }
}
