/// What this program calls itself.
public enum LedgerVersion {
    /// The version that `yika-ledger --version` and the status answer give.
    public static let current = "0.1.0"
}
