import Canteen
import LedgerProtocol
import Platform
import Recogniser
import Scanner
import Synchronization

/// The till of a running terminal: keys, cards, codes and time come in on many threads, and one value says where it stands.
///
/// What has to be written is written on the desk's own thread, so that nobody who presses a key waits for a disk.
final class CounterDesk: Sendable {
    /// What the desk needs of the terminal around it.
    struct Surroundings: Sendable {
        let memory: SalesMemory
        /// The codes that have paid here, as the journal tells.
        let codes: CodeDesk
        let authority: SaleDesk
        let journal: any SaleJournal & Sendable
        let time: any TimeSource
        /// Up to where the ledger has the journal's records.
        let acknowledged: @Sendable () -> UInt64
        /// Called with each new state, on the thread that made it; must not block.
        let changed: @Sendable (_ counter: Counter, _ before: Counter?) -> Void
        /// The cards on the readers are to be taken up again.
        let serveAgain: @Sendable () -> Void
        /// A sale without a card ended so; the holder's language comes with it, where the ledger told it.
        let told: @Sendable (SaleReport, _ language: String?) -> Void
        /// A shift has ended, with these totals.
        let closed: @Sendable (ShiftRecord) -> Void
    }

    private enum Work: Sendable {
        case effect(Counter.Effect)
        case scan(ScanOutcome)
        case face(FaceMatch, order: UInt64)
        /// What is shown gives way earlier than was known.
        case look
    }

    private let around: Surroundings
    private let counter: Mutex<Counter>
    private let codes: Mutex<CodeDesk>
    private let works = Mailbox<Work>()
    private let thread = Mutex<DedicatedThread?>(nil)
    /// How often the clock is looked at for meals that begin and end, in milliseconds.
    private static let lookMilliseconds: Int64 = 5_000

    init(needsShift: Bool, around: Surroundings) {
        self.around = around
        codes = Mutex(around.codes)
        // Numbers that an earlier life of the daemon gave are in nobody's memory any more.
        counter = Mutex(Counter(needsShift: needsShift, operatorNumber: around.memory.shift?.operatorNumber))
    }

    /// Does what waits to be done, on the caller's thread: for simulations, which have no other.
    func settle() {
        for work in works.drain() { perform(work) }
        tick()
    }

    private func makeEngine(asking authority: any SaleAuthority) -> AccountSaleEngine {
        AccountSaleEngine(
            authority: authority, journal: around.journal, memory: around.memory, time: around.time
        ) { record, sequence in
            self.codes.withLock {
                $0.journalled(record, sequence: sequence, wallMilliseconds: self.around.time.wallMilliseconds())
            }
        }
    }

    /// Starts the desk's thread, which ends after ``stop(deadline:)``.
    ///
    /// - Parameter tick: called each time round: the watchdog's proof that the till is not stuck.
    func start(tick: @escaping @Sendable () -> Void) {
        let started = DedicatedThread(name: "yika-till") {
            while true {
                tick()
                let later = self.around.time.now().advanced(milliseconds: Self.lookMilliseconds)
                if let work = self.works.receive(until: min(self.state.deadline ?? later, later)) {
                    self.perform(work)
                } else if self.works.isClosed {
                    return
                } else {
                    self.tick()
                }
            }
        }
        thread.withLock { $0 = started }
        around.changed(state, nil)
    }

    /// Takes no more work.
    func stop(deadline: Instant) -> Bool {
        works.close()
        return thread.withLock { $0 }?.join(until: deadline) ?? true
    }

    /// Where the till stands.
    var state: Counter { counter.withLock { $0 } }

    /// Somebody pressed a key. Returns at once.
    func press(_ key: CounterKey) {
        for effect in change({ $0.press(key, self.surroundings()) }) {
            // At once: the next card may be down before the record of it is durable.
            if case .giveUp(let order) = effect { around.memory.giveUp(order: order.number) }
            if effect == .serveAgain { around.serveAgain() } else { works.send(.effect(effect)) }
        }
    }

    /// The shift that is open, with its totals so far.
    var memoryOfShift: ShiftRecord? { around.memory.shift }

    /// Ends the shift unless a sale is under way; what is still to be done, `nil`: one is. Returns at once.
    func endShift() -> [Counter.Effect]? {
        let effects = change { $0.endShift(self.surroundings()) }
        for effect in effects ?? [] { works.send(.effect(effect)) }
        return effects
    }

