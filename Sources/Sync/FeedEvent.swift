public import LedgerProtocol

/// What the feed reader has to tell the rest of the terminal.
public enum FeedEvent: Hashable, Sendable {
    /// The ledger answered a heartbeat.
    case heard(HeartbeatAnswer)
    /// The ledger gives no usable answer; told once, and again when the kind of trouble changes. Retries go on.
    case unreachable(LedgerClientError)
    /// The ledger answers everything again.
    case back
    /// A newer version is in force.
    case updated(FeedKind, version: UInt64)
    /// Something was offered that is not taken up.
    case rejected(FeedKind, FeedStoreError)
}
