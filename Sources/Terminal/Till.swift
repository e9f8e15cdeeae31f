import Canteen
import Crypto
import Health
import Journal
import LedgerProtocol
import Platform
import Sync

/// What makes a terminal a till, shared by its readers, its scanner and its screen.
struct Till: Sendable {
    let memory: SalesMemory
    let authority: SaleDesk
    let journal: SaleJournalDesk
    let counter: CounterDesk

    /// What the till needs of the terminal around it.
    struct Surroundings: Sendable {
        let client: any LedgerClient
        /// Who signs certificates of payment codes.
        let signer: Curve25519.Signing.PublicKey
        let feeds: FeedStores
        let journal: (any RecordSink & JournalFeed)?
        let health: HealthRegistry
        let shared: SharedConditions
        let time: any TimeSource
        /// Whether the ledger answers, as far as anybody knows.
        let isThere: @Sendable () -> Bool
        /// Called when a record has become durable.
        let recorded: @Sendable () -> Void
        /// The till stands elsewhere.
        let changed: @Sendable (_ counter: Counter, _ before: Counter?) -> Void
        /// The cards on the readers are to be taken up again.
        let serveAgain: @Sendable () -> Void
        /// A sale without a card ended so; the holder's language comes with it, where the ledger told it.
        let told: @Sendable (SaleReport, _ language: String?) -> Void
        /// A shift has ended, with these totals.
        let closed: @Sendable (ShiftRecord) -> Void
    }

    /// A till that knows what its journal tells, and has told the ledger what is in doubt since the last power cut.
    init(_ configuration: Configuration, around: Surroundings) {
        memory = SalesMemory()
        authority = SaleDesk(
            terminal: configuration.number, client: around.client,
            tagKey: RosterKey(bytes: configuration.credentials.rosterKey), feeds: around.feeds, health: around.health,
            shared: around.shared, time: around.time, isThere: around.isThere)
        let signer = around.signer
        // The campus's own cap may be lower, and changes; it is looked at with each code.
        var codes = CodeDesk(rules: CodeRules(offlineCapFen: UInt32(TerminalSettings.largestAmountFen))) {
            text throws(PaymentCodeError) in try PaymentCode(verifying: text, with: signer)
        }
        journal = SaleJournalDesk(journal: around.journal, health: around.health, recorded: around.recorded)
        if let stored = around.journal {
            do throws(JournalError) {
                try memory.replay(stored, rules: authority.rules, codes: &codes)
                try? PurchaseEngine.reportDoubts(memory, to: journal)
            } catch {
                around.health.raise(.journalStopped, "\(error)")
            }
        }
        counter = CounterDesk(
            needsShift: configuration.canteen.needsShift ?? true,
            around: CounterDesk.Surroundings(
                memory: memory, codes: codes, authority: authority, journal: journal, time: around.time,
                acknowledged: { around.journal?.cursor.acknowledged ?? 0 }, changed: around.changed,
                serveAgain: around.serveAgain, told: around.told, closed: around.closed))
    }
}
