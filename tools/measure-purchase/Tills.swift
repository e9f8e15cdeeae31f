import Canteen
import DeviceProfiles
import LedgerProtocol
import Measuring
import MeasuringCards
import Platform
import SmartCard

/// What is bought: less than the card may spend without the ledger.
let price = Fen(850)

/// Rules as where nothing is set, an empty hotlist of today, and `ledger` for whoever is to be asked.
final class Authority: SaleAuthority {
    private let ledger: (any SaleAuthority)?

    init(asking ledger: (any SaleAuthority)? = nil) { self.ledger = ledger }

    func terms() -> SaleTerms {
        SaleTerms(rules: SalesRules(), hotlistVersion: 1, hotlistAge: 0) { _, _ in false }
    }

    func ask(_ question: SaleQuestion, deadline: Instant) -> SaleAdvice? { ledger?.ask(question, deadline: deadline) }
}

/// Takes every record and keeps none.
final class CountingJournal: SaleJournal {
    private var sequence: UInt64 = 0

    func append(intent _: SaleRecord) -> UInt64 { next() }
    func append(outcome _: SaleRecord) -> UInt64 { next() }
    func append(shift _: ShiftRecord) {}

    private func next() -> UInt64 {
        sequence += 1
        return sequence
    }
}

/// An engine, and the number of the next order.
struct Till {
    private let engine: PurchaseEngine
    private var order: UInt64 = 0

    init(_ campus: Campus, _ authority: any SaleAuthority, _ journal: any SaleJournal, _ time: any TimeSource) {
        engine = PurchaseEngine(
            layout: campus.layout, keys: campus.keys, terminal: Campus.terminal, authority: authority,
            journal: journal, memory: SalesMemory(), time: time)
    }

    /// Sells to the card behind `transport`, after the light that a reader's station shows first; answers the sale's own
    /// commands.
    ///
    /// - Parameter isAuthorized: whether the ledger has to have agreed.
    @discardableResult
    mutating func sell(_ transport: any CardTransport, _ profile: ReaderProfile, isAuthorized: Bool = false) throws
        -> Int
    {
        order += 1
        if let light = profile.lights?.onCardPresent { try send(light, to: transport, profile) }
        let report = engine.handle(transport, dialect: profile, order: SaleOrder(number: order, amount: price))
        guard case .paid(let receipt) = report.ending, receipt.isAuthorized == isAuthorized else {
            throw Failure("a sale ended as \(report.ending)")
        }
        return report.apdus
    }

    /// What the reader's station shows after the “yes”.
    func showSuccess(_ transport: any CardTransport, _ profile: ReaderProfile) throws {
        if let light = profile.lights?.onSuccess { try send(light, to: transport, profile) }
    }

    /// What the reader's station sends once, with the first card.
    func prepare(_ transport: any CardTransport, _ profile: ReaderProfile) throws {
        for step in profile.setup where step.transport == .apdu { _ = try transport.transmit(step.command.send) }
    }

    private func send(_ command: SignalCommand, to transport: any CardTransport, _ profile: ReaderProfile) throws {
        guard profile.lights?.transport == .escape else {
            _ = try transport.transmit(command.send)
            return
        }
        for code in profile.controlCodes.controlCodes
        where (try? transport.control(code: code, command.send)) != nil { return }
    }
}
