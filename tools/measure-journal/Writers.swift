import GRDBSQLite
import Glibc
import Journal
import Measuring
import Platform

/// One way to make records durable, from one thread.
protocol Peer {
    /// Makes `count` records durable at one stroke.
    func append(_ count: Int) throws
    /// Returns when what the writer does after answering is done, so that nobody else's time holds it.
    func settle()
}

extension BareFile: Peer {
    func settle() {}
}

/// The journal as the terminal runs it.
final class WholeJournal: Peer {
    let journal: Journal

    init(directory: String) throws {
        journal = try Journal.open(
            storage: try storage(in: directory), terminal: 1, key: sampleKey, time: SystemTime())
    }

    /// One record; several callers are several threads, see `Groups`.
    func append(_ count: Int) throws { _ = try journal.append(type: sampleType, payload: samplePayload) }

    func settle() {
        let deadline = nanoseconds() + 2_000_000_000
        while !journal.isMaintained, nanoseconds() < deadline { sched_yield() }
    }

    func end() { journal.close(deadline: SystemTime().now().advanced(milliseconds: 10_000)) }
}

/// The journal's writer alone, without queue and thread.
final class ThreadlessJournal: Peer {
    private let writer: JournalWriter

    init(directory: String) throws {
        writer = try JournalWriter.open(
            storage: try storage(in: directory), terminal: 1, key: sampleKey, time: SystemTime())
    }

    func append(_ count: Int) throws {
        for _ in 0..<count { _ = try writer.append(type: sampleType, payload: samplePayload) }
    }

    func settle() {}
}

/// The peer: SQLite with a write-ahead log, durable at every commit, everything else as it comes; statements prepared. For
/// one thread at a time.
@safe final class SQLite: Peer, @unchecked Sendable {
    private var database: OpaquePointer?
    private let blob = UnsafeMutableRawPointer.allocate(byteCount: recordSize, alignment: 16)
    private var insert = Statement()
    private var begin = Statement()
    private var commit = Statement()

    /// A prepared statement; the connection it belongs to finalizes it.
    @safe private struct Statement {
        var handle: OpaquePointer?

        func run() throws {
            guard unsafe sqlite3_step(handle) == SQLITE_DONE, unsafe sqlite3_reset(handle) == SQLITE_OK else {
                throw unsafe SQLite.failure(sqlite3_db_handle(handle), "a step")
            }
        }
    }

    init(directory: String) throws {
        unsafe blob.initializeMemory(as: UInt8.self, repeating: 0xA5, count: recordSize)
        let path = directory + "/peer.sqlite"
        guard unsafe sqlite3_open(path, &database) == SQLITE_OK else { throw Failure("SQLite cannot open \(path)") }
        for sql in [
            "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
            "CREATE TABLE IF NOT EXISTS record (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
        ] {
            guard unsafe sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
                throw unsafe Self.failure(database, sql)
            }
        }
        insert = try prepare("INSERT INTO record (bytes) VALUES (?)")
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        // Bound once: the blob outlives the statement.
        guard unsafe sqlite3_bind_blob(insert.handle, 1, blob, Int32(recordSize), nil) == SQLITE_OK else {
            throw unsafe Self.failure(database, "binding")
        }
    }

    deinit {
        unsafe sqlite3_finalize(insert.handle)
        unsafe sqlite3_finalize(begin.handle)
        unsafe sqlite3_finalize(commit.handle)
        unsafe sqlite3_close(database)
        unsafe blob.deallocate()
    }

    func append(_ count: Int) throws {
        if count == 1 { return try insert.run() }
        try begin.run()
        for _ in 0..<count { try insert.run() }
        try commit.run()
    }

    func settle() {}

    private func prepare(_ sql: String) throws -> Statement {
        var statement = Statement()
        guard unsafe sqlite3_prepare_v2(database, sql, -1, &statement.handle, nil) == SQLITE_OK else {
            throw unsafe Self.failure(database, sql)
        }
        return statement
    }

    private static func failure(_ database: OpaquePointer?, _ what: String) -> Failure {
        let text = unsafe sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "no reason given"
        return Failure("SQLite, \(what): \(text)")
    }
}

let sampleKey = ChainKey(bytes: [UInt8](repeating: 7, count: 32))
let sampleType = RecordType(rawValue: 1)
let samplePayload = [UInt8](repeating: 0xA5, count: 64)

func storage(in directory: String) throws -> FileStorage {
    guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw Failure.errno("mkdir", directory) }
    return try FileStorage(directory: directory)
}
