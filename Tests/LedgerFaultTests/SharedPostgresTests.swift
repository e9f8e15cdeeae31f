import Foundation
import LedgerProtocol
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Ledger

/// Real PostgreSQL, real threads: what several instances do to each other, and what the server does to them.
@Suite("Instances that share books on PostgreSQL", .serialized)
struct SharedPostgresTests {
    private static let rounds =
        switch SweepSize.current {
        case .quick: 1
        case .normal: 3
        case .full: 25
        }

    @Test(
        "take what terminals bring to several at once, through deadlocks, killed connections and restarts of the server"
    )
    func storm() throws {
        let server = try PostgresServer(arguments: ["--set", "deadlock_timeout=20ms"])
        let start = SystemTime().now()
        var (restarts, kills) = (0, 0)
        for round in 0..<Self.rounds {
            let books = try SharedBooks(
                server: server, instances: 2, terminals: 6, records: 300, seed: UInt64(round) + 1)
            let done = Atomic<Bool>(false)
            let deadline = SystemTime().now().advanced(milliseconds: 120_000)
            let uploads = books.journals.flatMap { journal in
                [0, 1, 1].map { index in
                    DedicatedThread(name: "upload") { books.upload(journal, to: index, until: deadline) }
                }
            }
            withExtendedLifetime(done) {
                let isDone: @Sendable () -> Bool = { done.load(ordering: .relaxed) }
                let others = [
                    DedicatedThread(name: "office") { books.disturb(until: isDone) },
                    DedicatedThread(name: "rude") { books.lockWrongly(until: isDone) },
                ]
                var turn = 0
                while !uploads.allSatisfy({ $0.join(until: SystemTime().now().advanced(milliseconds: 30)) }),
                    SystemTime().now() < deadline
                {
                    turn += 1
                    if turn % 12 == 5 {
                        try? server.restart()
                        restarts += 1
                    } else {
                        try? server.psql(Self.killSomebody)
                        kills += 1
                    }
                }
                done.store(true, ordering: .relaxed)
                for thread in uploads + others { #expect(thread.join(until: deadline)) }
            }
            let findings = try books.findings()
            #expect(findings == [], "round \(round)")
            print("shared PostgreSQL, round \(round): \(books.troubleLine)")
        }
        let seconds = SystemTime().now().milliseconds(since: start) / 1000
        print(
            "shared PostgreSQL: \(Self.rounds) rounds of 6 terminals x 3 uploaders in \(seconds) s, "
                + "\(kills) connections killed, \(restarts) restarts")
    }

    private static let killSomebody = """
        DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) AS one; END $$
        """

    @Test("a restart of the server costs nobody a request: the second try goes over a connection made anew")
    func restart() throws {
        let server = try PostgresServer()
        let store = try PostgresLedger(address: try server.freshSchema(), mode: .create, connections: 4)
        let before = try store.read { try $0.integer("SELECT count(*) FROM accounts") }
        try server.restart()
        for _ in 0..<8 {
            let count = try store.read { try $0.integer("SELECT count(*) FROM accounts") }
            #expect(count == before)
        }
        try store.close()
    }

    @Test("a connection that is ended at the commit leaves its end unknown, and nobody runs the transaction again")
    func commitUnknown() throws {
        let server = try PostgresServer.shared.get()
        let store = try PostgresLedger(address: try server.freshSchema(), mode: .create, connections: 2)
        var runs = 0
        #expect(throws: CommitUnknown.self) {
            try store.write { transaction in
                runs += 1
                let own = try transaction.integer("SELECT pg_backend_pid()")
                try server.psql("DO $$ BEGIN PERFORM pg_terminate_backend(\(own)); END $$")
                SystemTime().sleep(milliseconds: 200)
            }
        }
        #expect(runs == 1)
        try #expect(store.read { try $0.integer("SELECT 1") } == 1)
        try store.close()
    }

    @Test("of two first epochs that arrive at once only one registers itself; the other waits for a technician")
    func firstEpochs() throws {
        let server = try PostgresServer.shared.get()
        var waited = 0
        for round in 0..<(SweepSize.current == .quick ? 5 : 30) {
            let books = try SharedBooks(server: server, instances: 2, terminals: 1, records: 2, seed: 1)
            let journals = [1, 2].map { ScriptedJournal(terminal: 1, epoch: UInt32($0), records: 2, seed: 1) }
            let refused = Mutex<[String]>([])
            let threads = journals.enumerated().map { index, journal in
                DedicatedThread(name: "first") {
                    do {
                        _ = try books.instances[index].service.ingest(
                            terminal: 1, token: SharedBooks.token, epoch: journal.epoch, first: 1,
                            body: Array(journal.slots.joined()))
                    } catch let error as LedgerRefused {
                        refused.withLock { $0.append(error.refusal.code) }
                    } catch {
                        refused.withLock { $0.append("\(error)") }
                    }
                }
            }
            for thread in threads {
                #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
            }
            #expect(refused.withLock { $0 } == ["L-EPOCH"], "round \(round)")
            waited += refused.withLock { $0.count }
        }
        print("first epochs: \(waited) of two waited for a technician")
    }
}
