import GRDB

/// Whether an error says that the database cannot do its work at present: gone, full, busy, or silent about a commit.
///
/// Whoever asked may ask the same again; nothing that the ledger was told can be lost by it.
func isStorageFailure(_ error: any Error) -> Bool {
    switch error {
    case is CommitUnknown, is LedgerDatabaseError: true
    // What the server says about the statement itself is a fault of ours and would come again.
    case let error as PostgresError: error.isConnectionLost || error.isLostRace || error.isOutOfResources
    case let error as DatabaseError:
        [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_NOMEM]
            .contains(error.resultCode)
    default: false
    }
}
