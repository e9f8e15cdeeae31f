/// What this terminal is.
enum TerminalVersion {
    /// The version that heartbeats report.
    static let current = "0.1.0"
}
