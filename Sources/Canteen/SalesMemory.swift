public import LedgerProtocol
public import Platform
import Synchronization

/// What this terminal knows of its own sales, so that limits, voids and sales in doubt need no network: all of it comes from
/// the journal, and is read from there again at the start. Shared by all readers of the terminal.
public final class SalesMemory: Sendable {
    /// A sale whose intent is durable and whose end is not known.
    public struct OpenSale: Sendable, Hashable {
        /// The sequence of its intent.
        public let sequence: UInt64
        /// What was about to be done.
        public let intent: SaleRecord
        /// The order it was made for; `nil`: in an earlier life of the daemon.
        public let order: UInt64?
        /// When its intent was made, by the wall clock, in milliseconds since 1970-01-01 UTC.
        public let wall: Int64
        /// Whether the journal says already that it is in doubt.
        public var isReported = false
        /// Whether the cashier has given it up; its record may still be on its way.
        public var isGivenUp = false
    }

    fileprivate struct Spent {
        var day: Int64
        var today = Fen.zero
        var meal: UInt16 = 0
        var inMeal = Fen.zero
    }

    fileprivate struct State {
        var open: [CardKey: OpenSale] = [:]
        var last: MadeSale?
        var byCard: [CardKey: MadeSale] = [:]
        var spent: [UInt64: Spent] = [:]
        var day: Int64 = .min
        var refund: (order: UInt64, sequence: UInt64)?
        var shift: ShiftRecord?
        var closed: ShiftRecord?
    }

    fileprivate struct CardKey: Hashable {
        let uid: [UInt8]
        let account: UInt64
        let serial: UInt32
    }

    private let state = Mutex(State())
    private let turn = Mutex(())

    /// A memory of nothing.
    public init() {}

    /// Does `work` while no other reader, scanner or camera of the terminal works on an order: one order is paid once,
    /// though two cards lie on two readers.
    public func inTurn<T, Failure>(_ work: () throws(Failure) -> T) throws(Failure) -> T {
        try turn.withLock { _ throws(Failure) in try work() }
    }

    // MARK: Sales in doubt

    /// The card's sale whose end is not known.
    public func open(uid: [UInt8], account: UInt64, serial: UInt32) -> OpenSale? {
        state.withLock { $0.open[CardKey(uid: uid, account: account, serial: serial)] }
    }

    /// The sale of order `number` whose end is not known.
    public func open(order number: UInt64) -> OpenSale? {
        state.withLock { $0.open.values.first { $0.order == number } }
    }

    /// An intent became durable.
    public func began(_ sale: OpenSale) { state.withLock { $0.open[CardKey(sale.intent)] = sale } }

    // MARK: Shifts

    /// The shift that is open, with what was sold in it so far.
    public var shift: ShiftRecord? {
        state.withLock { state in
            var shift = state.shift
            for open in state.open.values { shift?.inDoubt.add(Fen(Int64(open.intent.amount))) }
            return shift
        }
    }

    /// The last shift that was closed, with its totals.
    public var closedShift: ShiftRecord? { state.withLock { $0.closed } }

    /// The record of a shift became durable.
    public func note(_ record: ShiftRecord) {
        state.withLock { state in
            state.shift = record.kind == .opened ? record : nil
            if record.kind == .closed { state.closed = record }
        }
    }

    /// The journal says now that `sale` is in doubt.
    public func reported(_ sale: OpenSale) {
        state.withLock { state in
            if state.open[CardKey(sale.intent)]?.sequence == sale.sequence {
                state.open[CardKey(sale.intent)]?.isReported = true
            }
        }
    }

    /// The cashier gives up order `number`: from here on its sale counts as not made, before the record of that is durable.
    public func giveUp(order number: UInt64) {
        state.withLock { state in
            for (card, open) in state.open where open.order == number { state.open[card]?.isGivenUp = true }
        }
    }

    /// The end of `sale` is known, or somebody else's to find out.
    public func ended(_ sale: OpenSale) {
        state.withLock { state in
            if state.open[CardKey(sale.intent)]?.sequence == sale.sequence { state.open[CardKey(sale.intent)] = nil }
        }
    }

    // MARK: Sales made

    /// The last sale that this terminal made and has not taken back.
    public var last: MadeSale? { state.withLock { $0.last } }

    /// The card's last sale here.
    public func last(uid: [UInt8], account: UInt64, serial: UInt32) -> MadeSale? {
        state.withLock { $0.byCard[CardKey(uid: uid, account: account, serial: serial)] }
    }

    /// `sale`, of an earlier life of the daemon, turned out to be what order `number` asks for.
    public func adopt(_ sale: MadeSale, _ number: UInt64) {
        state.withLock { state in
            if state.last?.sequence == sale.sequence { state.last?.order = number }
            state.byCard[CardKey(sale)]?.order = number
        }
    }

