import Crypto
import Foundation
import Journal
import LedgerProtocol
import Logging
import Platform
import Synchronization
import TestSupport

@testable import Ledger

/// Books that several instances share, with terminals that upload to all of them at once.
final class SharedBooks: @unchecked Sendable {
    static let token = "a-token-for-tests-only"

    let server: PostgresServer
    let place: String
    let instances: [(store: PostgresLedger, service: LedgerService)]
    let administration: Administration
    private let keys: LedgerKeys
    let journals: [ScriptedJournal]
    /// What callers were told besides answers, by kind.
    private let troubles = Mutex<[String: Int]>([:])
    private let acknowledged = Mutex<[UInt16: UInt64]>([:])

    init(server: PostgresServer, instances count: Int, terminals: Int, records: Int, seed: UInt64) throws {
        self.server = server
        place = try server.freshSchema()
        let keys = LedgerKeys(
            signingKey: Curve25519.Signing.PrivateKey(), rosterKey: RosterKey(bytes: [UInt8](repeating: 7, count: 32)))
        self.keys = keys
        instances = try (0..<count).map { [place] index in
            let store = try PostgresLedger(
                address: place, mode: index == 0 ? .create : .existing, connections: 3)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return (store, LedgerService(store: store, keys: keys, time: SystemTime(), logger: logger))
        }
        administration = Administration(store: instances[0].store, rosterKey: keys.rosterKey, time: SystemTime())
        journals = (0..<terminals).map {
            ScriptedJournal(terminal: UInt16($0 + 1), records: records, seed: seed * 100 + UInt64($0))
        }
        _ = try administration.importFile(
            ImportFile(
                accounts: (0..<ScriptedJournal.people).map {
                    .init(holderNumber: Self.holder($0), name: "Holder \($0)", kind: .student)
                },
                terminals: journals.map {
                    .init(
                        number: $0.terminal, name: "Terminal \($0.terminal)", token: Self.token,
                        journalKey: ScriptedJournal.key($0.terminal).hex())
                }))
    }

    deinit { for instance in instances { try? instance.store.close() } }

    static func holder(_ person: Int) -> String { "2026\(1000 + person)" }

    func note(_ trouble: any Error) {
        let kind =
            switch trouble {
            case let error as PostgresError: "PostgreSQL \(error.state.isEmpty ? "gone" : error.state)"
            case is CommitUnknown: "commit of unknown end"
            case let error as LedgerRefused: error.refusal.code
            default: "\(type(of: trouble))"
            }
        troubles.withLock { $0[kind, default: 0] += 1 }
    }

    var troubleLine: String {
        troubles.withLock { $0.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
    }

    /// Uploads one journal to one instance, in stretches that overlap what others bring, until the ledger has all.
    func upload(_ journal: ScriptedJournal, to index: Int, until deadline: Instant) {
        let count = UInt64(journal.slots.count)
        var next: UInt64 = 1
        while next <= count, SystemTime().now() < deadline {
            let first = next - min(next - 1, UInt64.random(in: 0...5))
            let last = min(count, next + UInt64.random(in: 0...40))
            do {
                let answer = try instances[index].service.ingest(
                    terminal: journal.terminal, token: Self.token, epoch: journal.epoch, first: first,
                    body: Array(journal.slots[(Int(first) - 1)..<Int(last)].joined()))
                acknowledged.withLock { $0[journal.terminal] = max($0[journal.terminal] ?? 0, answer.acknowledged) }
                next = answer.acknowledged + 1
            } catch let error as LedgerRefused where error.refusal.code == "L-GAP" {
                note(error)
                next = error.refusal.expected ?? 1
            } catch {
                note(error)
                SystemTime().sleep(milliseconds: Int64.random(in: 1...20))
            }
        }
    }

    /// What the card centre does meanwhile.
    func disturb(until isDone: () -> Bool) {
        var number = 0
        while !isDone() {
            number += 1
            let person = Int.random(in: 0..<ScriptedJournal.people)
            do {
                switch number % 4 {
                case 0: _ = try administration.reportLost(holderNumber: Self.holder(person))
                case 1: _ = try instances[1].service.feed(.roster, since: 0, terminal: 1, token: Self.token)
                case 2: _ = try administration.reportFound(holderNumber: Self.holder(person))
                default: break
                }
                // Enough for balances to go up and down through nothing all the time: there locks count.
                try topUp(person, "\(number)")
            } catch {
                note(error)
            }
            SystemTime().sleep(milliseconds: 5)
        }
    }

    private func topUp(_ person: Int, _ reference: String) throws {
        let desk = AccountDesk(
            store: instances[0].store, keys: keys, time: SystemTime(),
            caller: Caller(role: .cardCentre, label: "a test"))
        _ = try desk.topUp(account: ScriptedJournal.account(person), fen: 1500, reference: reference)
    }

    /// Takes accounts in the order in which nobody may, so that somebody's transaction is ended as a deadlock.
    func lockWrongly(until isDone: () -> Bool) {
        while !isDone() {
            do {
                try instances[1].store.write { transaction in
                    for person in (0..<ScriptedJournal.people).reversed() {
                        _ = try transaction.rows(
                            "SELECT 1 FROM accounts WHERE number = ? FOR UPDATE",
                            [.integer(ScriptedJournal.account(person))])
                        SystemTime().sleep(milliseconds: 3)
                    }
                }
            } catch {
                note(error)
            }
            SystemTime().sleep(milliseconds: 60)
        }
    }

    // MARK: The end

    /// What is wrong with the books, in sentences.
    func findings() throws -> [String] {
        let store = instances[0].store
        var wrong = try LedgerCheck.run(on: store).violations
        for journal in journals {
            let stored = try store.read {
                try $0.rows(
                    "SELECT raw FROM records WHERE terminal = ? ORDER BY sequence", [.number(journal.terminal)]
                ).map { try $0.blob(0) }
            }
            if stored != journal.slots {
                wrong.append("terminal \(journal.terminal): \(stored.count) records, or others")
            }
            let heard = acknowledged.withLock { $0[journal.terminal] ?? 0 }
            if heard > stored.count { wrong.append("terminal \(journal.terminal): \(heard) acknowledged") }
        }
        try store.read { transaction in
            let received = try transaction.rows(
                """
                SELECT p.account, CAST(sum(p.fen) AS BIGINT) FROM postings p JOIN transfers t ON t.id = p.transfer
                WHERE t.kind = 'top-up' AND p.account = \(SystemAccount.topUps) GROUP BY p.account
                """)
            let toppedUp = -(try received.first?.integer(1) ?? 0)
            var worth: Int64 = 0
            var expected = toppedUp
            for person in 0..<ScriptedJournal.people {
                let number = ScriptedJournal.account(person)
                guard let account = try transaction.holderAccount(number) else { return wrong.append("no \(number)") }
                worth += account.balance - account.debt
                if account.balance > 0, account.debt > 0 { wrong.append("\(number) owes and has") }
                expected -= journals.reduce(0) { $0 + ($1.charges[number] ?? 0) }
                if let card = try transaction.activeCard(account: number) {
                    expected += ScriptedJournal.purse(card.uid)
                }
            }
            // Sales after a report of loss are nobody's yet.
            let suspended = try transaction.integer(
                "SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings WHERE account = ?",
                [.integer(SystemAccount.suspense)])
            if worth != expected - suspended {
                wrong.append("holders have \(worth) instead of \(expected - suspended)")
            }
        }
        return wrong
    }
}
