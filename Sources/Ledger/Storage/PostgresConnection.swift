import CPQ

/// One connection to PostgreSQL, used by one thread at a time.
@safe final class PostgresConnection: @unchecked Sendable {
    private let connection: OpaquePointer
    /// Statements prepared on this connection, by their text with `?`.
    private var prepared: [String: String] = [:]
    /// Whether something broke in the middle: whoever holds it throws it away.
    private(set) var isBroken = false

    /// Statements updated per round trip: their answers, some 30 bytes each, must fit the socket's buffers, since libpq
    /// sends them all before it reads (PostgreSQL manual, 34.5.1).
    private static let pipelined = 256

    /// Connects; `address` is a URL or a libpq connection string.
    init(address: String) throws {
        guard let connection = unsafe PQconnectdb(address) else {
            throw PostgresError(state: "", message: "out of memory")
        }
        unsafe self.connection = unsafe connection
        guard unsafe PQstatus(connection) == CONNECTION_OK else {
            // `deinit` frees it: it runs here too, since everything is initialized.
            throw PostgresError(state: "", message: unsafe Self.trimmed(PQerrorMessage(connection)))
        }
        // Notices would go to standard error, where only the log belongs.
        unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { unsafe PQfinish(connection) }

    /// Runs SQL without values, also several statements at once.
    func run(_ sql: String) throws {
        let result = unsafe Result(PQexec(connection, sql))
        try check(result)
    }

    /// Runs one prepared statement; answers how many rows it changed.
    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try send(sql, values)
        var changed = 0
        try drain { result in unsafe changed = Int(String(cString: PQcmdTuples(result.pointer))) ?? 0 }
        return changed
    }

    /// Runs one prepared statement for each of `rows`, without waiting for one answer before the next is sent.
    func execute(_ sql: String, each rows: [[SQLValue]]) throws {
        guard let first = rows.first else { return }
        if rows.count == 1 {
            _ = try execute(sql, first)
            return
        }
        let name = try prepare(sql)
        for start in stride(from: 0, to: rows.count, by: Self.pipelined) {
            guard unsafe PQenterPipelineMode(connection) == 1 else { throw broken() }
            for row in rows[start..<min(start + Self.pipelined, rows.count)] { try sendPrepared(name, row) }
            guard unsafe PQpipelineSync(connection) == 1 else { throw broken() }
            try finishPipeline()
        }
    }

    /// Adds rows by COPY.
    func copy(into table: String, _ columns: [String], rows: [[SQLValue]]) throws {
        let result = unsafe Result(
            PQexec(connection, "COPY \(table) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT binary)"))
        guard unsafe PQresultStatus(result.pointer) == PGRES_COPY_IN else {
            try check(result)
            throw broken()
        }
        var bytes = PostgresWire.copyHeader
        for row in rows { PostgresWire.appendRow(row, to: &bytes) }
        bytes += PostgresWire.copyTrailer
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe PQputCopyData(
                connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
        }
        guard sent == 1, unsafe PQputCopyEnd(connection, nil) == 1 else { throw broken() }
        try drain { _ in }
    }

