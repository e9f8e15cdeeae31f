import CPQ
import Measuring

/// A bare connection to PostgreSQL, for what the ledger has no call for.
@safe final class PostgresSession {
    private let connection: OpaquePointer

    init(address: String) throws {
        guard let connection = unsafe PQconnectdb(address) else { throw Failure("out of memory") }
        unsafe self.connection = unsafe connection
        guard unsafe PQstatus(connection) == CONNECTION_OK else { throw Failure("\(address) cannot be reached") }
    }

    deinit { unsafe PQfinish(connection) }

    func run(_ sql: String) throws {
        let result = unsafe PQexec(connection, sql)
        defer { unsafe PQclear(result) }
        guard unsafe PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw unsafe Failure(String(cString: PQerrorMessage(connection)))
        }
    }
}
