import Crypto
import Foundation
import Journal
import LedgerProtocol
import Logging
import Platform
import Testing

@testable import Ledger

/// A ledger of its own in a new directory, with people and terminals that nobody is.
final class TestBooks: @unchecked Sendable {
    let directory: URL
    let place: String
    let store: any LedgerStore
    let keys = TestBooks.sharedKeys
    let time = TestTime()
    let service: LedgerService
    let administration: Administration
    let terminals: TerminalAdministration

    private static let sharedKeys = LedgerKeys(
        signingKey: Curve25519.Signing.PrivateKey(), rosterKey: RosterKey(bytes: [UInt8](repeating: 0x5A, count: 32)))

    static let token = "a-token-for-tests-only"

    init(holders: Int = 4, terminals: Int = 3, lost: [Int] = []) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("yika-ledger-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        place = try TestDatabase.current.makePlace(in: directory)
        store = try LedgerDatabase.open(place, mode: .create)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        logger.handler = SwiftLogNoOpLogHandler()
        service = LedgerService(store: store, keys: keys, time: time, logger: logger)
        administration = Administration(store: store, rosterKey: keys.rosterKey, time: time)
        self.terminals = TerminalAdministration(store: store, time: time, actor: "a test")
        _ = try administration.importFile(
            ImportFile(
                accounts: (0..<holders).map {
                    .init(
                        holderNumber: Self.holder($0), name: "Holder \($0)", kind: $0 == 0 ? .staff : .student,
                        openingBalanceFen: $0 == 0 ? 5_000 : 0)
                },
                terminals: (1...UInt16(terminals)).map {
                    .init(
                        number: $0, name: "Kiosk \($0)", token: Self.token,
                        journalKey: TestTerminal.keyBytes($0).hex())
                },
                reportedLost: lost.map(Self.holder)))
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(at: directory)
    }

    /// A desk as `role` has it, where a guess at a PIN costs next to nothing.
    func desk(_ role: Role = .technician, label: String = "test") -> AccountDesk { desk(role, on: store, label: label) }

    func desk(_ role: Role, on store: any LedgerStore, label: String = "test") -> AccountDesk {
        var desk = AccountDesk(store: store, keys: keys, time: time, caller: Caller(role: role, label: label))
        desk.pinWork = 1
        return desk
    }

    static func holder(_ index: Int) -> String { "2026\(1000 + index)" }

    /// Accounts get ascending numbers in the order of the import.
    static func account(_ index: Int) -> UInt64 { UInt64(SystemAccount.firstHolder) + UInt64(index) }

    static func uid(_ index: Int) -> [UInt8] { [0x04, UInt8(index & 0xFF), UInt8(index >> 8), 0xA1] }

    func hash(_ index: Int) -> HolderHash { HolderHash(holderNumber: Self.holder(index), key: keys.rosterKey) }

    /// Uploads `slots`, which begin with sequence `first`; the epoch is registered.
    @discardableResult
    func upload(_ slots: some Sequence<[UInt8]>, first: UInt64, terminal: UInt16 = 1, epoch: UInt32 = 7) throws
        -> Acknowledgement
    {
        try store.write {
            if try $0.terminal(terminal) != nil {
                try $0.register(epoch: epoch, of: terminal, reason: "a test", now: 0)
            }
        }
        return try service.ingest(
            terminal: terminal, token: Self.token, epoch: epoch, first: first, body: Array(slots.joined()))
    }

    /// A terminal that is well and has nothing.
    static func heartbeat(epoch: UInt32 = 7, last: UInt64 = 0, conditions: [String] = []) -> Heartbeat {
        Heartbeat(
            wallMilliseconds: 0, version: "1", epoch: epoch, lastSequence: last, acknowledged: 0,
            conditions: conditions)
    }

    /// What was done, oldest first.
    func actions() throws -> [String] {
        try store.read { try $0.rows("SELECT action FROM audit ORDER BY at_ms, action").map { try $0.text(0) } }
    }

    /// The code that an upload is refused with; `nil` when it is taken.
    func refusal(_ slots: some Sequence<[UInt8]>, first: UInt64, terminal: UInt16 = 1, epoch: UInt32 = 7) throws
        -> LedgerRefusal?
    {
        do {
            try upload(slots, first: first, terminal: terminal, epoch: epoch)
            return nil
        } catch let refused as LedgerRefused {
            return refused.refusal
        }
    }

    /// What a terminal gets that has nothing of a feed, or version `since`; whatever waited for an issue is in it.
    func feed(_ kind: FeedKind, since: UInt64 = 0) throws -> [UInt8]? {
        time.milliseconds += FeedDesk.issuePauseMilliseconds
        return try service.feed(kind, since: since, terminal: 1, token: Self.token)
    }

