import Glibc
import Synchronization

/// Lines for whoever drives a command of ours and waits for each of them.
enum LineOutput {
    private static let turn = Mutex(())

    /// Writes `line` to standard output at once, past any buffer, so that it was said even if we are killed now.
    ///
    /// Lines from several threads never mix, whatever standard output is.
    static func print(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        turn.withLock { _ in
            var done = 0
            while done < bytes.count {
                let written = unsafe bytes.withUnsafeBytes { buffer in
                    unsafe write(STDOUT_FILENO, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                done += written
            }
        }
    }
}