    /// A sale was made on the local day that began at `day`.
    public func made(_ sale: MadeSale, day: Int64) {
        state.withLock { state in
            state.last = sale
            if !sale.uid.isEmpty { state.byCard[CardKey(sale)] = sale }
            state.shift?.sales.add(sale.amount)
            state.spend(sale.amount, by: sale.account, meal: sale.meal, day: day)
        }
    }

    /// A sale was taken back.
    public func voided(_ sale: MadeSale, day: Int64) {
        state.withLock { state in
            if state.last?.sequence == sale.sequence { state.last = nil }
            if state.byCard[CardKey(sale)]?.sequence == sale.sequence { state.byCard[CardKey(sale)] = nil }
            state.shift?.voids.add(sale.amount)
            state.spend(-sale.amount, by: sale.account, meal: sale.meal, day: day)
        }
    }

    /// The record by which order `number` gave money back, if it was the last to do so.
    public func refund(of number: UInt64) -> UInt64? {
        state.withLock { state in state.refund.flatMap { $0.order == number ? $0.sequence : nil } }
    }

    /// Order `number`, of an earlier life of the daemon where it is `nil`, gave `amount` back.
    public func refunded(_ amount: Fen, order number: UInt64?, _ sequence: UInt64) {
        state.withLock { state in
            state.shift?.refunds.add(amount)
            state.refund = number.map { ($0, sequence) }
        }
    }

    /// What `account` has spent here on the day that began at `day`, and in `meal` of it.
    public func spent(by account: UInt64, meal: UInt16, day: Int64) -> (today: Fen, inMeal: Fen) {
        state.withLock { state in
            guard let spent = state.spent[account], spent.day == day else { return (.zero, .zero) }
            return (spent.today, spent.meal == meal ? spent.inMeal : .zero)
        }
    }

    // MARK: After a start

    /// Takes in one record of the journal, oldest first; records of other types say nothing here.
    ///
    /// - Parameters:
    ///   - wall: when it was made, by the wall clock, in milliseconds since 1970-01-01 UTC.
    ///   - day: when the local day of that time began, likewise.
    public func replay(_ record: SaleRecord, isIntent: Bool, sequence: UInt64, wall: Int64, day: Int64) {
        if isIntent {
            return began(
                OpenSale(sequence: sequence, intent: record, order: nil, wall: wall))
        }
        switch record.result {
        case .done:
            if let open = open(uid: record.uid, account: record.account, serial: record.cardSerial) { ended(open) }
            var sale = MadeSale(
                sequence: sequence, order: nil, medium: record.medium, uid: record.uid, account: record.account,
                cardSerial: record.cardSerial, amount: Fen(Int64(record.amount)), meal: record.meal, wall: wall,
                at: nil)
            sale.codeHash = record.codeHash
            made(sale, day: day)
        case .undone:
            if let open = open(uid: record.uid, account: record.account, serial: record.cardSerial) { ended(open) }
        case .voided:
            if let sale = last, sale.sequence == record.relatedSequence { voided(sale, day: day) }
        case .inDoubt:
            if let open = open(uid: record.uid, account: record.account, serial: record.cardSerial),
                open.sequence == record.relatedSequence
            {
                reported(open)
            }
        case .refunded: refunded(Fen(Int64(record.amount)), order: nil, sequence)
        case .intended: break
        }
    }

    /// The sales whose end is not known, oldest first.
    public var openSales: [OpenSale] { state.withLock { $0.open.values.sorted { $0.sequence < $1.sequence } } }
}

extension SalesMemory.State {
    /// A terminal sells for years and the memory is of a day: what is older goes when a new day begins.
    fileprivate mutating func spend(_ fen: Fen, by account: UInt64, meal: UInt16, day: Int64) {
        if day != self.day {
            spent = spent.filter { $0.value.day == day }
            byCard = byCard.filter { $0.value.sequence == last?.sequence }
            self.day = day
        }
        var entry = spent[account].flatMap { $0.day == day ? $0 : nil } ?? SalesMemory.Spent(day: day)
        entry.today = entry.today + fen
        if meal != entry.meal {
            // Money that comes back for an earlier meal makes no room in this one.
            if fen < .zero { return spent[account] = entry }
            (entry.meal, entry.inMeal) = (meal, .zero)
        }
        entry.inMeal = entry.inMeal + fen
        spent[account] = entry
    }
}

extension SalesMemory.CardKey {
    fileprivate init(_ record: SaleRecord) {
        self.init(uid: record.uid, account: record.account, serial: record.cardSerial)
    }

    fileprivate init(_ sale: MadeSale) { self.init(uid: sale.uid, account: sale.account, serial: sale.cardSerial) }
}
