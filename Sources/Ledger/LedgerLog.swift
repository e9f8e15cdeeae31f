public import Logging

/// The ledger's log.
public enum LedgerLog {
    /// A log on standard error, where it does not mix with what the commands print.
    public static func toStandardError() -> Logger {
        Logger(label: "yika-ledger") { StreamLogHandler.standardError(label: $0) }
    }
}