    /// Hands the rows of a query to `body` as they come in.
    func forEach(_ sql: String, _ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try send(sql, values)
        guard unsafe PQsetSingleRowMode(connection) == 1 else { throw broken() }
        var failure: (any Error)?
        try drain { result in
            guard failure == nil else { return }
            do {
                for row in 0..<(unsafe PQntuples(result.pointer)) { try body(try Self.row(row, of: result)) }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Takes back what is open, if anything is; a connection that cannot is broken.
    func rollback() {
        do { try run("ROLLBACK") } catch { isBroken = true }
    }
}

// MARK: libpq's conversation

extension PostgresConnection {
    /// An answer of libpq, freed when it goes out of scope.
    @safe private final class Result {
        let pointer: OpaquePointer?
        init(_ pointer: OpaquePointer?) { unsafe self.pointer = unsafe pointer }
        deinit { unsafe PQclear(pointer) }
    }

    private func prepare(_ sql: String) throws -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        try check(unsafe Result(PQprepare(connection, name, PostgresWire.numbered(sql), 0, nil)))
        prepared[sql] = name
        return name
    }

    private func send(_ sql: String, _ values: [SQLValue]) throws {
        try sendPrepared(try prepare(sql), values)
    }

    private func sendPrepared(_ name: String, _ values: [SQLValue]) throws {
        var bytes: [UInt8] = []
        var places: [(start: Int, size: Int)?] = []
        for value in values {
            let start = bytes.count
            places.append(PostgresWire.append(value, to: &bytes).map { (start, $0) })
        }
        // An empty text still needs an address: without one it would be no value.
        bytes.append(0)
        let sent = unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers: [UnsafePointer<CChar>?] = unsafe places.map { place in
                unsafe place.flatMap { place in unsafe base.map { unsafe $0 + place.start } }
            }
            let sizes = places.map { Int32($0?.size ?? 0) }
            let formats = [Int32](repeating: 1, count: values.count)
            return unsafe PQsendQueryPrepared(connection, name, Int32(values.count), pointers, sizes, formats, 1)
        }
        guard sent == 1 else { throw broken() }
    }

    /// Reads answers to the end; of several errors the first is thrown.
    private func drain(_ take: (Result) throws -> Void) throws {
        var failure: (any Error)?
        while let pointer = unsafe PQgetResult(connection) {
            let result = unsafe Result(pointer)
            do {
                try check(result)
                try take(result)
            } catch { failure = failure ?? error }
            // A COPY that a broken connection left open would answer for ever.
            if isBroken { break }
        }
        if let failure { throw failure }
    }

    /// Reads the answers of a pipeline up to its end, and leaves the mode.
    private func finishPipeline() throws {
        var failure: (any Error)?
        var isSynced = false
        while !isSynced {
            guard let pointer = unsafe PQgetResult(connection) else {
                // One empty answer parts each statement's from the next's; a lost connection has no others.
                if unsafe PQstatus(connection) != CONNECTION_OK { throw broken() }
                continue
            }
            let result = unsafe Result(pointer)
            let status = unsafe PQresultStatus(result.pointer)
            if status == PGRES_PIPELINE_SYNC {
                isSynced = true
            } else if status != PGRES_PIPELINE_ABORTED {
                do { try check(result) } catch { failure = failure ?? error }
            }
        }
        guard unsafe PQexitPipelineMode(connection) == 1 else { throw broken() }
        if let failure { throw failure }
    }

    private func check(_ result: Result) throws {
        let status = unsafe PQresultStatus(result.pointer)
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_EMPTY_QUERY, PGRES_COPY_IN: return
        default: break
        }
        let state = unsafe PQresultErrorField(result.pointer, 67).map { unsafe String(cString: $0) } ?? ""
        if unsafe PQstatus(connection) != CONNECTION_OK { isBroken = true }
        let words = unsafe Self.trimmed(
            PQresultErrorField(result.pointer, 77) ?? PQresultErrorMessage(result.pointer)
                ?? PQerrorMessage(connection))
        throw PostgresError(state: isBroken ? "" : state, message: words)
    }

    private func broken() -> PostgresError {
        isBroken = true
        return PostgresError(state: "", message: unsafe Self.trimmed(PQerrorMessage(connection)))
    }

    private static func row(_ row: Int32, of result: Result) throws -> SQLRow {
        var values: [SQLValue] = []
        let count = unsafe PQnfields(result.pointer)
        values.reserveCapacity(Int(count))
        for column in 0..<count {
            guard unsafe PQgetisnull(result.pointer, row, column) == 0,
                let start = unsafe PQgetvalue(result.pointer, row, column)
            else {
                values.append(.null)
                continue
            }
            let bytes = unsafe UnsafeRawBufferPointer(
                start: start, count: Int(PQgetlength(result.pointer, row, column)))
            values.append(unsafe try PostgresWire.value(bytes, type: PQftype(result.pointer, column)))
        }
        return SQLRow(values: values)
    }

    private static func trimmed(_ words: UnsafePointer<CChar>?) -> String {
        var text = unsafe words.map { unsafe String(cString: $0) } ?? "no words"
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
