import Crypto
import Journal
import Ledger
import LedgerProtocol
import Platform

/// A week of a campus as its terminals upload it: each card is activated once, then pays for meals.
struct Workload {
    /// One upload.
    struct Batch {
        let terminal: UInt16
        let first: UInt64
        let body: [UInt8]
        let count: Int
    }

    static let terminals: UInt16 = 8
    static let epoch: UInt32 = 1
    static let batchSize = 512
    static let token = "a token for measuring only"
    /// Sales for each activation, about a week of meals.
    private static let salesPerCard = 12

    let holders: Int
    private(set) var batches: [Batch] = []

    /// About `records` records of `holders` people, by default as many as have a week of meals in them; what is drawn comes
    /// from `seed`.
    init(records: Int, holders: Int? = nil, seed: UInt64) {
        var random = Splitter(state: seed)
        let perCard = 2 + 2 * Self.salesPerCard
        self.holders = holders ?? (records + perCard - 1) / perCard
        guard records > 0 else { return }
        let holders = self.holders
        var journals = (1...Self.terminals).map { Writer(terminal: $0) }
        let cards = (0..<holders).map { _ in (0..<7).map { _ in UInt8.random(in: 0...255, using: &random) } }
        // Activations come first, as they did; sales fall on whichever terminal the holder stands at.
        for (index, uid) in cards.enumerated() {
            journals[index % journals.count].activate(uid, holder: index, &random)
        }
        for sale in 0..<max(0, records / 2 - holders) {
            let index = Int.random(in: 0..<holders, using: &random)
            let writer = Int.random(in: 0..<journals.count, using: &random)
            journals[writer].sell(cards[index], holder: index, number: sale, &random)
        }
        let parts = journals.map(\.batches)
        for round in 0..<(parts.map(\.count).max() ?? 0) {
            for part in parts where round < part.count { batches.append(part[round]) }
        }
    }

    var records: Int { batches.reduce(0) { $0 + $1.count } }

    static func holder(_ index: Int) -> String { "M\(1_000_000 + index)" }

    static func journalKey(_ terminal: UInt16) -> [UInt8] {
        Array(SHA256.hash(data: Array("measuring \(terminal)".utf8)))
    }

    /// A sale, before it is made.
    static func sale(_ number: Int, holders: Int, _ random: inout Splitter) -> SaleRecord {
        let holder = Int.random(in: 0..<holders, using: &random)
        return SaleRecord(
            uid: (0..<7).map { UInt8(truncatingIfNeeded: holder >> ($0 * 3)) }, medium: .card, result: .intended,
            account: 1_000_001 + UInt64(holder), cardSerial: 1, cardSequence: UInt32(3 + number / 8),
            amount: .random(in: 300...1800, using: &random), allowanceLeft: .random(in: 0...10_000, using: &random),
            hotlistVersion: 12, settingsVersion: 3, meal: 2, operatorNumber: 7)
    }

    /// Accounts and terminals, so that everything in the batches can be posted.
    func prepare(_ store: any LedgerStore, keys: LedgerKeys) throws {
        _ = try Administration(store: store, rosterKey: keys.rosterKey, time: SystemTime()).importFile(
            ImportFile(
                accounts: (0..<holders).map {
                    .init(
                        holderNumber: Self.holder($0), name: "Holder", kind: .staff, openingBalanceFen: 20_000)
                },
                terminals: (1...Self.terminals).map {
                    .init(
                        number: $0, name: "Till", token: Self.token, journalKey: Self.journalKey($0).hex())
                }))
    }
}

/// A terminal's journal on its way into batches.
private struct Writer {
    private let terminal: UInt16
    private var keys: ChainKeys
    private var head = ChainMAC.start
    private var slots: [[UInt8]] = []
    private var wall: Int64 = 1_790_000_000_000

    init(terminal: UInt16) {
        self.terminal = terminal
        keys = ChainKeys(root: ChainKey(bytes: Workload.journalKey(terminal)), epoch: Workload.epoch)
    }

    mutating func activate(_ uid: [UInt8], holder: Int, _ random: inout Splitter) {
        let intent = ActivationIntent(
            uid: uid, layout: 1, sector: 9, keyVersion: 1, account: Self.account(holder), cardSerial: 1,
            permit: .online, rosterVersion: 1)
        let sequence = append(ActivationRecordType.intent, intent.encoded, &random)
        append(
            ActivationRecordType.outcome,
            ActivationOutcome(
                intent: intent, intentSequence: sequence, result: .activated,
                smallPurse: Fen(.random(in: 0...900, using: &random)), apdus: 24,
                elapsedMilliseconds: .random(in: 700...900, using: &random)
            ).encoded, &random)
    }

    mutating func sell(_ uid: [UInt8], holder: Int, number: Int, _ random: inout Splitter) {
        var sale = SaleRecord(
            uid: uid, medium: .card, result: .intended, account: Self.account(holder), cardSerial: 1,
            cardSequence: UInt32(3 + number / 8), amount: .random(in: 300...1800, using: &random),
            allowanceLeft: .random(in: 0...10_000, using: &random), hotlistVersion: 12, settingsVersion: 3, meal: 2,
            operatorNumber: 7)
        sale.relatedSequence = append(SaleRecordType.intent, sale.encoded, &random)
        sale.result = .done
        sale.apdus = 8
        sale.elapsedMilliseconds = .random(in: 230...290, using: &random)
        append(SaleRecordType.outcome, sale.encoded, &random)
    }

    /// The number that the ledger gives the account: they rise from the first with the order of the import.
    private static func account(_ holder: Int) -> UInt64 { 1_000_001 + UInt64(holder) }

    @discardableResult
    private mutating func append(_ type: UInt8, _ payload: [UInt8], _ random: inout Splitter) -> UInt64 {
        wall += .random(in: 200...9000, using: &random)
        let sequence = UInt64(slots.count) + 1
        let slot = Slot(
            type: RecordType(rawValue: type), epoch: Workload.epoch, sequence: sequence, wallMilliseconds: wall,
            bootMilliseconds: UInt64(wall - 1_789_999_000_000), boot: 3, keyStep: UInt32(slots.count / 256),
            payload: payload)
        let bytes = slot.encoded(after: head, keys: &keys)
        head = Slot.mac(of: bytes)
        slots.append(bytes)
        return sequence
    }

    var batches: [Workload.Batch] {
        stride(from: 0, to: slots.count, by: Workload.batchSize).map { start in
            let part = slots[start..<min(start + Workload.batchSize, slots.count)]
            return Workload.Batch(
                terminal: terminal, first: UInt64(start) + 1, body: Array(part.joined()), count: part.count)
        }
    }
}

/// SplitMix64, so that a seed names a workload.
struct Splitter: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