    /// A card is taken up; answers what it is to pay, `nil` within when nothing is asked for. `nil`: no cards are taken.
    func begin() -> SaleOrder?? {
        change { counter in
            guard counter.takesCards else { return .none }
            return .some(counter.begin())
        }
    }

    /// What was taken up ended so.
    func ended(_ report: SaleReport) { change { $0.ended(report, self.surroundings()) } }

    /// Something was scanned. Returns at once.
    func scanned(_ outcome: ScanOutcome) { works.send(.scan(outcome)) }

    /// An external recogniser knows somebody, for the order of that number. Returns at once.
    func recognised(_ match: FaceMatch, order: UInt64) { works.send(.face(match, order: order)) }

    /// Lets time pass; the thread does so by itself.
    func tick() {
        around.authority.noteHotlistAge()
        change { $0.timePassed(self.surroundings()) }
    }

    private func surroundings() -> Counter.Surroundings {
        Counter.Surroundings(
            rules: around.authority.rules, wall: around.time.wallMilliseconds(), last: around.memory.last,
            now: around.time.now())
    }

    @discardableResult
    private func change<Result: Sendable>(_ body: (inout Counter) -> Result) -> Result {
        let (result, before, new) = counter.withLock { counter in
            let before = counter
            let result = body(&counter)
            return (result, before, counter == before ? nil : counter)
        }
        if let new {
            around.changed(new, before)
            if new.deadline != nil { works.send(.look) }
        }
        return result
    }

    private func perform(_ work: Work) {
        switch work {
        case .effect(.openShift(let number)): open(number)
        case .effect(.closeShift): closeShift()
        case .effect(.takeBack(let sale, let order)): tell(makeEngine(asking: around.authority).takeBack(sale, order))
        case .effect(.giveUp(let order)):
            // Should the journal take nothing, the sale stays in doubt, which the next start says again.
            try? around.memory.inTurn { () throws(SalesStopped) in
                try PurchaseEngine.giveUp(order: order.number, around.memory, journal: around.journal)
            }
        case .effect(.serveAgain): around.serveAgain()
        case .look: break
        case .scan(let outcome): scan(outcome)
        case .face(let match, let number):
            // Who looks at the camera while a card pays, or the next one is asked for, has agreed to nothing.
            guard state.order?.number == number, case .some(.some(let order)) = begin() else { return }
            pay(order, AccountPayer(medium: .face, account: match.account, offline: .zero))
        }
    }

    private func scan(_ outcome: ScanOutcome) {
        guard case .some(let order) = begin() else { return }
        guard let order else { return tell(SaleReport(ending: .refused(.noOrder), order: nil)) }
        do throws(CodeRefusal) {
            guard let text = outcome.text else { throw .notOurs }
            let admission = try codes.withLock { (codes) throws(CodeRefusal) in
                codes.confirmed(through: around.acknowledged())
                return try codes.check(text, wallMilliseconds: around.time.wallMilliseconds())
            }
            let left = min(
                Fen(Int64(admission.offlineLeftFen)), around.authority.rules.codeCap - Fen(admission.spentFen))
            pay(
                order,
                AccountPayer(
                    medium: .code, account: admission.account, offline: max(left, .zero), codeHash: admission.hash))
        } catch {
            tell(SaleReport(ending: .refused(SaleRefusal(error)), order: order.number))
        }
    }

    private func pay(_ order: SaleOrder, _ payer: AccountPayer) {
        let inquiry = SaleInquiry(around.authority)
        let report = makeEngine(asking: inquiry).pay(order, payer)
        tell(report, language: inquiry.language)
    }

    private func tell(_ report: SaleReport, language: String? = nil) {
        // In this order: a recogniser hears how its match ended before the order is nobody's any more.
        around.told(report, language)
        ended(report)
    }

    private func open(_ number: UInt16) {
        let record = ShiftRecord(
            kind: .opened, operatorNumber: number, openedMilliseconds: around.time.wallMilliseconds())
        append(record)
    }

    private func closeShift() {
        guard var record = around.memory.shift else { return }
        record.kind = .closed
        if append(record) { around.closed(record) }
    }

    /// False when the journal takes nothing: it says so as a condition, and sells nothing either.
    @discardableResult
    private func append(_ record: ShiftRecord) -> Bool {
        guard (try? around.journal.append(shift: record)) != nil else { return false }
        around.memory.note(record)
        return true
    }
}
