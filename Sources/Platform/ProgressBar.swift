import Glibc

/// How far long work is, in one line of standard error; nothing where that is no terminal, or where the work is short.
public struct ProgressBar {
    private static let width = 30
    /// Work that ends before is not worth a line, in milliseconds.
    private static let patience: Int64 = 300
    /// Between two drawings, in milliseconds.
    private static let interval: Int64 = 100

    private let title: String
    private let isShown = isatty(STDERR_FILENO) == 1
    private let time = SystemTime()
    private let start: Instant
    private var drawn: Instant?

    /// A line that begins with `title`.
    public init(_ title: String) {
        self.title = title
        start = time.now()
    }

    /// Shows that `done` of `total` is.
    public mutating func show(_ done: UInt64, of total: UInt64) {
        guard isShown, total > 0 else { return }
        let now = time.now()
        guard now.milliseconds(since: drawn ?? start) >= (drawn == nil ? Self.patience : Self.interval) else { return }
        drawn = now
        let filled = Int(done * UInt64(Self.width) / total)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        standardError("\r\(title) [\(bar)] \(done * 100 / total) %")
    }

    /// Takes the line away.
    public mutating func end() {
        if drawn != nil { standardError("\r\u{1B}[K") }
        drawn = nil
    }
}

/// Writes `text` to standard error as it is.
public func standardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
