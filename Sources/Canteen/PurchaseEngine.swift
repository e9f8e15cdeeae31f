public import CampusCard
public import DeviceProfiles
import LedgerProtocol
import Mifare
public import Platform
public import SmartCard

/// Carries out one order with the card in the field: read, decide, intent, write, read back, outcome, “yes”.
///
/// A straight line on the reader's own thread. Wherever the card is pulled or the power cut, the card's sequence tells at
/// its next use whether the sale was made.
public final class PurchaseEngine {
    let layout: CardLayout
    let keys: any KeyRing
    let terminal: UInt16
    let authority: any SaleAuthority
    let journal: any SaleJournal
    let memory: SalesMemory
    let time: any TimeSource
    let askMilliseconds: Int64
    /// How long it may take where it has six digits to check, in milliseconds: scrypt is slow on purpose, and the holder
    /// has just typed for longer.
    static let pinMilliseconds: Int64 = 2_000

    /// An engine for one reader of the terminal.
    ///
    /// - Parameters:
    ///   - memory: shared by all readers of the terminal.
    ///   - askMilliseconds: how long the ledger may take to advise, in milliseconds: a holder with a tray is waiting.
    public init(
        layout: CardLayout, keys: any KeyRing, terminal: UInt16, authority: any SaleAuthority,
        journal: any SaleJournal, memory: SalesMemory, time: any TimeSource, askMilliseconds: Int64 = 100
    ) {
        self.layout = layout
        self.keys = keys
        self.terminal = terminal
        self.authority = authority
        self.journal = journal
        self.memory = memory
        self.time = time
        self.askMilliseconds = askMilliseconds
    }

    /// Does what can be done with the card behind `transport`, which stays connected throughout.
    ///
    /// - Parameters:
    ///   - order: what the cashier asks for; `nil`: nothing, and a sale of the card that is in doubt is settled all the
    ///     same.
    ///   - observe: called as each step is reached; must not block.
    public func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, order: SaleOrder?,
        observe: @escaping (SaleStep) -> Void = { _ in }
    ) -> SaleReport {
        let start = time.now()
        let family = CardFamily(atr: transport.atr)
        // An ATR rules out what cannot understand us, and nothing more: readers report wrong kinds.
        guard family.mayBeClassic else {
            return SaleReport(ending: .refused(.notActivated), order: order?.number)
        }
        let card = ClassicCard(
            transport: transport, dialect: dialect, writableSectors: Set(layout.ours.candidates),
            size: family.classicSize ?? .oneK)
        let sale = CardSale(engine: self, card: card, order: order, start: start, observe: observe)
        let ending = memory.inTurn { sale.run() }
        return SaleReport(
            ending: ending, order: order?.number, uid: card.uid, settled: sale.settled, apdus: card.apduCount,
            milliseconds: time.now().milliseconds(since: start))
    }

    /// Ends the sale of order `number`, which is in doubt, as not made: the cashier has given it up, and hands nothing over.
    ///
    /// The card may have less to spend for it until it is refilled; the holder's money is untouched.
    public static func giveUp(
        order number: UInt64, _ memory: SalesMemory, journal: any SaleJournal
    ) throws(SalesStopped) {
        guard let open = memory.open(order: number) else { return }
        _ = try journal.append(outcome: open.outcome(.undone))
        memory.ended(open)
    }

    /// Writes into the journal that sales of an earlier life of the daemon are in doubt, so that the ledger hears of them.
    ///
    /// Call once, after the journal was replayed into the memory.
    public static func reportDoubts(_ memory: SalesMemory, to journal: any SaleJournal) throws(SalesStopped) {
        for open in memory.openSales where !open.isReported {
            _ = try journal.append(outcome: open.outcome(.inDoubt))
            memory.reported(open)
        }
    }
}