    /// The newest roster.
    func roster() throws -> Roster {
        try Roster(verifying: try #require(try feed(.roster)), with: keys.signingKey.publicKey)
    }

    /// The newest hotlist.
    func hotlist() throws -> Hotlist {
        try Hotlist(verifying: try #require(try feed(.hotlist)), with: keys.signingKey.publicKey)
    }

    /// What a hand at the database would do.
    func execute(_ sql: String) throws {
        _ = try store.write { try $0.execute(sql) }
    }

    func count(_ what: String) throws -> Int64 {
        try store.read { try $0.integer("SELECT count(*) FROM \(what)") }
    }

    func balance(_ index: Int) throws -> Int64 {
        try store.read { try $0.holderAccount(of: self.hash(index)) }?.balance ?? .min
    }

    func reasons() throws -> [String] {
        try store.read { try $0.rows("SELECT reason FROM suspense ORDER BY terminal, sequence").map { try $0.text(0) } }
    }

    /// Everything that business did, to be compared between ledgers that took the same records differently.
    func business() throws -> [[SQLRow]] { try Self.business(in: store) }

    static func business(in store: any LedgerStore) throws -> [[SQLRow]] {
        try store.read { transaction in
            try [
                "SELECT terminal, epoch, sequence, raw FROM records ORDER BY 1, 2, 3",
                "SELECT * FROM cursors ORDER BY 1, 2",
                "SELECT number, lost_ms, balance_fen, debt_fen, subsidy_fen, doubts, language FROM accounts ORDER BY 1",
                "SELECT uid, account, serial, status FROM cards ORDER BY 1",
                "SELECT id, terminal, epoch, sequence FROM transfers ORDER BY 1",
                "SELECT * FROM postings ORDER BY 1, 2",
                "SELECT terminal, epoch, sequence, effect, paid_fen FROM outcomes ORDER BY 1, 2, 3",
                "SELECT terminal, epoch, sequence, state FROM intents ORDER BY 1, 2, 3",
                "SELECT terminal, epoch, sequence, reason, resolution FROM suspense ORDER BY 1, 2, 3",
                "SELECT * FROM doubts ORDER BY 1, 2, 3",
                "SELECT * FROM codes ORDER BY 1, 2",
                "SELECT * FROM issues ORDER BY 1, 2",
            ].map { try transaction.rows($0) }
        }
    }
}

/// A clock that stands still until it is moved.
final class TestTime: TimeSource, @unchecked Sendable {
    var milliseconds: Int64 = 1_790_000_000_000

    func now() -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    func wallMilliseconds() -> Int64 { milliseconds }
    func sleep(until instant: Instant) { milliseconds = max(milliseconds, instant.milliseconds) }
}

/// A terminal's journal, as the ledger sees it: chained slots.
struct TestTerminal {
    let number: UInt16
    let epoch: UInt32
    private(set) var slots: [[UInt8]] = []
    private var head = ChainMAC.start
    private let key: ChainKey

    /// - Parameter root: the journal's root key; `nil` for that of the terminals that were imported.
    init(_ number: UInt16 = 1, epoch: UInt32 = 7, root: [UInt8]? = nil) {
        self.number = number
        self.epoch = epoch
        key = ChainKey(bytes: root ?? Self.keyBytes(number))
    }

    /// The same terminal after one activation more.
    func activated(_ card: Int) -> TestTerminal {
        var terminal = self
        terminal.activate(card)
        return terminal
    }

    static func keyBytes(_ number: UInt16) -> [UInt8] {
        Array(SHA256.hash(data: Array("journal key of \(number)".utf8)))
    }

    var next: UInt64 { UInt64(slots.count) + 1 }

    @discardableResult
    mutating func append(_ type: UInt8, _ payload: [UInt8]) -> UInt64 {
        let sequence = next
        let slot = Slot(
            type: RecordType(rawValue: type), epoch: epoch, sequence: sequence,
            wallMilliseconds: 1_790_000_000_000 + Int64(sequence), bootMilliseconds: sequence, boot: 1,
            payload: payload)
        let bytes = slot.encoded(after: head, key: key)
        head = Slot.mac(of: bytes)
        slots.append(bytes)
        return sequence
    }

    /// What the terminal sends after records `from...to` were damaged on its disk: stand-ins under their sequences,
    /// what follows as it was, and the report at the end.
    mutating func lose(_ from: UInt64, _ to: UInt64, knowingTheLink: Bool) {
        let resume = Slot.mac(of: slots[Int(to) - 1])
        let previous = from == 1 ? ChainMAC.start : Slot.mac(of: slots[Int(from) - 2])
        let gap = GapRecord(
            from: from, to: to, reason: .damaged, previous: previous, resume: knowingTheLink ? .mac(resume) : .lost)
        let report = append(RecordType.gap.rawValue, gap.encoded)
        guard var standIn = try? Slot(decoding: slots[Int(report) - 1]) else { return }
        var link = previous
        for sequence in from...to {
            standIn.sequence = sequence
            slots[Int(sequence) - 1] = standIn.encoded(after: link, key: key)
            link = Slot.mac(of: slots[Int(sequence) - 1])
        }
    }

    /// What it sends after all its records from `from` on were damaged, the last one too: it no longer knows their MACs
    /// and goes on from the record before them.
    mutating func loseEnd(from: UInt64) {
        let to = UInt64(slots.count)
        let previous = from == 1 ? ChainMAC.start : Slot.mac(of: slots[Int(from) - 2])
        let gap = GapRecord(from: from, to: to, reason: .uncertain, previous: previous, resume: .mac(previous))
        head = previous
        let report = append(RecordType.gap.rawValue, gap.encoded)
        guard var standIn = try? Slot(decoding: slots[Int(report) - 1]) else { return }
        var link = previous
        for sequence in from...to {
            standIn.sequence = sequence
            slots[Int(sequence) - 1] = standIn.encoded(after: link, key: key)
            link = Slot.mac(of: slots[Int(sequence) - 1])
        }
    }

    @discardableResult
    mutating func intent(_ card: Int, account: UInt64? = nil, serial: UInt32 = 1) -> UInt64 {
        append(ActivationRecordType.intent, Self.intent(card, account, serial).encoded)
    }

    @discardableResult
    mutating func outcome(
        _ card: Int, account: UInt64? = nil, serial: UInt32 = 1, after intent: UInt64 = 0, purse: Int64? = 0,
        result: ActivationResult = .activated
    ) -> UInt64 {
        append(
            ActivationRecordType.outcome,
            ActivationOutcome(
                intent: Self.intent(card, account, serial), intentSequence: intent, result: result,
                smallPurse: purse.map { Fen($0) }, apdus: 24, elapsedMilliseconds: 800
            ).encoded)
    }

    /// A sale by card, its intent before it.
    @discardableResult
    mutating func sale(
        _ card: Int, fen: UInt32, account: UInt64? = nil, result: SaleResult = .done, related: UInt64? = nil,
        cardSequence: UInt32 = 3
    ) -> UInt64 {
        var sale = SaleRecord(
            uid: TestBooks.uid(card), medium: .card, result: .intended, account: account ?? TestBooks.account(card),
            cardSerial: 1, cardSequence: cardSequence, amount: fen)
        let intent = append(SaleRecordType.intent, sale.encoded)
        sale.result = result
        sale.relatedSequence = related ?? intent
        return append(SaleRecordType.outcome, sale.encoded)
    }

    /// What the terminal itself says later of the sale in doubt whose record is `doubt`.
    @discardableResult
    mutating func word(
        _ card: Int, fen: UInt32, of doubt: UInt64, result: SaleResult, cardSequence: UInt32 = 3
    ) -> UInt64 {
        append(
            SaleRecordType.outcome,
            SaleRecord(
                uid: TestBooks.uid(card), medium: .card, result: result, account: TestBooks.account(card),
                cardSerial: 1, cardSequence: cardSequence, amount: fen, relatedSequence: doubt - 1
            ).encoded)
    }

    /// A sale by payment code.
    @discardableResult
    mutating func codeSale(_ holder: Int, fen: UInt32, code: UInt64, account: UInt64? = nil) -> UInt64 {
        append(
            SaleRecordType.outcome,
            SaleRecord(
                uid: [], medium: .code, result: .done, account: account ?? TestBooks.account(holder), cardSerial: 0,
                cardSequence: 0, amount: fen, codeHash: code
            ).encoded)
    }

    /// Intent and outcome.
    mutating func activate(_ card: Int, purse: Int64? = 0) {
        let sequence = intent(card)
        outcome(card, after: sequence, purse: purse)
    }

    private static func intent(_ card: Int, _ account: UInt64?, _ serial: UInt32) -> ActivationIntent {
        ActivationIntent(
            uid: TestBooks.uid(card), layout: 1, sector: 9, keyVersion: 1, account: account ?? TestBooks.account(card),
            cardSerial: serial, permit: .online, rosterVersion: 1)
    }
}

/// SplitMix64: small, and the same on every machine, so that a seed names a run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
