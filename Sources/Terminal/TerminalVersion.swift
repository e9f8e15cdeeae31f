/// What this terminal is.
public enum TerminalVersion {
    /// The version that heartbeats report.
    public static let current = "0.1.0"
}
