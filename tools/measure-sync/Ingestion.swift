import Crypto
import Ledger
import LedgerProtocol
import Logging
import Measuring
import Platform
import Synchronization

/// How fast queued records are taken: verified, decided, posted and on stable storage, beside the same rows inserted in
/// the same parts with nothing verified or decided.
struct Ingestion {
    let scratch: String
    let postgres: String?
    let records: Int

    /// Design budgets, on two cores (records a second).
    private static let leastSQLite = 30_000.0
    private static let leastPostgres = 25_000.0
    /// Terminals that upload at once.
    private static let uploaders = 2
    private static let rounds = 3

    func figures() throws -> [Figure] {
        let seed = UInt64.random(in: 0 ... .max)
        let workload = Workload(records: records, seed: seed)
        note("measure-sync: \(workload.records) records in \(workload.batches.count) uploads, seed \(seed)")
        var figures = [
            try figure("SQLite", workload, budget: Self.leastSQLite) { "\(scratch)/ledger-\($0).sqlite" }
        ]
        if let postgres {
            let separator = postgres.contains("?") ? "&" : "?"
            figures.append(
                try figure("PostgreSQL", workload, budget: Self.leastPostgres) { name in
                    let admin = try PostgresSession(address: postgres)
                    try admin.run("CREATE SCHEMA \"\(name)\"")
                    return "\(postgres)\(separator)options=-csearch_path%3D\"\(name)\""
                })
        }
        return figures
    }

    /// The round in the middle, so that one hiccup of the disk does not decide.
    private func figure(
        _ name: String, _ workload: Workload, budget: Double, place: (String) throws -> String
    ) throws -> Figure {
        var rounds: [(ours: Double, bare: Double)] = []
        for round in 0..<Self.rounds {
            let (seconds, changes) = try ingest(workload, at: place("ours-\(round)"))
            let bare = try replay(changes, workload, at: place("bare-\(round)"))
            rounds.append((Double(workload.records) / seconds, Double(workload.records) / bare))
        }
        let middle = rounds.sorted { $0.ours < $1.ours }[Self.rounds / 2]
        return Figure(
            "records taken into \(name)", middle.ours, "records/s", floor: middle.bare, .atLeast, budget: budget)
    }

    private func ingest(_ workload: Workload, at place: String) throws -> (seconds: Double, changes: [Change]) {
        let keys = LedgerKeys(
            signingKey: .init(), rosterKey: .init(bytes: [UInt8](repeating: 9, count: 32)))
        let store = try LedgerDatabase.open(place, mode: .create)
        defer { try? store.close() }
        try workload.prepare(store, keys: keys)
        let recorder = RecordingStore(store)
        let service = LedgerService(
            store: recorder, keys: keys, time: SystemTime(),
            logger: Logger(label: "measure") { _ in SwiftLogNoOpLogHandler() })
        let time = try microseconds {
            try inParallel(Self.uploaders) { worker in
                for batch in workload.batches where Int(batch.terminal) % Self.uploaders == worker {
                    _ = try service.ingest(
                        terminal: batch.terminal, token: Workload.token, epoch: Workload.epoch, first: batch.first,
                        body: batch.body)
                }
            }
        }
        let findings = try LedgerCheck.run(on: store)
        guard findings.holds, findings.records == workload.records, findings.suspense == 0 else {
            throw Failure("the books are not as they should be: \(findings)")
        }
        return (time / 1_000_000, recorder.changes)
    }

    /// Makes the same changes, by the same statements in the same transactions.
    private func replay(_ changes: [Change], _ workload: Workload, at place: String) throws -> Double {
        let keys = LedgerKeys(signingKey: .init(), rosterKey: .init(bytes: [UInt8](repeating: 9, count: 32)))
        let store = try LedgerDatabase.open(place, mode: .create)
        defer { try? store.close() }
        try workload.prepare(store, keys: keys)
        return try microseconds {
            for change in changes { try store.write { try change.make(in: $0) } }
        } / 1_000_000
    }
}

/// Runs `body` on as many threads, and throws what the first of them threw.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let failures = Mutex<[String]>([])
    let threads = (0..<count).map { index in
        DedicatedThread(name: "measure-\(index)") {
            do { try body(index) } catch { failures.withLock { $0.append("\(error)") } }
        }
    }
    let forever = SystemTime().now().advanced(milliseconds: 3_600_000)
    for thread in threads { _ = thread.join(until: forever) }
    if let first = failures.withLock({ $0.first }) { throw Failure(first) }
}
