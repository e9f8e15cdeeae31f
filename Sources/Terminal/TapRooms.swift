import Activation
import CampusCard
import Canteen
import DeviceProfiles
import Health
import Journal
import LedgerProtocol
import Platform
import Sync

/// The rooms that a tap goes through and how they are joined, the same for real ones and for simulated ones.
struct TapRooms: Sendable {
    let configuration: Configuration
    let layout: CardLayout
    let keys: any KeyRing
    let client: any LedgerClient
    let feeds: FeedStores
    /// `nil`: it could not be opened, and no card may be written.
    let journal: (any RecordSink & JournalFeed)?
    let local: LocalActivations
    let health: HealthRegistry
    let shared: SharedConditions
    let time: any TimeSource
    /// Called when a record has become durable.
    let recorded: @Sendable () -> Void

    /// The till that they belong to; `nil`: the terminal activates cards.
    var till: Till?

    /// What one reader's cards are for.
    func makeWork() -> any TapWork {
        guard let till else { return makeActivation() }
        let inquiry = SaleInquiry(till.authority)
        return SaleWork(
            engine: PurchaseEngine(
                layout: layout, keys: keys, terminal: configuration.number, authority: inquiry,
                journal: till.journal, memory: till.memory, time: time,
                askMilliseconds: configuration.canteen.askMilliseconds ?? 100),
            asking: inquiry, counter: till.counter)
    }

    /// The handshake for one reader.
    func makeActivation() -> ActivationWork {
        let desk = PermitDesk(
            configuration: configuration, client: client, feeds: feeds, local: local,
            acknowledged: { journal?.cursor.acknowledged ?? 0 }, health: health, shared: shared, time: time)
        let records = JournalDesk(journal: journal, health: health) { record, outcome in
            if let outcome { local.note(outcome, sequence: record.sequence) }
            recorded()
        }
        let engine = ActivationEngine(
            layout: layout, keys: keys, terminal: configuration.number, authority: desk, journal: records, time: time,
            permitMilliseconds: configuration.ledger.permitMilliseconds ?? 800)
        return ActivationWork(engine, asking: desk)
    }
}
